"""Words for the codes of this app."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.labels import Text, name_verb
from activities.kinds import Kind, Origin, Result, VisitState
from activities.times import Span, When
from funnel import labels as funnel_labels
from jobs.labels import register_notification
from tenants import labels as tenants_labels

Words = Text

KINDS: Mapping[Kind, Words] = {
    Kind.VISIT: pgettext_lazy("kind of meeting", "Visit"),
    Kind.CALL: pgettext_lazy("kind of meeting", "Call"),
    Kind.VIDEO: pgettext_lazy("kind of meeting", "Video"),
    Kind.EXHIBITION: pgettext_lazy("kind of meeting", "Exhibition"),
}
KIND_ICONS: Mapping[Kind, str] = {
    Kind.VISIT: "map-pin",
    Kind.CALL: "phone",
    Kind.VIDEO: "video",
    Kind.EXHIBITION: "store",
}
RESULTS: Mapping[Result, Words] = {
    Result.ADVANCED: pgettext_lazy("result of a visit", "Progress"),
    Result.STEADY: pgettext_lazy("result of a visit", "No change"),
    Result.BLOCKED: pgettext_lazy("result of a visit", "Blocked"),
    Result.NOBODY: pgettext_lazy("result of a visit", "Met nobody"),
}
RESULT_CHIPS: Mapping[Result, str] = {
    Result.ADVANCED: "good",
    Result.STEADY: "",
    Result.BLOCKED: "caution",
    Result.NOBODY: "",
}
STATES: Mapping[VisitState, Words] = {
    VisitState.PLANNED: pgettext_lazy("visit", "Planned"),
    VisitState.DONE: pgettext_lazy("visit", "Done"),
    VisitState.CANCELLED: pgettext_lazy("visit", "Called off"),
}
ORIGINS: Mapping[Origin, Words] = {
    Origin.VISIT: _("agreed at a visit"),
    Origin.REVIEW: _("from the pipeline review"),
    Origin.COACHING: _("from one-on-one coaching"),
    Origin.HAND: _("added by hand"),
}
WHENS: Mapping[When, Words] = {
    When.NOW: pgettext_lazy("when the visit was", "Just now"),
    When.MORNING: pgettext_lazy("when the visit was", "This morning"),
    When.YESTERDAY: pgettext_lazy("when the visit was", "Yesterday"),
    When.OTHER: pgettext_lazy("when the visit was", "Other"),
}
CHOICES: Mapping[str, Words] = {
    "tomorrow": _("Tomorrow"),
    "friday": _("Fri"),
    "next_monday": _("Next Mon"),
    "next_wednesday": _("Next Wed"),
    "next_friday": _("Next Fri"),
}
SPANS: Mapping[Span, Words] = {
    Span.WEEK: _("This week"),
    Span.LAST_WEEK: _("Last week"),
    Span.MONTH: _("This month"),
    Span.LAST_MONTH: _("Last month"),
    Span.NINETY: _("Last 90 days"),
    Span.ALL: _("All time"),
}
REFUSALS: Mapping[str, Words] = {
    **{code: funnel_labels.REFUSALS[code] for code in ("gap_closed", "gap_sought", "name_missing")},
    "future": _("A visit is logged after it took place. Plan it instead, or choose an earlier time."),
    "too_long_ago": _("Visits can be logged up to %(days)s days back."),
    "planned_in_the_past": _("Choose a time still to come, or log the visit."),
    "opportunity_elsewhere": _("This opportunity belongs to another customer. Choose again."),
    "contact_elsewhere": _("This contact belongs to another customer. Choose again."),
    "next_without_date": _("Say by when: tap a day, or write one, such as “next Wed”."),
    "due_in_the_past": _("Choose a day still to come."),
    "due_too_far": _("Choose a day within the next three years."),
    "called_off": _("This visit was called off meanwhile."),
    "not_planned": _("This visit has taken place already."),
    "done": _("This was done meanwhile."),
    "dropped": _("This was dropped meanwhile."),
}


refusal = tenants_labels.refusals(REFUSALS)


name_verb(
    "visit.logged",
    _("%(kind)s: %(result)s. %(note)s"),
    icon="map-pin",
    url="activities:visit",
    words={"kind": KINDS, "result": RESULTS},
)
name_verb("next_action.done", _("Done: %(text)s"), icon="check")
register_notification("next_action", _("%(by)s gave you a next action: %(text)s"))

# The audit ----------------------------------------------------------------------------------------

for _verb, _said in {
    "visit.logged": pgettext_lazy("audit", "recorded a visit"),
    "visit.planned": pgettext_lazy("audit", "planned a visit"),
    "visit.changed": pgettext_lazy("audit", "changed a visit"),
    "visit.called_off": pgettext_lazy("audit", "called a visit off"),
    "visit.put_back": pgettext_lazy("audit", "put a visit back"),
    "visits.imported": pgettext_lazy("audit", "imported visits"),
    "next_action.added": pgettext_lazy("audit", "added a next action"),
    "next_action.done": pgettext_lazy("audit", "did a next action"),
    "next_action.dropped": pgettext_lazy("audit", "dropped a next action"),
    "next_action.postponed": pgettext_lazy("audit", "postponed a next action"),
    "next_action.taken_back": pgettext_lazy("audit", "took a next action back"),
    "next_actions.imported": pgettext_lazy("audit", "imported next actions"),
}.items():
    tenants_labels.name_verb(_verb, _said)
for _model, _said in {
    "activities.visit": pgettext_lazy("audit", "Visit"),
    "activities.nextaction": pgettext_lazy("audit", "Next action"),
}.items():
    tenants_labels.name_kind(_model, _said)
for _field, _said in {
    "kind": pgettext_lazy("audit", "Kind"),
    "result": pgettext_lazy("audit", "Result"),
    "account": pgettext_lazy("audit", "Customer"),
    "planned_at": pgettext_lazy("audit", "Planned for"),
    "planned": pgettext_lazy("audit", "Was planned"),
    "due_on": pgettext_lazy("audit", "Due"),
    "origin": pgettext_lazy("audit", "Comes from"),
    "before": pgettext_lazy("audit", "Before"),
    "fields": pgettext_lazy("audit", "Fields"),
}.items():
    tenants_labels.name_field(_field, _said)
tenants_labels.name_values("origin", {str(code): words for code, words in ORIGINS.items()})
tenants_labels.name_values("result", {str(code): words for code, words in RESULTS.items()})
