"""Words for the shape of a funnel: its diseases, what may lie behind them, and the figures that say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from forecasting.shape import Cause, Disease, Told
from tenants.formats import percent

Words = Promise | str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a disease of the funnel's shape is called, what it means, and what to ask."""

    name: Words
    text: Words
    question: Words


DISEASES: Mapping[Disease, Diagnosis] = {
    Disease.THIN_TOP: Diagnosis(
        gettext_lazy("Thin top"),
        gettext_lazy("Too little comes in: the periods after this one will lack it."),
        gettext_lazy("Whom do we know who has a problem that we can solve, and whom have we not asked yet?"),
    ),
    Disease.PREGNANT: Diagnosis(
        gettext_lazy("Pregnant funnel"),
        gettext_lazy("More stands in the middle than the target needs: it looks full, and little of it will come out."),
        gettext_lazy("What has the customer done, not said, since it came here?"),
    ),
    Disease.CHOKED_NECK: Diagnosis(
        gettext_lazy("Choked neck"),
        gettext_lazy("Here more is lost than by others, or than is usual."),
        gettext_lazy("What do those do in this stage who get through it?"),
    ),
    Disease.EMPTY_BOTTOM: Diagnosis(
        gettext_lazy("Empty bottom"),
        gettext_lazy("Nothing is ripe: this period, or the next, is at risk."),
        gettext_lazy("Which opportunity can still be decided in time, and what does the customer need for it?"),
    ),
}
CAUSES: Mapping[Cause, tuple[Words, Words]] = {
    Cause.FEW_OPENED: (
        gettext_lazy("Too few new opportunities are opened."),
        gettext_lazy("%(have)s a day, %(of)s needed"),
    ),
    Cause.FEW_LEADS: (
        gettext_lazy("Too few leads wait to become opportunities."),
        gettext_lazy("%(have)s open, %(of)s needed in the period"),
    ),
    Cause.LEADS_LOST: (
        gettext_lazy("Leads are worked on and come to nothing."),
        gettext_lazy("%(have)s of %(of)s became opportunities in 90 days"),
    ),
    Cause.SLOW_ENTRY: (
        gettext_lazy("What was opened does not get past the first stages."),
        gettext_lazy("%(have)s of %(of)s are stalled"),
    ),
    Cause.SOFT_QUALIFYING: (
        gettext_lazy("It was qualified too softly: evidence is missing."),
        gettext_lazy("%(have)s of %(of)s are unproven"),
    ),
    Cause.STUCK: (
        gettext_lazy("It is stuck: longer in its stage than usual."),
        gettext_lazy("%(have)s of %(of)s are stalled"),
    ),
    Cause.SILENT: (
        gettext_lazy("Nobody talks with the customer."),
        gettext_lazy("%(have)s of %(of)s are silent"),
    ),
    Cause.WENT_BACK: (
        gettext_lazy("It went further than the customer, and comes back."),
        gettext_lazy("%(have)s of %(of)s went back a stage"),
    ),
    Cause.LOSES_THERE: (
        gettext_lazy("A skill is missing in just this stage: train it."),
        gettext_lazy("%(have)s go on, %(of)s with everybody else"),
    ),
    Cause.UNPROVEN: (
        gettext_lazy("It comes here unproven, and fails for that."),
        gettext_lazy("%(have)s of %(of)s are unproven"),
    ),
    Cause.FEW_WINNERS: (
        gettext_lazy("Few know how to get through it."),
        gettext_lazy("%(have)s of %(of)s people got one through"),
    ),
    Cause.NOTHING_RIPE: (
        gettext_lazy("Too little stands in the middle that could ripen."),
        gettext_lazy("%(have)s stand there, %(of)s needed"),
    ),
    Cause.PUSHED: (
        gettext_lazy("What should be here was pushed into later periods."),
        gettext_lazy("%(have)s of %(of)s were pushed"),
    ),
}


def told(cause: Told, *, is_usual: bool) -> tuple[Words, str]:
    """Return a cause in words, and the figures that it stands on.

    :param is_usual: there is nobody else to compare with; what is usual stands for them.
    """
    words, number = CAUSES[cause.cause]
    if cause.cause == Cause.LOSES_THERE:
        number = gettext_lazy("%(have)s go on, %(of)s are usual") if is_usual else number
        return words, str(number) % {"have": percent(cause.have), "of": percent(cause.of)}
    places = 1 if cause.cause == Cause.FEW_OPENED else 0
    of = cause.of if places else ceil(cause.of - 1e-9)  # a part of a lead is one more that is needed
    figures = str(number) % {"have": number_format(cause.have, places), "of": number_format(of, places)}
    return words, figures if cause.fit else gettext("%(figures)s: it is not this") % {"figures": figures}
