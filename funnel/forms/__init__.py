"""What people type about opportunities and leads."""

from funnel.forms.opportunities import (
    AbandonForm,
    EvidenceForm,
    ItemForm,
    LoseForm,
    MemberForm,
    MoveForm,
    OpportunityForm,
    ReopenForm,
    StagesForm,
    VersionForm,
    WinForm,
    day_field,
    opening,
    standing,
)

__all__ = [
    "AbandonForm",
    "EvidenceForm",
    "ItemForm",
    "LoseForm",
    "MemberForm",
    "MoveForm",
    "OpportunityForm",
    "ReopenForm",
    "StagesForm",
    "VersionForm",
    "WinForm",
    "day_field",
    "opening",
    "standing",
]
