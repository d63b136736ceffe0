"""Opportunities with their stages, evidence, change log and strategy sheet; leads; web forms."""

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
from funnel.models.strategy import DecisionRole, InformationGap, Rival, Strategy

__all__ = [
    "URGENCY",
    "Change",
    "ChangeQuerySet",
    "DecisionRole",
    "Evidence",
    "EvidenceItem",
    "EvidenceItemQuerySet",
    "InformationGap",
    "Lead",
    "LeadAnswer",
    "LeadAnswerQuerySet",
    "LeadEvent",
    "LeadQuerySet",
    "LeadSetting",
    "Opportunity",
    "OpportunityMember",
    "OpportunityQuerySet",
    "Rival",
    "StageSetting",
    "StageSettingQuerySet",
    "Strategy",
    "WebForm",
    "WebMessage",
]
