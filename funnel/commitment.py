"""When a customer has committed to us. No Django here."""

from enum import StrEnum


class Procedure(StrEnum):
    """How the customer decides on a purchase; what is not known yet is the empty text."""

    EB_ALONE = "eb_alone"
    COMMITTEE = "committee"
    STATUTORY = "statutory"
