"""Kinds, segments and the ten factors of an account. No Django here."""

from enum import StrEnum


class Kind(StrEnum):
    """What a company is to us."""

    CUSTOMER = "customer"
    CHANNEL_PARTNER = "channel_partner"
    SUPPLIER = "supplier"
    COMPETITOR = "competitor"
    OTHER = "other"


class Segment(StrEnum):
    """Where effort goes: potential against revenue; D is not enough data."""

    A_PLUS = "A+"
    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Factor(StrEnum):
    """The ten factors of an account's future potential, in order."""

    ORGANIZATION = "organization"
    MARKET_POSITION = "market_position"
    REQUIREMENTS = "requirements"
    STRATEGIC_VALUE = "strategic_value"
    OPPORTUNITIES = "opportunities"
    SOLUTION_FIT = "solution_fit"
    ADVANTAGE = "advantage"
    TRACK_RECORD = "track_record"
    SPONSORSHIP = "sponsorship"
    CULTURE = "culture"
