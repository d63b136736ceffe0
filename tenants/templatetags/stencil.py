"""A small template that stands on a page by the hundred: drawn once for each look, then filled with values."""

import html
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

_OPEN, _SHUT = "\ue000", "\ue001"
_MARKUP = re.compile("[&<>\"']").search
_HOLE = re.compile(f"{_OPEN}(\\d+){_SHUT}")


@dataclass(frozen=True, eq=False)
class Stencil:
    """`looks` are what the template decides by, `holes` the values it shows: as they are, with no filter or test.

    What is kept of a look are the template's own words in one language; nothing that was filled in.
    """

    template: str
    looks: tuple[str, ...]
    holes: tuple[str, ...]

    def fill(self, look: tuple[Hashable, ...], *values: object, language: str = "") -> SafeString:
        """Return one look with these values, escaped unless they are safe already.

        :param language: the reader's, where it is known: asking for it is half the work.
        """
        drawn = _drawn if not settings.DEBUG else _drawn.__wrapped__
        own_words = drawn(self, language or get_language() or "en", look)
        if _MARKUP("".join([str(value) for value in values if type(value) not in _SAFE])):
            values = tuple(map(_escaped, values))
        return SafeString(own_words.format(*values))  # nothing among the values is markup, or each was escaped


_SAFE = frozenset({SafeString, int})


def _escaped(value: object) -> object:
    """Return what may stand on a page."""
    return value if type(value) in _SAFE else html.escape(str(value))


@lru_cache(maxsize=512)
def _drawn(stencil: Stencil, _language: str, look: tuple[Hashable, ...]) -> str:
    """Draw a look with holes where the values go, as str.format reads them."""
    holes = {name: f"{_OPEN}{at}{_SHUT}" for at, name in enumerate(stencil.holes)}
    shown = dict(zip(stencil.looks, look, strict=True))
    text = get_template(stencil.template).render({**shown, **holes}).rstrip()
    return _HOLE.sub(r"{\1}", text.replace("{", "{{").replace("}", "}}"))


def joined(filled: Iterable[SafeString]) -> SafeString:
    """Return what stencils filled, one after the other; anything else among it is escaped."""
    return SafeString("".join(map(conditional_escape, filled)))
