"""Words for the codes of this app."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.labels import Text, name_verb
from coaching.decisions import Decision, Outcome
from funnel.labels import STAGES
from jobs.labels import register_notification
from tenants import labels as tenants_labels

Words = Text

DECISIONS: Mapping[Decision, Words] = {
    Decision.ADVANCE: pgettext_lazy("decision", "Advance"),
    Decision.HOLD: pgettext_lazy("decision", "Hold"),
    Decision.HELP: pgettext_lazy("decision", "Get help"),
    Decision.POSTPONE: pgettext_lazy("decision", "Postpone"),
    Decision.ABANDON: pgettext_lazy("decision", "Abandon"),
}
DECISION_LOOKS: Mapping[Decision, str] = {
    Decision.ADVANCE: "",
    Decision.HOLD: "",
    Decision.HELP: "help",
    Decision.POSTPONE: "slip",
    Decision.ABANDON: "drop",
}
OUTCOMES: Mapping[Outcome, Words] = {
    Outcome.DONE: pgettext_lazy("what became of it", "Done"),
    Outcome.PARTLY: pgettext_lazy("what became of it", "Partly done"),
    Outcome.NOT_DONE: pgettext_lazy("what became of it", "Not done"),
}
OUTCOME_LOOKS: Mapping[Outcome, str] = {Outcome.DONE: "good", Outcome.PARTLY: "caution", Outcome.NOT_DONE: "bad"}
REFUSALS: Mapping[str, Words] = {
    "nobody_to_review": _("Nobody in this team has an open opportunity to walk through."),
    "ended": _("This review has ended. Its minutes stay as they are."),
    "not_in_review": _("This person is not in the review."),
    "closed": _("This opportunity was closed meanwhile."),
    "own_opportunity": _("You cannot coach yourself. Ask your manager for a one-on-one on this opportunity."),
    "outcome_missing": _("Say what became of what was agreed last time."),
    "due_in_the_past": _("Choose a day still to come."),
    "due_too_far": _("Choose a day within the next three years."),
    "next_without_date": _("Say by when: tap a day, or write one, such as “next Wed”."),
}


refusal = tenants_labels.refusals(REFUSALS)


name_verb(
    "review.decided",
    _("Pipeline review on %(opportunity)s: %(decision)s"),
    icon="presentation",
    words={"decision": DECISIONS},
)
name_verb(
    "coaching.held",
    _("One-on-one on %(opportunity)s, in stage %(stage)s"),
    icon="messages-square",
    words={"stage": STAGES},
)
register_notification("review_action", _("Pipeline review, %(opportunity)s: %(text)s"))
register_notification("review_ended", _("%(leader)s ended the pipeline review; read your minutes"))
register_notification("coaching_held", _("%(coach)s recorded your one-on-one on %(opportunity)s"))

# The audit ----------------------------------------------------------------------------------------

for _verb, _said in {
    "review.started": pgettext_lazy("audit", "started a pipeline review"),
    "review.turned": pgettext_lazy("audit", "went on to the next person"),
    "review.decided": pgettext_lazy("audit", "decided in the pipeline review"),
    "review.ended": pgettext_lazy("audit", "ended a pipeline review"),
    "coaching.held": pgettext_lazy("audit", "held a one-on-one"),
    "coaching.changed": pgettext_lazy("audit", "changed a one-on-one"),
}.items():
    tenants_labels.name_verb(_verb, _said)
for _model, _said in {
    "coaching.review": pgettext_lazy("audit", "Pipeline review"),
    "coaching.coachingsession": pgettext_lazy("audit", "One-on-one"),
}.items():
    tenants_labels.name_kind(_model, _said)
for _field, _said in {
    "people": pgettext_lazy("audit", "People"),
    "person": pgettext_lazy("audit", "Person"),
    "review": pgettext_lazy("audit", "Pipeline review"),
    "decision": pgettext_lazy("audit", "Decision"),
    "opportunity": pgettext_lazy("audit", "Opportunity"),
    "rep": pgettext_lazy("audit", "Rep"),
}.items():
    tenants_labels.name_field(_field, _said)
tenants_labels.name_values("decision", {str(code): words for code, words in DECISIONS.items()})
