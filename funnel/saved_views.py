"""What a saved view keeps of an address. No Django here."""

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

from funnel.filters import VIEW_PARAMS
from tenants.errors import Refused
from tenants.names import tidy

NAME_LENGTH, QUERY_LENGTH, VIEWS_EACH = 60, 1_500, 50


class Place(StrEnum):
    """Where a view is looked at."""

    BOARD = "board"
    TABLE = "table"


class Shared(StrEnum):
    """Who may use a view besides whoever made it."""

    ME = "me"
    TEAM = "team"
    EVERYONE = "everyone"


def kept(query: Mapping[str, str]) -> str:
    """Return the part of an address that a view keeps: what narrows, groups and sorts, always in the same order.

    :raises Refused: `view_too_long`.
    """
    said = [(name, query[name]) for name in VIEW_PARAMS if name in query]
    text = urlencode([(name, value) for name, value in said if value or name.startswith("in_")])
    if len(text) > QUERY_LENGTH:
        raise Refused("view_too_long")
    return text


def params(query: str) -> dict[str, str]:
    """Return what a kept address holds."""
    return {name: value for name, value in parse_qsl(query, keep_blank_values=True) if name in VIEW_PARAMS}


def checked_name(name: str) -> str:
    """Return the name of a view on one line, without what turns or hides text.

    :raises Refused: `view_name_empty`, `view_name_too_long`.
    """
    name = tidy(name)
    if not name:
        raise Refused("view_name_empty")
    if len(name) > NAME_LENGTH:
        raise Refused("view_name_too_long")
    return name
