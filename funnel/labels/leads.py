"""Words for the codes of leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import labels as accounts_labels
from funnel.labels.opportunities import REFUSALS
from funnel.labels.stages import Words
from funnel.leads import Answer, Criterion, DropReason, EventKind, LeadStatus, Source, Standing, Step
from jobs.labels import register_notification
from tenants import labels as tenants_labels

LEAD_STEPS: Mapping[Step, Words] = {
    Step.POSITIONING: pgettext_lazy("step of a lead", "Positioning"),
    Step.SOURCING: pgettext_lazy("step of a lead", "Sourcing"),
    Step.QUALIFYING: pgettext_lazy("step of a lead", "Qualifying"),
    Step.APPROACHING: pgettext_lazy("step of a lead", "Approaching"),
}


@dataclass(frozen=True, slots=True)
class StepGuide:
    """What a step is for, and the question behind it."""

    purpose: Words
    question: Words


STEP_GUIDES: Mapping[Step, StepGuide] = {
    Step.POSITIONING: StepGuide(
        _("Is this our market: the right kind of company, in a territory we cover?"),
        _("Who has a problem that we can solve?"),
    ),
    Step.SOURCING: StepGuide(
        _("Find the person to talk to, and a way to reach them."),
        _("Who feels the problem, and who can release the money?"),
    ),
    Step.QUALIFYING: StepGuide(
        _("Ask the organization's six questions before effort is spent."),
        _("What do we know, from whom, and what is only hope?"),
    ),
    Step.APPROACHING: StepGuide(
        _("Make the first contact and agree on the next step."),
        _("What will the customer do next, and by when?"),
    ),
}
ASKED: Mapping[str, Words] = {
    "industry": _("Industry"),
    "region": _("Region"),
    "person": _("Contact to talk to"),
    "reachable": _("Phone or e-mail"),
    "contacted": _("First contact made"),
    "next_step": _("Next step agreed"),
    "need": _("Need"),
    "compete": _("Can compete"),
    "budget": _("Budget"),
    "timing": _("Timing"),
    "buyer": _("Economic buyer"),
    "decision": _("How they decide"),
}
CRITERIA: Mapping[Criterion, Words] = {
    Criterion.NEED: _("Is the need real?"),
    Criterion.COMPETE: _("Can we compete?"),
    Criterion.BUDGET: _("Does the budget reach our threshold?"),
    Criterion.TIMING: _("Will they buy soon enough?"),
    Criterion.BUYER: _("Do we know the economic buyer?"),
    Criterion.DECISION: _("How do they decide?"),
}
ANSWERS: Mapping[Answer, Words] = {
    Answer.UNKNOWN: pgettext_lazy("answer", "Unknown"),
    Answer.YES: pgettext_lazy("answer", "Yes"),
    Answer.NO: pgettext_lazy("answer", "No"),
    Answer.ALONE: _("The economic buyer alone"),
    Answer.COMMITTEE: _("A committee votes"),
    Answer.STATUTORY: _("A statutory procedure"),
}
STANDINGS: Mapping[Standing, Words] = {
    Standing.QUALIFIED: pgettext_lazy("lead", "Qualified"),
    Standing.NOT_YET: pgettext_lazy("lead", "Not yet qualified"),
    Standing.DROP: pgettext_lazy("lead", "Should be dropped"),
}
SOURCES: Mapping[Source, Words] = {
    Source.REFERRAL: pgettext_lazy("source", "Referral"),
    Source.COLD_CALL: pgettext_lazy("source", "Cold call"),
    Source.EMAIL: pgettext_lazy("source", "E-mail"),
    Source.EVENT: pgettext_lazy("source", "Event"),
    Source.CAMPAIGN: pgettext_lazy("source", "Campaign"),
    Source.WEB_FORM: pgettext_lazy("source", "Web form"),
}
LEAD_STATUSES: Mapping[LeadStatus, Words] = {
    LeadStatus.OPEN: pgettext_lazy("lead", "Open"),
    LeadStatus.CONVERTED: pgettext_lazy("lead", "Converted"),
    LeadStatus.DROPPED: pgettext_lazy("lead", "Dropped"),
    LeadStatus.MERGED: pgettext_lazy("lead", "Merged"),
}
DROP_REASONS: Mapping[DropReason, Words] = {
    DropReason.NO_NEED: _("No real need"),
    DropReason.CANNOT_COMPETE: _("We cannot compete"),
    DropReason.BUDGET: _("Budget below our threshold"),
    DropReason.TIMING: _("Buys too late"),
    DropReason.NO_BUYER: _("No way to the economic buyer"),
    DropReason.PROCEDURE: _("Their procedure leaves us no chance"),
    DropReason.NOT_OUR_MARKET: _("Not our market"),
    DropReason.NO_ANSWER: _("Nobody answers"),
    DropReason.OTHER: _("Other"),
}
EVENTS: Mapping[EventKind, Words] = {
    EventKind.CREATED: pgettext_lazy("lead", "Recorded"),
    EventKind.CHANGED: pgettext_lazy("lead", "Changed"),
    EventKind.MOVED: pgettext_lazy("lead", "Moved"),
    EventKind.ANSWERED: pgettext_lazy("lead", "Answered"),
    EventKind.NOTED: pgettext_lazy("lead", "Note"),
    EventKind.ENQUIRED: pgettext_lazy("lead", "Enquired again"),
    EventKind.HANDED: pgettext_lazy("lead", "Handed on"),
    EventKind.DROPPED: pgettext_lazy("lead", "Dropped"),
    EventKind.RESUMED: pgettext_lazy("lead", "Taken up again"),
    EventKind.MERGED: pgettext_lazy("lead", "Merged into another lead"),
    EventKind.TOOK_IN: pgettext_lazy("lead", "Took in a duplicate"),
    EventKind.CONVERTED: pgettext_lazy("lead", "Converted"),
}
WEB_ERRORS: Mapping[str, str] = {
    "unknown_form": "There is no such web form, or it is switched off.",
    "too_many": "Too many requests. Wait a minute.",
    "too_large": "The body is larger than %(limit)s bytes.",
    "not_json": "The body is not a JSON object.",
    "fields_wrong": "Some fields are wrong; `fields` says which and why.",
    "signature_missing": "The headers X-Salesops-Timestamp and X-Salesops-Signature are needed.",
    "signature_wrong": "The signature does not belong to this timestamp and body.",
    "timestamp_old": "The timestamp is not within %(tolerance)s seconds of our clock.",
    "replayed": "This very message came before.",
}
"""What the endpoint of web forms answers: read by programs and their authors, so in English alone."""

REFUSALS.update(
    {
        "company_empty": _("Enter a company or a contact."),
        "lead_closed": _("This lead is closed. Take it up again first."),
        "lead_not_dropped": _("Only a dropped lead can be taken up again."),
        "same_step": _("It already stands in this step."),
        "lead_incomplete": _("Something this step asks is not answered yet. Answer it, or say why you go on."),
        "not_qualified": _("It does not meet the criteria yet. Say why it becomes an opportunity all the same."),
        "drop_note_needed": _("Say in a word what the reason is."),
        "months_range": _("Enter a number of months between 1 and %(longest)s."),
        "budget_range": _("An amount here cannot be negative."),
        "owner_out_of_reach": _("You can only give leads to yourself and to people of your team."),
        "answer_unknown": _("Choose an answer from the list."),
        "text_needed": _("Write what happened."),
        "text_too_long": _("Shorten the text."),
        "same_lead": _("A lead cannot be merged into itself."),
        "into_merged": _("That lead has been merged into another one itself."),
    }
)

# The bell, the timeline, the audit ----------------------------------------------------------------


def _dropped(data: Mapping[str, Any]) -> str:
    words = {str(code): words for code, words in DROP_REASONS.items()}
    told = {**data, "reason": words.get(str(data.get("reason")), data.get("reason"))}
    return str(_("%(by)s dropped the lead %(name)s: %(reason)s")) % told


register_notification("lead_dropped", _dropped)
register_notification("lead_given", _("%(by)s gave you the lead %(name)s."))
register_notification("lead_arrived", _("New lead from %(form)s: %(name)s"))
register_notification("lead_enquired", _("%(name)s enquired again by %(form)s."))

accounts_labels.name_verb("lead.converted", _("Came from the lead %(name)s"), icon="user-plus", url="funnel:lead")

for _verb, _words in {
    "lead.created": _("recorded a lead"),
    "lead.changed": _("changed a lead"),
    "lead.moved": _("moved a lead"),
    "lead.answered": _("answered the criteria of a lead"),
    "lead.noted": _("noted something on a lead"),
    "lead.enquired": _("a lead enquired again"),
    "lead.handed": _("handed a lead on"),
    "lead.dropped": _("dropped a lead"),
    "lead.resumed": _("took a lead up again"),
    "lead.merged": _("merged a lead into another"),
    "lead.took_in": _("a lead took in a duplicate"),
    "lead.converted": _("made an opportunity of a lead"),
    "lead_setting.changed": _("changed what is asked of leads"),
    "web_form.made": _("made a web form"),
    "web_form.changed": _("changed a web form"),
    "web_form.renewed": _("gave a web form a new secret"),
    "web_form.shown": _("looked at the secret of a web form"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_kind("funnel.lead", _("Lead"))
tenants_labels.name_kind("funnel.webform", _("Web form"))
for _field, _words in {
    "company": _("Company"),
    "person": _("Contact"),
    "need": _("What they need"),
    "budget": _("Budget"),
    "buys_on": _("Buys by"),
    "next_step": _("Next step"),
    "next_step_on": _("Next step on"),
    "source_note": _("Which one"),
    "budget_from": _("Budget from"),
    "months": _("Purchase within, in months"),
    "musts": _("A no means drop"),
    "into": _("Merged into"),
    "opportunity": _("Opportunity"),
    "step": _("Step"),
}.items():
    tenants_labels.name_field(_field, _words)
tenants_labels.name_values("step", {str(int(step)): words for step, words in LEAD_STEPS.items()})
