"""Who chooses the words."""

from collections.abc import Callable

Text = Callable[[int], str]
"""Gives a text of at most so many letters."""


def plain(limit: int) -> str:
    """Return an ordinary word, which passes for a web site too."""
    return "ordinary.example"[:limit]
