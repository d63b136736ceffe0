"""Opportunities with their stages, evidence and change log; leads; web forms."""

from funnel.models.opportunities import (
    Change,
    ChangeQuerySet,
    Evidence,
    EvidenceItem,
    EvidenceItemQuerySet,
    Opportunity,
    OpportunityMember,
    OpportunityQuerySet,
    StageSetting,
    StageSettingQuerySet,
)

__all__ = [
    "Change",
    "ChangeQuerySet",
    "Evidence",
    "EvidenceItem",
    "EvidenceItemQuerySet",
    "Opportunity",
    "OpportunityMember",
    "OpportunityQuerySet",
    "StageSetting",
    "StageSettingQuerySet",
]
