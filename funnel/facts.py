"""What an opportunity's facts must satisfy. No Django here."""

from datetime import date

from accounts import names
from tenants.errors import Refused
from tenants.formats import LARGEST

NAME_LENGTH = 200


def check_name(name: str) -> str:
    """Return the name without spaces around it, and without what is drawn as nothing.

    :raises Refused: `name_empty`, `name_too_long` or `name_unreadable` (see `is_odd`).
    """
    name = name.strip()
    if names.is_blank(name):
        raise Refused("name_empty")
    if len(name) > NAME_LENGTH:
        raise Refused("name_too_long", length=len(name), limit=NAME_LENGTH)
    if names.is_odd(name):
        raise Refused("name_unreadable")
    return names.seen(name).strip()


def check_amount(amount: int | None) -> None:
    """Check an amount in minor units; None is not known yet.

    :raises Refused: `amount_negative` or `amount_too_large`.
    """
    if amount is not None and amount < 0:
        raise Refused("amount_negative")
    if amount is not None and amount >= LARGEST:
        raise Refused("amount_too_large")


def check_close(expected_close_on: date | None, opened_on: date) -> None:
    """Check that a sale is not expected before it was opened.

    :raises Refused: `close_before_opening`.
    """
    if expected_close_on is not None and expected_close_on < opened_on:
        raise Refused("close_before_opening", opened_on=opened_on)
