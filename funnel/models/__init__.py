"""Opportunities with their stages, evidence, change log and strategy sheet; leads; web forms."""

from funnel.models.approvals import Approval, ApprovalQuerySet, deciders_of
from funnel.models.bulk import BulkChange
from funnel.models.changes import Change, ChangeQuerySet, WithdrawnChange
from funnel.models.commitments import Commitment, CommitmentQuerySet
from funnel.models.discounts import DiscountSetting
from funnel.models.evidence import Evidence, EvidenceQuerySet, StageOverride, led_by
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
    COMMITTED,
    PROMISED,
    URGENCY,
    Opportunity,
    OpportunityMember,
    OpportunityQuerySet,
    Weighed,
    by_urgency,
    proven_amount,
    weighted_amount,
)
from funnel.models.plans import PlanPart, PlanPartQuerySet
from funnel.models.saved_views import DefaultView, SavedView, SavedViewQuerySet
from funnel.models.spells import Spell
from funnel.models.stages import EvidenceItem, EvidenceItemQuerySet, StageSetting, StageSettingQuerySet
from funnel.models.strategy import DecisionRole, InformationGap, Rival, Strategy

__all__ = [
    "COMMITTED",
    "PROMISED",
    "URGENCY",
    "Approval",
    "ApprovalQuerySet",
    "BulkChange",
    "Change",
    "ChangeQuerySet",
    "Commitment",
    "CommitmentQuerySet",
    "DecisionRole",
    "DefaultView",
    "DiscountSetting",
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
    "PlanPart",
    "PlanPartQuerySet",
    "Rival",
    "SavedView",
    "SavedViewQuerySet",
    "Spell",
    "StageOverride",
    "StageSetting",
    "StageSettingQuerySet",
    "Strategy",
    "WebForm",
    "WebMessage",
    "Weighed",
    "WithdrawnChange",
    "by_urgency",
    "deciders_of",
    "led_by",
    "proven_amount",
    "weighted_amount",
]
