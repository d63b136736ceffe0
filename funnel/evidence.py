"""The evidence that each stage demands before it is left: verifiable facts, never hopes. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass

STANDARD: Mapping[int, tuple[str, ...]] = {
    1: ("opportunity_plan",),
    2: ("key_needs", "key_people", "size", "competitors", "schedule", "budget", "strategy"),
    3: ("budget_clear", "relationship_built"),
    4: ("requirements_confirmed", "vision_shared"),
    5: ("verbal_approval", "requirements_met"),
    6: ("signed_agreement",),
    7: ("deployment_under_way",),
}
"""The standard items by the number of their stage, in order."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence that `stage` demands.

    `key` is stable: the code of a standard item, `own-<id>` of one the company added. `id` is None while the
    organization has never filed or edited evidence.
    """

    key: str
    stage: int
    label: str
    id: int | None = None
