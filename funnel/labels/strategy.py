"""Words for the codes of the strategy sheet."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import labels as accounts_labels
from funnel.labels.opportunities import REFUSALS
from funnel.labels.stages import Words
from funnel.strategy import Attitude, Influence, Ladder, Role, Verdict
from jobs.labels import register_notification
from tenants import labels as tenants_labels

ROLES: Mapping[Role, Words] = {
    Role.EB: _("Economic buyer"),
    Role.USER: pgettext_lazy("decision role", "User"),
    Role.TECHNICAL: pgettext_lazy("decision role", "Technical"),
    Role.SPONSOR: pgettext_lazy("decision role", "Sponsor"),
    Role.COACH: pgettext_lazy("decision role", "Coach"),
    Role.OPPONENT: pgettext_lazy("decision role", "Opponent"),
}
INFLUENCES: Mapping[Influence, Words] = {
    Influence.HIGH: pgettext_lazy("influence", "High"),
    Influence.MEDIUM: pgettext_lazy("influence", "Medium"),
    Influence.LOW: pgettext_lazy("influence", "Low"),
}
ATTITUDES: Mapping[Attitude | None, Words] = {
    Attitude.CHAMPION: pgettext_lazy("attitude", "Champion"),
    Attitude.SUPPORTER: pgettext_lazy("attitude", "Supporter"),
    Attitude.NEUTRAL: pgettext_lazy("attitude", "Neutral"),
    Attitude.COOL: pgettext_lazy("attitude", "Cool"),
    Attitude.ENEMY: pgettext_lazy("attitude", "Enemy"),
    None: pgettext_lazy("attitude", "Not known"),
}
LADDER: Mapping[Ladder, Words] = {
    Ladder.VENDOR: _("Vendor"),
    Ladder.CREDIBLE_SOURCE: _("Credible source"),
    Ladder.PROBLEM_SOLVER: _("Problem solver"),
    Ladder.TRUSTED_ADVISER: _("Trusted adviser"),
}
SWOT: tuple[tuple[str, Words], ...] = (
    ("strengths", pgettext_lazy("SWOT", "Strengths")),
    ("weaknesses", pgettext_lazy("SWOT", "Weaknesses")),
    ("openings", pgettext_lazy("SWOT", "Opportunities")),
    ("threats", pgettext_lazy("SWOT", "Threats")),
)
VERDICTS: Mapping[Verdict, Words] = {
    Verdict.GO: pgettext_lazy("verdict", "Go"),
    Verdict.NO_GO: pgettext_lazy("verdict", "No-go"),
}

REFUSALS.update(
    {
        "role_needed": _("Choose at least one role."),
        "role_unknown": _("Choose roles from the list."),
        "reports_in_a_circle": _("This person already stands below the one you chose: the line would run in a circle."),
        "reports_elsewhere": _("Choose somebody who stands on this sheet."),
        "person_on_sheet": _("This person stands on the sheet already."),
        "sheet_full": _("More than %(limit)s people do not fit on one sheet."),
        "contact_needed": _("Choose a person, or enter the name of a new one."),
        "rival_on_sheet": _("This competitor stands on the sheet already."),
        "not_a_competitor": _("Choose a company that is kept as a competitor."),
        "competitor_needed": _("Choose a competitor, or enter the name of a new one."),
        "procedure_unknown": _("Choose how they decide from the list."),
        "ladder_unknown": _("Choose a rung from the list."),
        "verdict_needed": _("Choose go or no-go."),
        "gap_empty": _("Say what we do not know."),
        "gap_closed": _("This has been found out already."),
        "gap_sought": _("Somebody is finding this out already."),
    }
)


def _decided(data: Mapping[str, Any]) -> str:
    words = {str(code): words for code, words in VERDICTS.items()}
    told = {"why": "", **data, "verdict": words.get(str(data.get("verdict")), data.get("verdict"))}
    text = (
        _("%(by)s decided %(verdict)s for %(name)s: %(why)s")
        if told["why"]
        else _("%(by)s decided %(verdict)s for %(name)s")
    )
    return str(text) % told


register_notification("verdict", _decided)
accounts_labels.name_verb(
    "strategy.decided",
    _("Decided for %(name)s: %(verdict)s"),
    icon="scale",
    url="funnel:opportunity",
    words={"verdict": {str(code): words for code, words in VERDICTS.items()}},
)
for _verb, _words in {
    "strategy.changed": _("changed a strategy sheet"),
    "strategy.decided": _("decided go or no-go"),
    "decision_role.added": _("put a person on a strategy sheet"),
    "decision_role.changed": _("changed a person on a strategy sheet"),
    "decision_role.removed": _("took a person off a strategy sheet"),
    "rival.added": _("put a rival on a strategy sheet"),
    "rival.changed": _("changed a rival on a strategy sheet"),
    "rival.removed": _("took a rival off a strategy sheet"),
    "gap.added": _("noted what is not known"),
    "gap.changed": _("changed what is not known"),
    "gap.closed": _("found out what was not known"),
    "gap.reopened": _("does not know something after all"),
    "opportunity.linked": _("linked a lost opportunity to a competitor"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_kind("funnel.decisionrole", _("Person on a strategy sheet"))
tenants_labels.name_kind("funnel.rival", _("Rival"))
tenants_labels.name_kind("funnel.informationgap", _("Information gap"))
for _field, _label in {
    "role": _("Role"),
    "also": _("Also"),
    "influence": _("Influence"),
    "attitude": _("Attitude to us"),
    "win": _("What a win is for them"),
    "reports_to": _("Reports to"),
    "contact": _("Contact"),
    "competitor": _("Competitor"),
    **dict(SWOT),
    "answer": _("Answer"),
    "ucv": _("Unique customer value"),
    "ladder": _("Relationship ladder"),
    "win_next": _("Whom to win next"),
    "win_how": _("How"),
    "verdict": _("Go or no-go"),
    "compete": _("Can we compete?"),
    "text": _("Text"),
    "linked": _("Linked"),
}.items():
    tenants_labels.name_field(_field, _label)
tenants_labels.name_values("verdict", {str(code): words for code, words in VERDICTS.items()})
tenants_labels.name_values("ladder", {str(code): words for code, words in LADDER.items()})
