"""Reads one cell as clean text, an e-mail address or a choice.

Every reader of cells (here, in `exchange.numbers`, `exchange.dates` and `exchange.moments`) takes a cell and returns a
value, or None (text: "") for an empty cell, and raises `BadValue` with a code otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from exchange.matching import plain_key
from exchange.problems import BadValue, Code, Flaw
from exchange.rows import Cell
from exchange.writing import restored

MAX_EMAIL = 254

SHORT, REMEMBERED = 80, 20_000
"""Texts up to so many characters are remembered with their reading, so many of them."""

INVISIBLE = dict.fromkeys((0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def parse_text(cell: Cell, *, max_length: int | None = None, lines: bool = False, ours: bool = False) -> str:
    """The cell as clean text: NFC, trimmed, runs of space as one; with ``lines`` it keeps line breaks.

    Direction marks and zero-width spaces go away; other control characters are refused. ``ours``
    says that the file was written by `exchange.writing`, whose apostrophe before formulas is
    taken off again. Raises `BadValue`: too_long, control_character, undecodable.
    """
    text = as_text(cell)
    if not text:
        return ""
    if len(text) <= SHORT:  # the cells of a table repeat themselves
        return _clean_again(text, max_length, lines, ours)
    return _clean(text, max_length, lines, ours)


def _clean(text: str, max_length: int | None, lines: bool, ours: bool) -> str:
    if ours:
        text = restored(text)
    text = unicodedata.normalize("NFC", text).translate(INVISIBLE)
    if lines:
        parts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join(" ".join(part.split()) for part in parts).strip()
    else:
        text = " ".join(text.split())
    for character in text:
        if character >= " " and character.isprintable():
            continue
        _refuse_unprintable(character)
    if max_length is not None and len(text) > max_length:
        raise BadValue(Code.TOO_LONG, length=len(text), limit=max_length)
    return text


_clean_again = lru_cache(maxsize=REMEMBERED)(_clean)


def _refuse_unprintable(character: str) -> None:
    point = ord(character)
    if 0xD800 <= point <= 0xDFFF or point & 0xFFFE == 0xFFFE:
        raise BadValue(Code.UNDECODABLE)
    if unicodedata.category(character) == "Cc" and character != "\n":
        raise BadValue(Code.CONTROL_CHARACTER, character=f"U+{point:04X}")


def as_text(cell: Cell) -> str:
    """The cell as the text it stands for, not yet cleaned. Raises `BadValue`: undecodable, or the cell's own flaw."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if "\ufffd" in cell:
            raise BadValue(Code.UNDECODABLE)
        return cell
    if isinstance(cell, Flaw):
        raise BadValue(cell.code, **cell.detail)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        if cell.adjusted() > 40:
            return str(cell)
        return f"{cell:f}".rstrip("0").rstrip(".") if "." in f"{cell:f}" else f"{cell:f}"
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()


def folded(cell: Cell) -> str:
    """Text with full-width digits and signs made plain, trimmed."""
    return unicodedata.normalize("NFKC", parse_text(cell)).strip()


_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@(?:[^\s@.<>()\[\],;:\"]{1,63}\.)+[^\s@.<>()\[\],;:\"]{2,63}$")


def parse_email(cell: Cell) -> str:
    """An e-mail address with its domain in lower case, "" when empty. Raises `BadValue`: not_an_email."""
    text = parse_text(cell).removeprefix("mailto:")
    if not text:
        return ""
    if found := re.fullmatch(r"[^<>]*<([^<>]+)>", text):
        text = found[1].strip()
    if len(text) > MAX_EMAIL or not _EMAIL.match(text) or ".." in text:
        raise BadValue(Code.NOT_AN_EMAIL, value=text[:50])
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def choice_table(choices: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Looks up a code by itself or any of its synonyms, whatever the case, width or spaces."""
    return {plain_key(word): code for code, words in choices.items() for word in (code, *words) if plain_key(word)}


def parse_choice(cell: Cell, table: Mapping[str, str]) -> str | None:
    """The code that a cell's words stand for. Raises `BadValue`: unknown_choice."""
    text = parse_text(cell)
    if not text:
        return None
    code = table.get(plain_key(text))
    if code is None:
        raise BadValue(Code.UNKNOWN_CHOICE, value=text[:50])
    return code
