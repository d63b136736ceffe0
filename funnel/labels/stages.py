"""Words about the stages, what the method says of each, and the evidence they demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import labels as accounts_labels
from funnel.evidence import Kind, State
from funnel.stages import Stage
from jobs.labels import register_notification

Words = accounts_labels.Text

STAGES: Mapping[Stage, Words] = {
    Stage.DISCOVER: pgettext_lazy("stage", "Discover"),
    Stage.QUALIFY: pgettext_lazy("stage", "Qualify"),
    Stage.DEVELOP: pgettext_lazy("stage", "Develop"),
    Stage.SOLUTION_FIT: pgettext_lazy("stage", "Solution fit"),
    Stage.PROOF: pgettext_lazy("stage", "Proof of value"),
    Stage.CLOSE: pgettext_lazy("stage", "Close"),
    Stage.DEPLOY: pgettext_lazy("stage", "Deploy"),
}


@dataclass(frozen=True, slots=True)
class Guide:
    """What the method says about a stage."""

    buyer: Words
    purpose: Words
    value: Words
    milestone: Words
    actions: Words
    weak: Words
    strong: Words
    coach: Words


GUIDES: Mapping[Stage, Guide] = {
    Stage.DISCOVER: Guide(
        buyer=_("assessing a problem"),
        purpose=_("Look into the opportunity; gather enough to judge it first."),
        value=_("Create interest."),
        milestone=pgettext_lazy("milestone", "Lead"),
        actions=_("It lies in an assigned territory and meets the marketing criteria; find a possible sponsor."),
        weak=_("Who says they want my product?"),
        strong=_("Who has a problem that we can solve?"),
        coach=_("How do you know that this is a real possible sponsor?"),
    ),
    Stage.QUALIFY: Guide(
        buyer=_("defining objectives"),
        purpose=_("Name a potential opportunity; find out whether we can compete."),
        value=_("Initial value proposition."),
        milestone=_("Burning issue admitted"),
        actions=_("Form the sales team; make it a formal project with a date and an amount."),
        weak=_("Who is interested?"),
        strong=_("How will our resources solve the problem?"),
        coach=_("What in the record proves their support, and what would make it stronger?"),
    ),
    Stage.DEVELOP: Guide(
        buyer=_("starting a project"),
        purpose=_("Build the relationship; learn their criteria."),
        value=_("Value proposition and business case; success criteria."),
        milestone=_("Executive sponsorship"),
        actions=_("Get into the formal and informal criteria."),
        weak=_("Which products, prices and features do they watch?"),
        strong=_("Are we in the inner circle, helping to write the requirements?"),
        coach=_("When, what and to what end will they evaluate?"),
    ),
    Stage.SOLUTION_FIT: Guide(
        buyer=_("evaluating solutions"),
        purpose=_("Settle the solution; first demonstration; tailored report."),
        value=_("Vision with what sets us apart; unique customer value."),
        milestone=_("Solution proposed"),
        actions=_("Speed up the customer's involvement."),
        weak=_("Do we meet the requirements?"),
        strong=_("What is the real decision process, our unique value, our strengths and weaknesses?"),
        coach=_("What is the best way to the result they expect?"),
    ),
    Stage.PROOF: Guide(
        buyer=_("proving the concept"),
        purpose=_("Show ability; exceed the requirement."),
        value=_("Convince."),
        milestone=_("Solution demonstrated"),
        actions=_("Issue the proposal to their criteria, with a decision date."),
        weak=_("Did the technical demo and the references go well?"),
        strong=_("Which value is delivered, and which senior executive has the burning issue?"),
        coach=_("What must happen for the verbal approval?"),
    ),
    Stage.CLOSE: Guide(
        buyer=_("negotiating, committing"),
        purpose=_("Final agreement; plan of delivery; confirm the unique customer value."),
        value=_("Confirm."),
        milestone=pgettext_lazy("milestone", "Win"),
        actions=_("Take credit; name the project team and its owner."),
        weak=_("Is the order the end of selling?"),
        strong=_("What starts with the order?"),
        coach=_("Which are the key steps to the signature?"),
    ),
    Stage.DEPLOY: Guide(
        buyer=_("implementing, measuring"),
        purpose=_("Update the opportunity map; open the next opportunity."),
        value=_("Close with value, then deliver it."),
        milestone=pgettext_lazy("milestone", "Delivery"),
        actions=_("Update the account; open the next opportunity."),
        weak=_("What is the next job?"),
        strong=_("How do we stay accountable?"),
        coach=_("Who is accountable, and what comes next?"),
    ),
}

EVIDENCE: Mapping[str, Words] = {
    "opportunity_plan": _("Opportunity plan recorded"),
    "key_needs": _("First contact: key needs"),
    "key_people": _("First contact: key people"),
    "size": _("First contact: size"),
    "competitors": _("First contact: competitors"),
    "schedule": _("First contact: schedule"),
    "budget": _("First contact: budget"),
    "strategy": _("Customer's strategy and goals understood"),
    "budget_clear": _("Budget clear"),
    "relationship_built": _("Relationship built"),
    "requirements_confirmed": _("Customer confirmed the requirements"),
    "vision_shared": _("Vision shared with the decision maker"),
    "verbal_approval": _("Verbal approval"),
    "requirements_met": _("Requirements met"),
    "signed_agreement": _("Signed agreement"),
    "deployment_under_way": _("Deployment under way"),
}

KINDS: Mapping[Kind, Words] = {
    Kind.FACT: pgettext_lazy("kind of evidence", "Fact"),
    Kind.DOCUMENT: pgettext_lazy("kind of evidence", "Document"),
    Kind.PERSON: pgettext_lazy("kind of evidence", "Person"),
    Kind.DATE: pgettext_lazy("kind of evidence", "Date"),
    Kind.AMOUNT: pgettext_lazy("kind of evidence", "Amount"),
    Kind.RIVALS: pgettext_lazy("kind of evidence", "Rivals"),
}
NO_RIVAL = _("No rival")
STATES: Mapping[State, Words] = {
    State.FILED: pgettext_lazy("state of evidence", "To be verified"),
    State.VERIFIED: pgettext_lazy("state of evidence", "Verified"),
    State.SENT_BACK: pgettext_lazy("state of evidence", "Sent back"),
    State.CONFIRMED: pgettext_lazy("state of evidence", "Confirmed by the customer"),
}

SHEET: Mapping[str, Words] = {
    "key_needs": _("Key needs"),
    "key_people": _("Key people"),
    "size": _("Size"),
    "competitors": _("Competitors"),
    "schedule": _("Schedule"),
    "budget": _("Budget"),
    "budget_clear": _("Clear budget"),
    "relationship_built": _("Sponsor"),
    "verbal_approval": _("Verbal approval"),
}
"""What the fact sheet of an opportunity shows, by the code of the item: few words each."""


def _sent_back(data: Mapping[str, Any]) -> str:
    item = data.get("label") or EVIDENCE.get(str(data.get("item")), data.get("item"))
    return str(_("%(by)s sent back the evidence “%(item)s” of %(name)s: %(word)s")) % {**data, "item": item}


register_notification("evidence_sent_back", _sent_back)
