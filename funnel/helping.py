"""What is decided by the owner of an opportunity, and what by everyone on its sales team. No Django here.

Whoever helps sees it and does their part: they move it from stage to stage, file evidence, keep the strategy sheet,
bring in others, give and finish parts of the plan, record a commitment, ask for approval. What it is worth, when it
closes, whose it is, a discount, how it ends, that it is opened again, and that a commitment does not hold, is decided
by the owner and by whoever leads the owner.
"""

from collections.abc import Collection

from tenants.errors import Refused


def decides(owner: int, leads: Collection[int] | None) -> bool:
    """Return whether somebody decides about what `owner` owns.

    :param leads: whose records are theirs: their own, and those of the people they lead; None for everyone's.
    """
    return leads is None or owner in leads


def ask_decides(owner: int, leads: Collection[int] | None) -> None:
    """Ask whether somebody decides about what `owner` owns.

    :raises Refused: `owner_decides`.
    """
    if not decides(owner, leads):
        raise Refused("owner_decides")
