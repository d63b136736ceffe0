"""The crawl reaches every address: with one's own rows it answers, with the stranger's it refuses; and one field alone.

A new page without an id in its address is found by itself. One with an id needs its line in tests/walls/examples.py.
"""

import re

import pytest

from tests.cast import Cast
from tests.walls.crawl import REFUSED, ROLES, SIGNS_OUT, Browser, confirmed, field_names, send, survey
from tests.walls.examples import EXAMPLES, TO_ADD, addresses
from tests.walls.own import Own
from tests.walls.state import differences, nothing_stays, noting_writes, state_of, strange_references
from tests.walls.stranger import KEY, STRANGE

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NOT_REACHED: dict[str, str] = {
    "web_lead": "takes what a web form signed, and nothing from a browser; the tests of web forms send it",
}
"""Addresses that do not answer with one's own rows, each with its reason."""

NOT_REFUSED: dict[str, str] = {
    "tenants:join": "opened by whoever holds the secret link; without the secret it answers 404, which is tested there",
}
"""Addresses of an organization that do not refuse a stranger, each with its reason."""


def test_every_address_answers_with_ones_own_rows_and_refuses_the_strangers(own: Own, stranger: Cast) -> None:
    reached, offered = survey(own)
    for offer in offered:
        if offer.name not in reached:
            with nothing_stays():
                answer = send(own, offer)
            if answer.is_in_order:
                reached[offer.name] = answer
    for address in addresses():
        for role in ROLES:
            if address.name in reached or address.name == SIGNS_OUT:
                break
            data = {name: str(own.id_of(value)) for name, value in address.example.data.items()}
            with nothing_stays():
                answer = Browser(getattr(own.cast, role)).ask("POST", address.of(own), data)
            if answer.is_in_order:
                reached[address.name] = answer
    names = {address.name for address in addresses()}
    missing = names - set(reached) - set(NOT_REACHED)
    assert not missing, f"never answered with one's own rows: {sorted(missing)}. {TO_ADD}"
    assert not set(NOT_REACHED) & set(reached)
    assert set(EXAMPLES) <= names

    refused = set()
    browser = Browser(own.cast.executive)
    for address in addresses():
        if address.is_inside or address.ids:
            url = address.of(own, strange=address.ids, slug="" if address.ids else stranger.org.slug)
            answers = [browser.ask("GET", url), browser.ask("POST", url)]
            if all(answer.status in REFUSED for answer in answers):
                refused |= {answer.name for answer in answers}
    outside = {address.name for address in addresses() if not address.is_inside and not address.ids}
    open_doors = names - refused - outside - set(NOT_REFUSED)
    assert not open_doors, f"never refused the stranger's rows: {sorted(open_doors)}. {TO_ADD}"


def test_a_form_of_ones_own_with_one_foreign_id_is_refused_and_changes_nothing(own: Own, stranger: Cast) -> None:
    """In a transaction that is taken back: the composite keys, which are asked at its end, do not help here."""
    _reached, offered = survey(own)
    mine, theirs = state_of(own.cast.org, "default"), state_of(stranger.org, "default")
    wrong: list[str] = []
    tried: set[tuple[str, str]] = set()
    for offer in offered:
        if not offer.form.url.startswith(f"/o/{own.cast.org.slug}/"):
            continue
        with nothing_stays():
            answer = send(own, offer)
        if answer.status == 422 and (again := confirmed(offer, answer)) is not offer:
            offer = again
            with nothing_stays():
                answer = send(own, offer)
        if not answer.is_in_order:
            wrong.append(f"{answer.asked} is not valid as it stands: {offer.form.data}. {TO_ADD}")
            continue
        for name in offer.form.fields:
            kind = (offer.name, re.sub(r"\d+", "", name))
            if kind in tried:
                continue
            tried.add(kind)
            value = (offer.form.data.get(name) or [""])[0]
            foreign = str(KEY) if len(value) == 36 else f"id:{STRANGE}" if value.startswith("id:") else str(STRANGE)
            with nothing_stays(), noting_writes() as writes:
                answer = send(own, offer, **{name: foreign})
                if answer.status >= 500 or answer.heard:
                    wrong.append(f"{answer.asked} with {name}: {sorted(answer.heard)}")
                if writes:
                    if differences(theirs, state_of(stranger.org, "default")):
                        wrong.append(f"{answer.asked} with {name} changed the stranger's rows")
                    if found := strange_references(own.cast.org):
                        wrong.append(f"{answer.asked} with {name} took the stranger's row into {found}")
                    changed = differences(mine, state_of(own.cast.org, "default"))
                    if name in ID_FIELDS and changed:
                        wrong.append(f"{answer.asked} with {name} was not refused: {changed}")
    assert wrong == []
    assert {name for _page, name in tried} >= ID_FIELDS


ID_FIELDS = frozenset({"account", "owner", "product", "contacts", "team", "member", "parent", "opportunity", "to"})


def test_the_names_of_fields_are_found() -> None:
    assert {"account", "owner", "person", "since", "stage", "next_text", "team", "to"} <= field_names()
