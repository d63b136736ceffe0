"""Words for what is asked of whoever leads."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from funnel.approvals import ApprovalKind, ApprovalState, Demand
from funnel.labels.opportunities import REFUSALS
from funnel.labels.stages import STAGES, Words
from funnel.stages import Stage, StageRow
from jobs.labels import register_notification
from tenants import labels as tenants_labels
from tenants.permissions import Permission
from tenants.topics import Topic, name_topic

APPROVAL_KINDS: Mapping[ApprovalKind, Words] = {
    ApprovalKind.DISCOUNT: pgettext_lazy("approval", "Discount"),
    ApprovalKind.OVERRIDE: pgettext_lazy("approval", "Exception to a stage"),
    ApprovalKind.RESOURCE: pgettext_lazy("approval", "Resource"),
}
APPROVAL_STATES: Mapping[ApprovalState, Words] = {
    ApprovalState.ASKED: pgettext_lazy("approval", "Waiting"),
    ApprovalState.GRANTED: pgettext_lazy("approval", "Granted"),
    ApprovalState.REFUSED: pgettext_lazy("approval", "Refused"),
    ApprovalState.WITHDRAWN: pgettext_lazy("approval", "Taken back"),
}


def percent_text(percent: Any) -> str:
    """Return a percentage as one would write it: 12.5, never 12.50 and never 10.0."""
    return f"{float(percent):g}"


def demand(asked: Demand, table: Sequence[StageRow] = ()) -> str:
    """Return in words what is asked; `table` knows what the organization calls the stages."""
    if asked.kind == ApprovalKind.DISCOUNT:
        return str(_("Discount of %(percent)s%%")) % {"percent": percent_text(asked.percent)}
    if asked.kind == ApprovalKind.OVERRIDE:
        stage = asked.stage or Stage.DISCOVER
        label = table[stage - 1].label if table else str(STAGES[stage])
        return str(_("Leave %(stage)s without its evidence")) % {"stage": label}
    return asked.what


REFUSALS.update(
    {
        "why_needed": _("Say why it is needed."),
        "refusal_word_needed": _("Say in a word why not."),
        "word_too_long": _("Shorten the text to %(limit)s characters."),
        "discount_range": _("Enter a discount above 0 and at most 100 percent."),
        "stage_needed": _("Choose a stage."),
        "until_needed": _("Enter the last day on which it holds."),
        "what_needed": _("Say what you need."),
        "price_changed": _("The price or the product has changed since it was asked. Ask anew."),
        "discount_beyond": _("You may give up to %(limit)s%% alone. Ask for more."),
        "discount_zero_to_all": _("Enter a percentage between 0 and 100."),
        "limit_range": _("Enter a percentage between 0 and 100."),
        "limits_not_ascending": _("A rep cannot give more than a manager."),
        "already_asked": _("This has been asked already and waits for an answer."),
        "nobody_decides": _("There is nobody above who may decide on this."),
        "approval_ended": _("This has been decided or taken back already."),
        "not_decider": _("Only whoever leads the owner decides, and nobody in their own cause."),
        "not_asker": _("Only who asked, or the owner, can take it back."),
    }
)


def _asked(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line under the bell is filled with."""
    percent = data.get("percent")
    told = Demand(
        ApprovalKind(str(data["kind"])),
        percent=percent,
        stage=Stage(int(data["stage"])) if data.get("stage") else None,
        what=str(data.get("what", "")),
    )
    return {**data, "asked": demand(told)}


def _line(text: Words) -> Callable[[Mapping[str, Any]], str]:
    return lambda data: str(text) % _asked(data)


register_notification("approval_asked", _line(_("%(by)s asks you: %(asked)s (%(name)s)")))
register_notification("approval_granted", _line(_("%(by)s granted: %(asked)s (%(name)s)")))
register_notification("approval_refused", _line(_("%(by)s refused: %(asked)s (%(name)s). %(word)s")))

name_topic("discounts", Topic(Permission.SETTINGS_EDIT, ("",), ("discount_setting.",)))
for _verb, _words in {
    "opportunity.discounted": _("gave a discount"),
    "discount_setting.changed": _("changed how much discount may be given"),
    "approval.asked": _("asked for an approval"),
    "approval.granted": _("granted an approval"),
    "approval.refused": _("refused an approval"),
    "approval.withdrawn": _("took back what was asked"),
}.items():
    tenants_labels.name_verb(_verb, _words)
for _field, _words in {
    "percent": _("Discount"),
    "rep_percent": _("A rep may give alone"),
    "manager_percent": _("A manager may give and grant"),
    "until": _("Holds until"),
    "what": _("What"),
    "approval": _("Approval"),
}.items():
    tenants_labels.name_field(_field, _words)
