"""What people type about opportunities and leads."""

from funnel.forms.approvals import ApprovalForm, VerdictForm
from funnel.forms.bulk import BulkForm, ChoiceForm, LineForm
from funnel.forms.commitments import CommitmentForm, WithdrawForm
from funnel.forms.discounts import DiscountForm, DiscountsForm, PercentField, standing_limits
from funnel.forms.evidence import EvidenceForm, JudgeForm
from funnel.forms.leads import (
    AnswersForm,
    ConvertForm,
    CriteriaForm,
    DropForm,
    LeadForm,
    LeadNoteForm,
    LeadStepForm,
    MergeForm,
    WebFormForm,
    new_lead,
    standing_criteria,
    standing_lead,
)
from funnel.forms.limits import LimitsForm
from funnel.forms.opportunities import (
    AbandonForm,
    LoseForm,
    MoveForm,
    OpportunityForm,
    RegroupForm,
    ReopenForm,
    VersionForm,
    WinForm,
    day_field,
    opening,
    standing,
)
from funnel.forms.saved_views import ViewForm
from funnel.forms.shaping import ItemForm, StagesForm
from funnel.forms.strategy import PARTS, AdoptForm, GapForm, GoForm, ProcedureForm, RivalForm, RoleForm, SheetPartForm
from funnel.forms.teams import MemberForm, PartForm

__all__ = [
    "PARTS",
    "AbandonForm",
    "AdoptForm",
    "AnswersForm",
    "ApprovalForm",
    "BulkForm",
    "ChoiceForm",
    "CommitmentForm",
    "ConvertForm",
    "CriteriaForm",
    "DiscountForm",
    "DiscountsForm",
    "DropForm",
    "EvidenceForm",
    "GapForm",
    "GoForm",
    "ItemForm",
    "JudgeForm",
    "LeadForm",
    "LeadNoteForm",
    "LeadStepForm",
    "LimitsForm",
    "LineForm",
    "LoseForm",
    "MemberForm",
    "MergeForm",
    "MoveForm",
    "OpportunityForm",
    "PartForm",
    "PercentField",
    "ProcedureForm",
    "RegroupForm",
    "ReopenForm",
    "RivalForm",
    "RoleForm",
    "SheetPartForm",
    "StagesForm",
    "VerdictForm",
    "VersionForm",
    "ViewForm",
    "WebFormForm",
    "WinForm",
    "WithdrawForm",
    "day_field",
    "new_lead",
    "opening",
    "standing",
    "standing_criteria",
    "standing_lead",
    "standing_limits",
]
