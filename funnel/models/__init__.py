"""Opportunities with their stages, evidence, change log and strategy sheet; leads; web forms."""

from funnel.models.approvals import Approval, ApprovalQuerySet, deciders_of
from funnel.models.boards import BulkChange, DefaultView, SavedView, SavedViewQuerySet, StageLimit, StageLimitQuerySet
from funnel.models.changes import Change, ChangeQuerySet, WithdrawnChange
from funnel.models.evidence import Evidence, EvidenceQuerySet, StageOverride
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
from funnel.models.opportunities import URGENCY, Opportunity, OpportunityMember, OpportunityQuerySet
from funnel.models.spells import Spell
from funnel.models.stages import EvidenceItem, EvidenceItemQuerySet, StageSetting, StageSettingQuerySet
from funnel.models.strategy import DecisionRole, InformationGap, Rival, Strategy

__all__ = [
    "URGENCY",
    "Approval",
    "ApprovalQuerySet",
    "BulkChange",
    "Change",
    "ChangeQuerySet",
    "DecisionRole",
    "DefaultView",
    "Evidence",
    "EvidenceItem",
    "EvidenceItemQuerySet",
    "EvidenceQuerySet",
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
    "SavedView",
    "SavedViewQuerySet",
    "Spell",
    "StageLimit",
    "StageLimitQuerySet",
    "StageOverride",
    "StageSetting",
    "StageSettingQuerySet",
    "Strategy",
    "WebForm",
    "WebMessage",
    "WithdrawnChange",
    "deciders_of",
]
