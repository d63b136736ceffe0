"""Words for periods, changes, alerts and refusals."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from forecasting.accuracy import Mark
from forecasting.health import PUSHED_DAYS, STANDARD, Facts, cut_percent, is_planned, silent_days
from forecasting.periods import Kind, Period, is_start
from forecasting.waterfall import Bucket, Cause
from funnel.flags import Flag
from funnel.labels import FLAGS
from jobs.labels import register_notification
from tenants import labels as tenants_labels
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.topics import Topic, name_topic

Words = Promise | str

KINDS: Mapping[Kind, Words] = {
    Kind.MONTH: pgettext_lazy("period", "Month"),
    Kind.QUARTER: pgettext_lazy("period", "Quarter"),
    Kind.HALF: pgettext_lazy("period", "Half-year"),
    Kind.YEAR: pgettext_lazy("period", "Year"),
}
BUCKETS: Mapping[Bucket, Words] = {
    Bucket.NEW: pgettext_lazy("change", "New"),
    Bucket.REOPENED: pgettext_lazy("change", "Reopened"),
    Bucket.TRANSFERRED_IN: pgettext_lazy("change", "Transferred in"),
    Bucket.PULLED_IN: pgettext_lazy("change", "Pulled in"),
    Bucket.ROLLED_OVER: pgettext_lazy("change", "Rolled over"),
    Bucket.RESTORED: pgettext_lazy("change", "Restored"),
    Bucket.INCREASED: pgettext_lazy("change", "Increased"),
    Bucket.DECREASED: pgettext_lazy("change", "Decreased"),
    Bucket.CURRENCY: pgettext_lazy("change", "Currency"),
    Bucket.WON: pgettext_lazy("change", "Won"),
    Bucket.LOST: pgettext_lazy("change", "Lost"),
    Bucket.ABANDONED: pgettext_lazy("change", "Abandoned"),
    Bucket.REMOVED: pgettext_lazy("change", "Omitted"),
    Bucket.TRANSFERRED_OUT: pgettext_lazy("change", "Transferred out"),
    Bucket.PUSHED_OUT: pgettext_lazy("change", "Pushed out"),
    Bucket.MOVED_EARLIER: pgettext_lazy("change", "Moved earlier"),
    Bucket.CAME_AND_WENT: pgettext_lazy("change", "Came and went"),
    Bucket.UNCHANGED: pgettext_lazy("change", "Unchanged"),
}
# What happened to the one opportunity that moved the forecast most.
CAUSES: Mapping[Bucket | Cause, Words] = {
    Bucket.NEW: gettext_lazy("newly opened"),
    Bucket.REOPENED: gettext_lazy("reopened"),
    Bucket.TRANSFERRED_IN: gettext_lazy("taken over"),
    Bucket.PULLED_IN: gettext_lazy("expected sooner"),
    Bucket.ROLLED_OVER: gettext_lazy("rolled over from an earlier period"),
    Bucket.RESTORED: gettext_lazy("counted again"),
    Bucket.INCREASED: gettext_lazy("amount raised"),
    Bucket.DECREASED: gettext_lazy("amount lowered"),
    Bucket.CURRENCY: gettext_lazy("another exchange rate"),
    Bucket.WON: gettext_lazy("won"),
    Bucket.LOST: gettext_lazy("lost"),
    Bucket.ABANDONED: gettext_lazy("abandoned"),
    Bucket.REMOVED: gettext_lazy("omitted from the forecast"),
    Bucket.TRANSFERRED_OUT: gettext_lazy("handed to somebody else"),
    Bucket.PUSHED_OUT: gettext_lazy("signature put off"),
    Bucket.MOVED_EARLIER: gettext_lazy("moved to an earlier period"),
    Bucket.CAME_AND_WENT: gettext_lazy("came and went"),
    Cause.ADVANCED: gettext_lazy("moved on"),
    Cause.WENT_BACK: gettext_lazy("went back a stage"),
}
MARKS: Mapping[Mark, Words] = {
    Mark.DAY_1: gettext_lazy("Day 1"),
    Mark.THIRD: gettext_lazy("After a third"),
    Mark.TWO_THIRDS: gettext_lazy("After two thirds"),
    Mark.LAST_WEEK: gettext_lazy("A week before the end"),
}
ROWS: Mapping[str, Words] = {
    "due": gettext_lazy("Open and due"),
    "won": pgettext_lazy("change", "Won"),
    "counted": gettext_lazy("Won, and open and due"),
    "lost": gettext_lazy("Lost or abandoned"),
    "reached": gettext_lazy("Reached this stage"),
    "committed": pgettext_lazy("of customers", "Committed"),
    "promised": gettext_lazy("Promise without procedure"),
    "overdue": gettext_lazy("Expected before the period"),
    "undated": gettext_lazy("Without an expected close"),
}
# What stands behind the numbers of the past and of the flow.
BEHIND: Mapping[str, Words] = {
    "moved": gettext_lazy("What changed"),
    "went": gettext_lazy("From where to where"),
    "stood": gettext_lazy("Open on that day"),
    "won": pgettext_lazy("change", "Won"),
    "lost": pgettext_lazy("change", "Lost"),
    "abandoned": pgettext_lazy("change", "Abandoned"),
    "stuck": gettext_lazy("Overdue, or older than almost every win was"),
    "qualified": gettext_lazy("Qualified and open"),
    "slipped": gettext_lazy("Slipped out of the period"),
    "pushed": gettext_lazy("Pushed into a later month"),
    "reached": gettext_lazy("Went on"),
    "fell": gettext_lazy("Did not go on"),
    "pending": gettext_lazy("Still too young to say"),
    "left": gettext_lazy("Left the stage"),
}
ENDS: Mapping[str, Words] = {
    "new": pgettext_lazy("change", "New or back"),
    "won": pgettext_lazy("change", "Won"),
    "lost": pgettext_lazy("change", "Lost"),
    "abandoned": pgettext_lazy("change", "Abandoned"),
    "gone": pgettext_lazy("change", "Gone"),
}
TABS: Mapping[str, Words] = {
    "mine": pgettext_lazy("alerts", "Mine"),
    "team": pgettext_lazy("alerts", "Everyone's"),
}
UNITS: Mapping[str, Words] = {
    Flag.SILENT: pgettext_lazy("unit", "days"),
    Flag.NO_POWER: pgettext_lazy("unit", "days"),
    Flag.PUSHED: pgettext_lazy("unit", "times"),
    PUSHED_DAYS: pgettext_lazy("unit", "days"),
    Flag.STALLED: pgettext_lazy("unit", "days"),
    Flag.REGRESSED: pgettext_lazy("unit", "days"),
    Flag.SHRINKING: pgettext_lazy("unit", "per cent"),
    Flag.AGEING: pgettext_lazy("unit", "days"),
    Flag.ZOMBIE: pgettext_lazy("unit", "days"),
}
REFUSALS: Mapping[str, Words] = {
    "not_a_day": gettext_lazy("Enter a day such as 2026-03-31."),
    "in_future": gettext_lazy("Choose a day that has begun: the future has not been logged yet."),
    "until_before_since": gettext_lazy("The first day lies after the last one."),
    "flag_unknown": gettext_lazy("There is no such rule."),
    "mute_past": gettext_lazy("Choose today or a later day."),
    "mute_too_long": gettext_lazy("Mute it for at most %(days)s days."),
    "mute_closed": gettext_lazy("This opportunity has ended."),
    "flag_not_standing": gettext_lazy("This no longer stands: there is nothing to mute."),
    "mute_not_reached": gettext_lazy("It has gone up. Only whom it reached last, or somebody above them, can mute it."),
    "reason_needed": gettext_lazy("Say why."),
    "reason_too_long": gettext_lazy("Shorten the reason."),
    "limit_range": gettext_lazy("Enter a number between 0 and %(largest)s."),
    "ladder_wrong": gettext_lazy("Each step needs more days than the one before, within a year."),
    "not_a_period": gettext_lazy("No period of this organization begins on that day."),
    "not_selling": gettext_lazy("This person does not own opportunities."),
    "amount_negative": gettext_lazy("A target cannot be negative."),
    "amount_too_large": gettext_lazy("This amount is too large to be true. Check the unit."),
    "unreadable": gettext_lazy("Enter an amount such as 12.8M or 1,280萬."),
    "too_precise": gettext_lazy("Use at most two decimals."),
    "too_large": gettext_lazy("This amount is too large to be true. Check the unit."),
}


refusal = tenants_labels.refusals(REFUSALS)


def period_label(period: Period) -> str:
    """Return a period's name: November 2026, Q4 2026, or FY2026 Q4 where the year begins in another month."""
    words = {"year": period.year, "number": period.number}
    if period.kind == Kind.MONTH:
        return date_format(period.starts_on, "YEAR_MONTH_FORMAT")
    if not is_start(period.kind, period.starts_on, period.fiscal_start):  # of a calendar that no longer holds
        first, last = (date_format(day, "YEAR_MONTH_FORMAT") for day in (period.starts_on, period.ends_on))
        return f"{first} \N{EN DASH} {last}"
    own_year = period.fiscal_start != 1
    if period.kind == Kind.YEAR:
        return (_("FY%(year)s") if own_year else "%(year)s") % words
    if period.kind == Kind.QUARTER:
        return (_("FY%(year)s Q%(number)s") if own_year else _("Q%(number)s %(year)s")) % words
    if period.number == 1:
        return (_("FY%(year)s, first half") if own_year else _("First half of %(year)s")) % words
    return (_("FY%(year)s, second half") if own_year else _("Second half of %(year)s")) % words


def flag_text(code: str, facts: Facts, today: date) -> str:
    """Return a flag with its number: `23 days without contact`."""
    counted = _COUNTED.get(code)
    if counted is not None:
        number = counted[0](facts, today)
        text = str(counted[1](number)) % {"n": f"{number:,}"}
        if code == Flag.SILENT and not is_planned(facts, today):
            return _("%(silent)s, and nothing planned") % {"silent": text}
        return text
    if code == Flag.NO_POWER:
        return _no_power(facts, today)
    if code == Flag.PUSHED:
        return _pushed(facts)
    return str(_PLAIN.get(code, code))


def _no_power(facts: Facts, today: date) -> str:
    if not facts.buyer_known:
        return _("No economic buyer known")
    if facts.buyer_met_on is None:
        return _("Economic buyer never met")
    days = (today - facts.buyer_met_on).days
    words = ngettext("Economic buyer not met for %(n)s day", "Economic buyer not met for %(n)s days", days)
    return words % {"n": f"{days:,}"}


def _pushed(facts: Facts) -> str:
    times = ngettext("Put off %(n)s time", "Put off %(n)s times", facts.push_count) % {"n": facts.push_count}
    days = ngettext("%(n)s day in all", "%(n)s days in all", facts.push_days) % {"n": f"{facts.push_days:,}"}
    return _("%(times)s, %(days)s") % {"times": times, "days": days}


_COUNTED: Mapping[str, tuple[Callable[[Facts, date], int], Callable[[int], str]]] = {
    Flag.SILENT: (silent_days, lambda n: ngettext("%(n)s day without contact", "%(n)s days without contact", n)),
    Flag.OVERDUE: (
        lambda facts, today: (today - (facts.expected_close_on or today)).days,
        lambda n: ngettext("%(n)s day overdue", "%(n)s days overdue", n),
    ),
    Flag.STALLED: (
        lambda facts, today: (today - facts.stage_entered_on).days,
        lambda n: ngettext("%(n)s day in this stage", "%(n)s days in this stage", n),
    ),
    Flag.AGEING: (
        lambda facts, today: (today - facts.opened_on).days,
        lambda n: ngettext("Open for %(n)s day", "Open for %(n)s days", n),
    ),
    Flag.ZOMBIE: (
        lambda facts, today: (today - facts.opened_on).days,
        lambda n: ngettext("Open for %(n)s day, far beyond the usual", "Open for %(n)s days, far beyond the usual", n),
    ),
    Flag.UNPROVEN: (
        lambda facts, today: facts.lacking,
        lambda n: ngettext("%(n)s proof missing", "%(n)s proofs missing", n),
    ),
    Flag.SINGLE_THREAD: (
        lambda facts, today: facts.contacts,
        lambda n: ngettext("Only %(n)s contact on the sheet", "%(n)s contacts on the sheet", n),
    ),
    Flag.SHRINKING: (
        lambda facts, today: cut_percent(facts),
        lambda n: _("Cut by %(n)s%% since its highest"),
    ),
}
_PLAIN: Mapping[str, Words] = {
    Flag.NO_NEXT_STEP: gettext_lazy("No next action with a date"),
    Flag.NO_AMOUNT: gettext_lazy("No amount"),
    Flag.REGRESSED: gettext_lazy("Went back a stage"),
}


def limit_label(code: str) -> Words:
    """Return what a limit is called in the settings."""
    return gettext_lazy("Pushed, in all") if code == PUSHED_DAYS else FLAGS[code].name


def gains(rule: str, more: int, fewer: int) -> str:
    """Say how many opportunities gain and lose a flag."""
    gained = ngettext("%(n)s opportunity gains it", "%(n)s opportunities gain it", more) % {"n": f"{more:,}"}
    lost = ngettext("%(n)s loses it", "%(n)s lose it", fewer) % {"n": f"{fewer:,}"}
    words = {"rule": rule, "gained": gained, "lost": lost}
    return _("%(rule)s: %(gained)s, %(lost)s") % words


def _flagged(data: Mapping[str, Any]) -> str:
    count = int(data.get("count", 0))
    names = in_a_row(data.get("names", []))
    words = {"count": f"{count:,}", "names": names}
    return (
        ngettext(
            "%(count)s of your opportunities needs attention: %(names)s",
            "%(count)s of your opportunities need attention: %(names)s",
            count,
        )
        % words
    )


def _climbed(data: Mapping[str, Any]) -> str:
    count = int(data.get("count", 0))
    words = {"count": f"{count:,}", "names": in_a_row(data.get("names", []))}
    return (
        ngettext(
            "%(count)s opportunity of your people has waited too long: %(names)s",
            "%(count)s opportunities of your people have waited too long: %(names)s",
            count,
        )
        % words
    )


register_notification("opportunities_flagged", _flagged)
register_notification("alerts_climbed", _climbed)
tenants_labels.name_verb("target.set", gettext_lazy("set a target"))
tenants_labels.name_verb("target.cleared", gettext_lazy("cleared a target"))
tenants_labels.name_kind("forecasting.target", gettext_lazy("Target"))
tenants_labels.name_verb("alert.muted", gettext_lazy("muted an alert"))
tenants_labels.name_verb("alert.unmuted", gettext_lazy("let an alert be heard again"))
tenants_labels.name_verb("health.limit_changed", gettext_lazy("changed a limit of health"))
tenants_labels.name_verb("health.ladder_changed", gettext_lazy("changed the ladder of alerts"))
tenants_labels.name_field("flag", gettext_lazy("Rule"))
tenants_labels.name_values("flag", {code: limit_label(code) for code in STANDARD})
tenants_labels.name_field("limit", gettext_lazy("Limit"))
tenants_labels.name_field("ladder", gettext_lazy("Ladder"))
tenants_labels.name_field("until", pgettext_lazy("mute", "Until"))
tenants_labels.name_field("starts_on", gettext_lazy("From"))
tenants_labels.name_field("period", gettext_lazy("Period"))

name_topic("health", Topic(Permission.SETTINGS_EDIT, ("",), ("health.",)))
name_topic("targets", Topic(Permission.TARGET_EDIT, ("forecasting.target", ""), ("target.",), owner_key="owner"))
