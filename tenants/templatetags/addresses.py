"""Addresses of pages, from the shape that each has: `reverse` finds it anew each time, and pages are full of links."""

import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, reverse

_PLAIN = re.compile(r"[-\w]+", re.ASCII).fullmatch
_PLAIN_ADDRESS = re.compile(r"[-\w./~]*", re.ASCII).fullmatch
_NUMBER, _WORD = 7_000_000_000, "7-0-7"  # what no address holds by itself


def address(name: str, *args: Any) -> str:
    """Return what `reverse` says of a page; numbers and plain words are put into its known shape.

    :raises NoReverseMatch: as `reverse`.
    """
    known = in_shape(name, args)
    return reverse(name, args=args) if known is None else known


def in_shape(name: str, args: Any) -> str | None:
    """Return the address, if numbers and plain words are all it takes; it needs no escaping. None for any other."""
    kinds = ""
    for arg in args:
        if isinstance(arg, int) and arg >= 0 and not isinstance(arg, bool):
            kinds += "n"
        elif isinstance(arg, str) and _PLAIN(arg):
            kinds += "w"
        else:
            return None
    shape = _shape(name, kinds, settings.ROOT_URLCONF, get_script_prefix())
    return shape and shape.format(*args)


@lru_cache(maxsize=1024)
def _shape(name: str, kinds: str, _urlconf: str, _prefix: str) -> str | None:
    """Return an address with holes, as str.format reads them; None where its words are no plain ones."""
    marks = [_NUMBER + at if kind == "n" else f"{_WORD}-{at}" for at, kind in enumerate(kinds)]
    try:
        shape = reverse(name, args=marks)
    except NoReverseMatch:
        return None
    if not _PLAIN_ADDRESS(shape):
        return None
    for at, mark in enumerate(marks):
        shape = shape.replace(str(mark), f"{{{at}}}")
    return shape
