"""Finds the thing a file means by a name, and what it may have meant where nothing has that name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Generic, Literal, TypeVar

Kind = Literal["exact", "close", "none"]
K = TypeVar("K", bound=Hashable)

CLOSE = 0.82
_CANDIDATES = 24
_FORMS = re.compile(
    r"(?:股份有限公司|有限責任公司|有限责任公司|有限公司|股份公司|集團|集团|公司|株式会社"
    r"|(?<=[a-z0-9])(?:corporation|incorporated|limited|company|holdings?|gmbh|corp|inc|llc|ltd|plc|co|ag|sa|bv|kg|pte))+$"
)


@lru_cache(maxsize=65536)
def written_key(name: str) -> str:
    """The name as one reads it: case, width and runs of space do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=65536)
def plain_key(name: str) -> str:
    """Letters and digits alone: "GTX Pro", "gtx-pro" and "ＧＴＸＰｒｏ" are one."""
    return "".join(character for character in written_key(name) if character.isalnum())


@lru_cache(maxsize=65536)
def company_key(name: str) -> str:
    """`plain_key` without the legal form at the end: "Acme Corp." and "ACME, Inc." are one."""
    words = written_key(name).replace(".", "")
    spaced = "".join(character for character in words if character.isalnum())
    return _FORMS.sub("", spaced) or spaced


@dataclass(frozen=True, slots=True)
class Match(Generic[K]):
    """What a name leads to: ``key`` of an exact hit, or of the closest name with its ``name``.

    ``likeness`` runs from 0 to 1.
    """

    kind: Kind
    key: K | None = None
    name: str = ""
    likeness: float = 0.0


class Names(Generic[K]):
    """A list of names to find things by; where two things share a name, neither is found by it.

    ``companies`` lets names that differ in their legal form alone count as close.
    """

    def __init__(self, names: Iterable[tuple[str, K]], *, companies: bool = False) -> None:
        self._companies = companies
        self._written: dict[str, list[tuple[str, K]]] = defaultdict(list)
        self._plain: dict[str, list[tuple[str, K]]] = defaultdict(list)
        self._pairs: dict[str, list[int]] | None = None
        self._all: list[tuple[str, str, K]] = []
        self._found: dict[str, Match[K]] = {}
        for name, key in names:
            self.add(name, key)

    def add(self, name: str, key: K) -> None:
        """Make one more thing findable."""
        self._written[written_key(name)].append((name, key))
        self._plain[self._key(name)].append((name, key))
        self._all.append((self._key(name), name, key))
        self._pairs = None
        self._found.clear()

    def _key(self, name: str) -> str:
        return company_key(name) if self._companies else plain_key(name)

    def find(self, name: str) -> Match[K]:
        """Exact when the name is written the same, close when something much like it exists."""
        known = self._found.get(name)
        if known is None:
            known = self._found[name] = self._find(name)
        return known

    def exact(self, name: str) -> K | None:
        """Return what is written the same, None where nothing or more than one thing is."""
        keys = {key for _, key in self._written.get(written_key(name), ())}
        return keys.pop() if len(keys) == 1 else None

    def _find(self, name: str) -> Match[K]:
        same = self._written.get(written_key(name), [])
        if len({key for _, key in same}) == 1:
            return Match("exact", same[0][1], same[0][0], 1.0)
        if len(same) > 1 or not (plain := self._key(name)):
            return Match("none")
        alike = self._plain.get(plain, [])
        if len({key for _, key in alike}) == 1:
            return Match("close", alike[0][1], alike[0][0], 0.99)
        if len(alike) > 1:
            return Match("none")
        return self._closest(plain)

    def _closest(self, plain: str) -> Match[K]:
        best: Match[K] = Match("none")
        for index in self._candidates(plain):
            key, name, thing = self._all[index]
            likeness = SequenceMatcher(None, plain, key, autojunk=False).ratio()
            if likeness > best.likeness and likeness >= CLOSE and _same_figures(plain, key):
                best = Match("close", thing, name, round(likeness, 2))
        return best

    def _candidates(self, plain: str) -> list[int]:
        """The names that share most pairs of letters; comparing with every name would be too slow."""
        if self._pairs is None:
            pairs: dict[str, list[int]] = defaultdict(list)
            for index, (key, _, _) in enumerate(self._all):
                for pair in set(_pairs(key)):
                    pairs[pair].append(index)
            self._pairs = pairs
        shared = Counter(index for pair in set(_pairs(plain)) for index in self._pairs.get(pair, ()))
        return [index for index, _ in shared.most_common(_CANDIDATES)]


def _pairs(key: str) -> list[str]:
    padded = f"\x02{key[:200]}\x03"
    return [padded[i : i + 2] for i in range(len(padded) - 1)]


def _same_figures(a: str, b: str) -> bool:
    """Names that differ in a number are different things: MG 500 is not MG 800."""
    return re.findall(r"\d+", a) == re.findall(r"\d+", b)
