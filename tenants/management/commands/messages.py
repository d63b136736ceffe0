"""The catalogues of the project's apps: collect, build and check translations with Babel."""

from __future__ import annotations

import io
import re
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
FRAME: Final = "salesops"
"""The app whose catalogue holds the templates that belong to no app."""

_SKIPPED: Final = {"migrations", "tests", "locale", "__pycache__"}
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|%%|<[^<>]+>")
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)

Key = tuple[str, str]


def catalogues(labels: Iterable[str]) -> Iterator[tuple[str, str, Path]]:
    """Yield (app, language, path of its .po) for the project's own apps, or for those named."""
    base = Path(settings.BASE_DIR)
    own = [c.label for c in apps.get_app_configs() if Path(c.path).parent == base]
    for label in labels or own:
        if label not in own:
            raise CommandError(f"{label} is not an app of this project: {', '.join(sorted(own))}")
        for code, _ in settings.LANGUAGES:
            if code != settings.LANGUAGE_CODE:
                yield label, code, base / label / "locale" / to_locale(code) / "LC_MESSAGES" / "django.po"


def sources(label: str) -> list[Path]:
    """Return the files whose words belong to the catalogue of an app."""
    base = Path(settings.BASE_DIR)
    modules = [p for p in (base / label).rglob("*.py") if not _SKIPPED & set(p.relative_to(base).parts)]
    templates = base / "templates"
    others = {c.label for c in apps.get_app_configs() if Path(c.path).parent == base} - {label}
    if label == FRAME:
        pages = [p for p in templates.rglob("*.*") if p.relative_to(templates).parts[0] not in others]
    else:
        pages = [*(templates / label).rglob("*.*")]
    return sorted([*modules, *(p for p in pages if p.suffix in {".html", ".txt"})])


def words(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], str | None]]:
    """Yield (line, message or (singular, plural), context) for each translatable text of a file."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        # The lines of a template, turned into calls, are no block of Python: their indentation means nothing.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    found = extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"})
    for line, message, _comments, context in found:
        yield line, message, context


def collect(label: str) -> Catalog:
    """Return everything translatable in an app."""
    catalogue = Catalog(project="salesops", charset="utf-8", fuzzy=False)
    for path in sources(label):
        where = path.relative_to(settings.BASE_DIR).as_posix()
        for line, message, context in words(path):
            if message and (isinstance(message, str) or message[0]):
                catalogue.add(message, locations=[(where, line)], context=context)
    return catalogue


def read(path: Path, code: str) -> Catalog:
    """Return a catalogue as it stands on disk; an empty one when there is none."""
    if not path.exists():
        return Catalog(locale=to_locale(code), project="salesops", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=to_locale(code), charset="utf-8")


def key_of(message: Message) -> Key:
    singular = message.id[0] if isinstance(message.id, tuple) else message.id
    return (message.context or "", str(singular))


def texts(message: Message) -> list[str]:
    """Return the translations of a message, one for each plural form."""
    forms = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return [text or "" for text in forms]


def faults(collected: Catalog, catalogue: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue, against what its app says."""
    known = {key_of(m): m for m in catalogue if m.id}
    wanted = {key_of(m): m for m in collected if m.id}
    for key, source in wanted.items():
        message = known.get(key)
        if message is None:
            yield f"missing: {key[1]!r}"
            continue
        if message.fuzzy:
            yield f"fuzzy: {key[1]!r}"
        if isinstance(message.id, tuple) != isinstance(source.id, tuple):
            yield f"singular here, plural there: {key[1]!r}"
        ids = source.id if isinstance(source.id, tuple) else (source.id,)
        allowed = [sorted(_PLACEHOLDER.findall(str(text))) for text in ids]
        for text in texts(message):
            if not text:
                yield f"untranslated: {key[1]!r}"
            elif sorted(_PLACEHOLDER.findall(text)) not in allowed:
                yield f"placeholders differ: {key[1]!r} and {text!r}"
    for key in known.keys() - wanted.keys():
        yield f"no longer used: {key[1]!r}"


class Command(BaseCommand):
    help = "update: collect texts into the .po files; compile: build the .mo files; check: fail on anything missing"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", choices=["update", "compile", "check"])
        parser.add_argument("apps", nargs="*", metavar="app")

    def handle(self, *args: Any, **options: Any) -> None:
        {"update": self.update, "compile": self.build, "check": self.prove}[options["do"]](options["apps"])

    def update(self, labels: list[str]) -> None:
        collected: dict[str, Catalog] = {}
        for label, code, path in catalogues(labels):
            if label not in collected:
                collected[label] = collect(label)
            if not len(collected[label]) and not path.exists():
                continue
            catalogue = read(path, code)
            catalogue.update(deepcopy(collected[label]), no_fuzzy_matching=True)  # it keeps the messages it is given
            self.borrow(catalogue, label, code)
            catalogue.header_comment = ""
            catalogue.version = catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
            catalogue.creation_date = catalogue.revision_date = _NO_DATE
            path.parent.mkdir(parents=True, exist_ok=True)
            out = io.BytesIO()
            write_po(out, catalogue, width=110, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
            path.write_bytes(out.getvalue())
            empty = sum(1 for m in catalogue if m.id and not all(texts(m)))
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {len(catalogue)} texts, {empty} to translate")

    def borrow(self, catalogue: Catalog, label: str, code: str) -> None:
        """Say what is not translated yet as another app already says it."""
        said: dict[Key, Any] = {}
        for other, language, path in catalogues([]):
            if other != label and language == code:
                said |= {key_of(m): m.string for m in read(path, code) if m.id and all(texts(m))}
        for message in catalogue:
            if message.id and not all(texts(message)) and key_of(message) in said:
                message.string = said[key_of(message)]

    def build(self, labels: list[str]) -> None:
        for _label, code, path in catalogues(labels):
            built = path.with_suffix(".mo")
            if not path.exists() or (built.exists() and built.stat().st_mtime >= path.stat().st_mtime):
                continue
            out = io.BytesIO()
            write_mo(out, read(path, code))
            fresh = built.with_suffix(".mo.new")
            fresh.write_bytes(out.getvalue())
            fresh.replace(built)

    def prove(self, labels: list[str]) -> None:
        problems: list[str] = []
        said: defaultdict[tuple[str, Key], dict[tuple[str, ...], str]] = defaultdict(dict)
        collected: dict[str, Catalog] = {}
        for label, code, path in catalogues(labels):
            if label not in collected:
                collected[label] = collect(label)
            catalogue = read(path, code)
            problems += [f"{label} {code}: {fault}" for fault in faults(collected[label], catalogue)]
            for message in catalogue:
                if message.id and all(texts(message)):
                    said[code, key_of(message)].setdefault(tuple(texts(message)), label)
        for (code, key), ways in said.items():
            if len(ways) > 1:
                each = ", ".join(f"{way[0]!r} in {label}" for way, label in ways.items())
                problems.append(f"{code}: {key[1]!r} is said in several ways: {each}")
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write("Every text is translated.")
