"""Opportunities with their stages, evidence and change log; leads; web forms."""

from funnel.models.leads import (
    Lead,
    LeadAnswer,
    LeadAnswerQuerySet,
    LeadEvent,
    LeadQuerySet,
    LeadSetting,
    WebForm,
    WebMessage,
)
from funnel.models.opportunities import (
    URGENCY,
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
    "URGENCY",
    "Change",
    "ChangeQuerySet",
    "Evidence",
    "EvidenceItem",
    "EvidenceItemQuerySet",
    "Lead",
    "LeadAnswer",
    "LeadAnswerQuerySet",
    "LeadEvent",
    "LeadQuerySet",
    "LeadSetting",
    "Opportunity",
    "OpportunityMember",
    "OpportunityQuerySet",
    "StageSetting",
    "StageSettingQuerySet",
    "WebForm",
    "WebMessage",
]
