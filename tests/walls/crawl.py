"""The crawl: every address, in every way of asking, with one's own rows and with the stranger's."""

import dataclasses
import io
import re
import zipfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import BaseForm
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

from tenants.models import Membership
from tests.cast import Cast, sign_in
from tests.walls.examples import Address, addresses
from tests.walls.forms import Form, forms_of
from tests.walls.own import Own
from tests.walls.stranger import STRANGE
from tests.walls.words import canaries, canary

HTMX = {"HX-Request": "true"}
FORM = "application/x-www-form-urlencoded"
ROLES = ["rep", "manager", "executive", "admin", "partner", "colleague"]
"""The parts to play; `rep2` is `rep` once more."""

REFUSED = {403, 404, 405}
SIGNS_OUT = "account_logout"


@dataclass(frozen=True)
class Answer:
    """What came back for what was asked."""

    method: str
    url: str
    status: int
    response: HttpResponse
    text: str
    heard: frozenset[str]
    """The canaries in it that were not in the question."""

    @property
    def name(self) -> str:
        """The name of the address that answered, as the resolver matched it."""
        match = getattr(self.response, "resolver_match", None)
        return str(match.view_name) if match else ""

    @property
    def is_page(self) -> bool:
        """Whether it is a page, or a part of one."""
        return self.response.headers.get("Content-Type", "").startswith("text/html")

    @property
    def asked(self) -> str:
        """What was asked, for a message."""
        return f"{self.method} {self.url} → {self.status}"

    @property
    def broken_by(self) -> str:
        """What was raised, where the answer is a failure of ours."""
        raised = getattr(self.response, "exc_info", None)
        return repr(raised[1])[:300] if raised else ""

    @property
    def is_in_order(self) -> bool:
        """Whether it did what it was asked for."""
        return 200 <= self.status < 400


class Browser:
    """Somebody at a browser; nothing that it is told is believed."""

    def __init__(self, member: Membership | None = None) -> None:
        """Sign a member in, or nobody."""
        self.client = Client() if member is None else sign_in(member)
        self.client.raise_request_exception = False

    def ask(
        self, method: str, url: str, data: Any = None, *, htmx: bool = False, files: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request; `data` is the query of a GET, else the form; `files` are names of files by field."""
        body = urlencode(data or {}, doseq=True)
        if method in {"GET", "HEAD"} and body:
            url, body = f"{url}{'&' if '?' in url else '?'}{body}", ""
        headers: Any = HTMX if htmx else {}
        if files:
            rows = b"Name\r\nSomething\r\n"
            sent = {**data, **{field: SimpleUploadedFile(name, rows) for field, name in files.items()}}
            response: Any = self.client.post(url, sent, headers=headers)
        else:
            response = self.client.generic(method, url, body, content_type=FORM, headers=headers)
        text = words_of(response)
        question = canaries(unquote_plus(url) + unquote_plus(body))
        return Answer(method, url, response.status_code, response, text, frozenset(canaries(text) - question))


def words_of(response: Any) -> str:
    """Return everything that an answer says: headers, cookies, the body, the inside of a workbook."""
    body = b"".join(response) if response.streaming else response.content
    said = [f"{name}: {value}" for name, value in response.items()]
    said += [cookie.OutputString() for cookie in response.cookies.values()]
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            said += [archive.read(name).decode(errors="ignore") for name in archive.namelist()]
    return "\n".join([*said, body.decode(errors="ignore")])


def name_of(url: str) -> str:
    """Return the name of an address; empty where it leads nowhere."""
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return ""


# With one's own rows ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A form that somebody was offered, with what its example adds."""

    role: str
    name: str
    form: Form

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same offer as another: the address, and what is sent."""
        return (self.name, tuple(self.form.fields))


def visit(browser: Browser, own: Own, *, but: Container[str] = ()) -> Iterator[Answer]:
    """Open every address with one's own rows."""
    for address in addresses():
        if address.name != SIGNS_OUT and address.name not in but:
            yield browser.ask("GET", address.of(own))


def offers(own: Own, role: str, answer: Answer) -> list[Offer]:
    """Return the forms of a page, with what the examples of their addresses add."""
    if answer.status != 200 or not answer.is_page:
        return []
    given = {address.name: address.example for address in addresses()}
    found = []
    for form in forms_of(answer.text[answer.text.find("<") :], answer.url):
        name = name_of(form.url)
        if not name or form.method != "post":
            continue
        added = {key: [str(own.id_of(value))] for key, value in given[name].data.items()}
        found.append(Offer(role, name, dataclasses.replace(form, data={**form.data, **added})))
    return found


def survey(own: Own) -> tuple[dict[str, Answer], list[Offer]]:
    """Return what answers well to somebody (by the name of the address), and everything that can be sent."""
    reached: dict[str, Answer] = {}
    offered: dict[tuple[Any, ...], Offer] = {}
    for role in ["executive", "admin", "manager", "rep"]:
        known = {name for name, found in reached.items() if found.status == 200}
        for answer in visit(Browser(getattr(own.cast, role)), own, but=known):
            if answer.is_in_order:
                reached[answer.name] = answer
            for offer in offers(own, role, answer):
                offered.setdefault(offer.key, offer)
    return reached, list(offered.values())


def send(own: Own, offer: Offer, **changed: str) -> Answer:
    """Send a form, with some fields changed."""
    browser = Browser(getattr(own.cast, offer.role))
    data = {**offer.form.data, **{name: [value] for name, value in changed.items()}}
    return browser.ask("POST", offer.form.url, data, files=offer.form.files)


def confirmed(offer: Offer, answer: Answer) -> Offer:
    """Return the offer with what its answer asks to have confirmed; the same one where it asks for nothing."""
    for form in forms_of(answer.text[answer.text.find("<") :], offer.form.url):
        if form.url == offer.form.url and {*offer.form.fields} < {*form.fields}:
            return dataclasses.replace(offer, form=dataclasses.replace(form, data={**form.data, **offer.form.data}))
    return offer


# With the stranger's ------------------------------------------------------------------------------

ASKED_FOR = re.compile(
    r"""(?:GET|POST|asked|data)(?:\.get(?:list)?\(|\[)"([a-z_-]+)"|number\(request, "([a-z_-]+)"\)"""
)


@cache
def field_names() -> frozenset[str]:
    """Return every name that a form has for a field, or that the code reads out of a query or a form."""
    names = {"pk", "id"}
    for config in apps.get_app_configs():
        root = Path(config.path)
        if root.parent != settings.BASE_DIR:
            continue
        for module in [*root.glob("forms*"), *root.glob("forms/*.py")]:
            import_module(".".join(module.relative_to(root.parent).with_suffix("").parts))
        for source in root.rglob("*.py"):
            names |= {name for found in ASKED_FOR.findall(source.read_text(encoding="utf-8")) for name in found if name}
    waiting = [BaseForm]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        names |= set(getattr(form, "base_fields", {}))
    return frozenset(names - {"q"})


def crawl(own: Own, stranger: Cast, role: str, *, briefly: bool = False) -> Iterator[str]:
    """Ask every address for what is the stranger's, in every way; yield what is wrong with the answers.

    :param briefly: every address, but only by GET and POST.
    """
    browser = Browser(getattr(own.cast, role))
    body = dict.fromkeys(sorted(field_names()), str(STRANGE)) | {"q": canary("accounts_searchrow.suffix")}
    for address in addresses():
        if address.name == SIGNS_OUT:
            continue
        for url in _strange_addresses(address, own):
            takes_id = bool(address.ids)
            for answer in _ways(browser, url, body, by_query=not takes_id, briefly=briefly):
                yield from _wrong(answer, must_refuse=takes_id)
        if address.is_inside:
            there = address.of(own, slug=stranger.org.slug)
            for answer in [browser.ask("GET", there), browser.ask("POST", there, body)]:
                yield from _wrong(answer, must_refuse=address.name != "tenants:join")


def _strange_addresses(address: Address, own: Own) -> list[str]:
    """Return the address with the stranger's ids: in each place alone, and in all."""
    ids = address.ids
    return list(dict.fromkeys([address.of(own, strange=ids), *(address.of(own, strange=[key]) for key in ids)]))


def _ways(browser: Browser, url: str, body: dict[str, str], *, by_query: bool, briefly: bool) -> Iterator[Answer]:
    asked = body if by_query else {}
    outside = not url.startswith("/o/")
    yield browser.ask("GET", url, asked)
    if by_query and briefly:
        yield browser.ask("GET", url)  # which else is asked while reading
    if outside:
        return  # signs in, signs out, changes the person: what is sent there is not about an organization
    yield browser.ask("POST", url, body)
    if briefly:
        return
    yield browser.ask("GET", url, asked, htmx=True)
    yield browser.ask("POST", url, body, htmx=True)
    for method in ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]:
        if method != "HEAD" or not by_query:  # without an id in its address a page reads no more for HEAD than for GET
            yield browser.ask(method, url, body if method != "HEAD" else {})


def _wrong(answer: Answer, *, must_refuse: bool) -> Iterator[str]:
    if answer.status >= 500:
        yield f"{answer.asked} broke: {answer.broken_by}"
    if answer.heard:
        yield f"{answer.asked} shows the stranger: {sorted(answer.heard)}"
    if must_refuse and answer.status not in REFUSED:
        yield f"{answer.asked} does not refuse"
