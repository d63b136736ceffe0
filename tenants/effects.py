"""What a change of a setting will do, said before it is done, and what a setting stands at. No Django here.

Apps to the right say their part: `told_of("fiscal_year_start", teller)`, `stands("funnel:stages", teller)`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Effect:
    """One sentence. `asks`: numbers change, so it must be confirmed; `stops`: it cannot be done."""

    text: str
    asks: bool = False
    stops: bool = False


@dataclass(frozen=True)
class Adjustment:
    """A setting of `of` (an organization, a product) from one value to another, at a moment."""

    of: Any
    field: str
    before: Any
    after: Any
    now: datetime


Teller = Callable[[Adjustment], Iterable[Effect]]
_tellers: dict[str, list[Teller]] = {}
Standing = Callable[[Any, date], str]
"""Takes the reader's membership and the day; says what a page of the settings stands at."""

_standing: dict[str, Standing] = {}


def told_of(field: str, teller: Teller) -> None:
    """Let the settings page say what a change of `field` does to what your app keeps."""
    _tellers.setdefault(field, []).append(teller)


def effects(changes: Iterable[Adjustment]) -> list[Effect]:
    """Return what these changes will do, in the order in which apps have spoken up."""
    return [effect for change in changes for teller in _tellers.get(change.field, ()) for effect in teller(change)]


def seal(values: Mapping[str, Any]) -> str:
    """Return what a confirmation carries, so that it counts for exactly these new values."""
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def stands(page: str, teller: Standing) -> None:
    """Let the list of settings show what a page of your app stands at."""
    _standing[page] = teller


def standing(page: str, reader: Any, today: date) -> str:
    """Return what a page of the settings stands at; nothing where no app has said."""
    return _standing[page](reader, today) if page in _standing else ""
