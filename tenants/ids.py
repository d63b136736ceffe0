"""Ids and other whole numbers as an address, a form or a file sends them."""

_FITS = 18  # digits that every bigint holds
_MANY = 2**31


def read_id(text: str | None) -> int | None:
    """Return the whole number, as large as a key may be, that `text` writes in plain digits; None where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _FITS else None


def read_number(text: str) -> int:
    """Return a whole number below 2³¹, as the address of a list sends it; 0 where `text` is none."""
    found = read_id(text) or 0
    return found if found < _MANY else 0
