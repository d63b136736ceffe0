"""Words for the sales team and its joint plan."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from funnel.labels.opportunities import REFUSALS
from funnel.labels.stages import Words
from jobs.labels import register_notification
from tenants import labels as tenants_labels

REFUSALS.update(
    {
        "part_empty": _("Say what is to be done."),
        "part_too_long": _("Shorten the text to %(limit)s characters."),
        "part_done": _("This part is done already."),
        "not_on_team": _("Only people on the sales team can have a part."),
        "not_your_part": _("Only who has this part, or the owner, can say that it is done."),
        "not_a_partner": _("Choose a channel partner."),
    }
)


def _joined(data: Mapping[str, Any]) -> str:
    text = _("%(by)s put you on the sales team of %(name)s: %(part)s") if data.get("part") else _ALONE
    return str(text) % data


_ALONE = _("%(by)s put you on the sales team of %(name)s.")


def _line(text: Words) -> Callable[[Mapping[str, Any]], str]:
    return lambda data: str(text) % data


register_notification("team_joined", _joined)
register_notification("part_given", _line(_("%(by)s gave you a part in %(name)s: %(part)s")))
register_notification("part_done", _line(_("%(by)s has done a part in %(name)s: %(part)s")))

for _verb, _words in {
    "plan_part.added": _("added a part to a joint plan"),
    "plan_part.changed": _("changed a part of a joint plan"),
    "plan_part.done": _("did a part of a joint plan"),
    "plan_part.resumed": _("took up a part of a joint plan again"),
    "plan_part.dropped": _("took a part out of a joint plan"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_field("due_on", _("Due on"))
tenants_labels.name_field("partner", _("Partner company"))
