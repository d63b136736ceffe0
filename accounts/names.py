"""Names made comparable: what two spellings of one company have in common. No Django here."""

import unicodedata

from tenants.names import is_blank, is_odd, seen, tidy

__all__ = ["LONGEST_SUFFIX", "is_blank", "is_odd", "key", "seen", "suffixes", "tidy"]

LONGEST_SUFFIX = 64
"""Search rows hold at most so many characters, and begin at so many places of a name."""


def key(text: str) -> str:
    """Return the normalised form of a name: NFKC, case folded, letters and digits only.

    Full-width and half-width, upper and lower case, spaces and punctuation make no difference:
    `key("Ａcme, Inc.") == key("acme inc")`. A name of nothing but signs (an emoji) keeps its signs.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c for c in folded if unicodedata.category(c)[0] in "LNM")
    signs = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cc")
    return unicodedata.normalize("NFKC", kept or signs)


def suffixes(text: str) -> list[str]:
    """Return the ends of a name's key, each once: a substring of the name is the beginning of one of them."""
    whole = key(text)
    return list(dict.fromkeys(whole[i : i + LONGEST_SUFFIX] for i in range(min(len(whole), LONGEST_SUFFIX))))
