"""The nights that lie behind the demo company: alerts raised one after the other, gone up the ladder, kept quiet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Count, F, Q

from activities import actions as activities_actions
from activities.kinds import Kind, Origin, Result
from activities.models import NextAction
from forecasting import actions as forecasting_actions
from forecasting.actions.measuring import measure
from forecasting.ladder import STEPS
from forecasting.models import Alert, rungs_of
from funnel.flags import Flag
from funnel.models import Opportunity
from salesops import demo_company, demo_health
from tenants.models import Membership, Organization
from tenants.permissions import Role

AHEAD = timedelta(days=8)
"""So far ahead of the day on which it is planned a next action is due: on no day of these is it overdue yet."""

LAST = len(STEPS)
"""The step of an alert that has gone up as far as it can."""


def live_nights(organization: Organization, *, at: datetime) -> None:
    """Let people work and judge as so many nights would have, and today all.

    A night judges what stood then as it stands now: in its stage, or past its expected close. Some alerts are muted, by
    whoever they have reached.
    """
    measure(organization, at=at)
    rows = list(
        Opportunity.objects.open()
        .order_by("pk")
        .values_list("pk", "opened_at", "stage_entered_at", "expected_close_on")
    )
    for night in demo_health.NIGHTS:
        when = at - timedelta(days=night)
        today = when.astimezone(organization.zone).date()
        for what, count in demo_health.WORK.get(night, ()):
            _work(what, count, at=when)
        ids = [
            pk
            for pk, opened, entered, due in rows
            if entered < when or (opened < when and due is not None and due < today)
        ]
        forecasting_actions.judge(ids, when)
        forecasting_actions.tell_untold(organization, at=when)
        forecasting_actions.climb(organization, at=when)
    forecasting_actions.refresh_health(organization, at=at)
    for code, step, reason, days in demo_health.MUTES:
        _mute(organization, code, step, reason, days, at=at)


def _work(what: str, count: int, *, at: datetime) -> None:
    """Let reps do this for so many opportunities: of each the one that it helps or harms most plainly."""
    rows = (
        Opportunity.objects.open()
        .filter(owner__role=Role.REP, opened_at__lt=at - timedelta(days=1))
        .annotate(left=Count("next_actions", Q(next_actions__done_at=None, next_actions__dropped_at=None)))
        .select_related("account", "owner__organization")
    )
    if what == demo_health.FINISH:
        theirs = {"next_actions__origin": Origin.VISIT, "next_actions__created_at__lt": at}
        found = rows.filter(left=1, flags=[], stage_entered_at__lt=at, **theirs).distinct()
    elif what == demo_health.PLAN:
        old = Alert.objects.standing().filter(code=Flag.NO_NEXT_STEP, step=LAST).values("opportunity")
        found = rows.filter(left=0, pk__in=old)
    else:
        found = rows.filter(flags__contains=[Flag.SILENT])
    for number, deal in enumerate(_of_each(list(found.order_by("owner_id", "flags__len", "-amount", "pk")))[:count]):
        if what == demo_health.FINISH:
            activities_actions.complete(NextAction.objects.open().get(opportunity=deal), by=deal.owner, at=at)
        elif what == demo_health.PLAN:
            activities_actions.add_next_action(
                deal.account,
                owner=deal.owner,
                text=demo_company.NEXT_STEPS[(number + at.day) % len(demo_company.NEXT_STEPS)],
                due_on=(at + AHEAD).astimezone(demo_company.ZONE).date(),
                by=deal.owner,
                at=at,
                opportunity=deal,
            )
        else:
            activities_actions.log_visit(
                deal.account,
                by=deal.owner,
                at=at,
                happened_at=at - timedelta(hours=2),
                kind=Kind.CALL,
                result=Result.STEADY,
                note="電話聯絡上了，對方補充了現況。",
                opportunity=deal,
            )


def _of_each(rows: Sequence[Opportunity]) -> list[Opportunity]:
    """Return them in turns: the first of each owner, then the second of each, and so on."""
    ranked = [
        (turn, deal) for _owner, mine in groupby(rows, key=lambda deal: deal.owner_id) for turn, deal in enumerate(mine)
    ]
    return [deal for _turn, deal in sorted(ranked, key=lambda each: each[0])]


def _mute(organization: Organization, code: str, step: int, reason: str, days: int, *, at: datetime) -> None:
    """Keep the alert of the largest opportunity quiet that has come so far up and no further."""
    alert = (
        Alert.objects.standing()
        .filter(code=code, step=step, opportunity__owner__role=Role.REP)
        .exclude(opportunity__mutes__code=code)
        .select_related("opportunity__owner__organization")
        .order_by(F("opportunity__amount").desc(nulls_last=True), "pk")
        .first()
    )
    if alert is None:
        return
    owner = alert.opportunity.owner
    rungs = rungs_of(organization, {owner.pk})[owner.pk]
    by = Membership.objects.get(pk=rungs[min(step, len(rungs)) - 1][0]) if step else owner
    until = at.astimezone(organization.zone).date() + timedelta(days=days)
    forecasting_actions.mute(alert.opportunity, code, until=until, reason=reason, seen=0, by=by, at=at)
