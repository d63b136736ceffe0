"""The opportunities that break a health rule, what is said of each rule, and whom it has come up to."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from django.db.models import Exists, F, OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from forecasting.ladder import may_mute
from forecasting.models import Alert, Mute, owned_by, rungs_of
from funnel.models import URGENCY, Opportunity
from funnel.stages import Health
from jobs.models import Notification
from tenants.models import Membership, Organization


def flagged(
    membership: Membership,
    owners: Collection[int] | None,
    *,
    code: str = "",
    health: str = "",
    climbed: bool = False,
    muted: bool = False,
    today: date | None = None,
) -> QuerySet[Opportunity]:
    """Return the open opportunities with a flag: at risk first, then the largest.

    :param climbed: those alone of which an alert has gone up a step.
    :param muted: those alone of which a rule is muted on `today`.
    """
    found = Opportunity.objects.visible_to(membership).open().filter(owned_by(owners)).exclude(flags=[])
    if code:
        found = found.filter(flags__contains=[code])
    if health in set(Health):
        found = found.filter(health=health)
    if climbed:
        found = found.filter(Exists(Alert.objects.standing().filter(opportunity=OuterRef("pk"), step__gt=0)))
    if muted:
        found = found.filter(Exists(Mute.objects.filter(opportunity=OuterRef("pk"), ended_at=None, until__gte=today)))
    ordered = found.with_card().order_by(URGENCY, F("amount").desc(nulls_last=True), "pk")
    return cast("QuerySet[Opportunity]", ordered)


@dataclass(frozen=True)
class Told:
    """What is known of a standing flag: its alert, who has heard of it, the mute that keeps it quiet, and the rungs
    above the owner, where it has gone up.
    """

    alert: Alert | None = None
    mute: Mute | None = None
    heard: Sequence[Membership] = ()
    rungs: Sequence[Sequence[int]] = ()

    def may_mute(self, member: int) -> bool:
        """Return whether somebody may keep it quiet, as the action asks."""
        return may_mute(member, self.alert.step if self.alert else 0, self.rungs)


def told_of(
    organization: Organization, opportunities: Sequence[Opportunity], *, today: date
) -> dict[int, dict[str, Told]]:
    """Return what is known of the standing flags of these opportunities, by id and code.

    The owner has heard of an alert first, then whoever leads them, step by step.
    """
    alerts = list(Alert.objects.standing().filter(opportunity__in=opportunities).order_by())
    mutes = Mute.objects.filter(opportunity__in=opportunities, ended_at=None, until__gte=today)
    quiet = {(mute.opportunity_id, mute.code): mute for mute in mutes.select_related("by__user").order_by()}
    owners = {each.pk: each.owner for each in opportunities}
    above = _above(organization, {owners[alert.opportunity_id].pk for alert in alerts if alert.step})
    found: dict[int, dict[str, Told]] = defaultdict(dict)
    for alert in alerts:
        owner = owners[alert.opportunity_id]
        rungs = above[owner.pk] if alert.step else ()
        reached = (person for rung in rungs[: alert.step] for person in rung)
        heard = [*([owner] if alert.told_at else []), *reached]
        ids = [[person.pk for person in rung] for rung in rungs]
        found[alert.opportunity_id][alert.code] = Told(alert, quiet.get((alert.opportunity_id, alert.code)), heard, ids)
    return found


def _above(organization: Organization, owners: Collection[int]) -> Mapping[int, Sequence[Sequence[Membership]]]:
    """Return for each of these owners the people whom their alerts go up to, one rung a step."""
    if not owners:
        return {}
    rungs = rungs_of(organization, owners)
    ids = {person for each in rungs.values() for rung in each for person in rung}
    people = {person.pk: person for person in Membership.objects.filter(pk__in=ids).select_related("user")}
    return {owner: [[people[pk] for pk in rung] for rung in each] for owner, each in rungs.items()}


def open_or_404(membership: Membership, pk: int) -> Opportunity:
    """Return an open opportunity; Http404 for one that is closed or that `membership` may not see."""
    rows = Opportunity.objects.visible_to(membership).open().select_related("account", "owner__user")
    found: Opportunity = get_object_or_404(rows, pk=pk)
    return found


def mute_of(opportunity: Opportunity, code: str) -> Mute | None:
    """Return the mute that stands for a rule, over or not."""
    found: Mute | None = Mute.objects.filter(opportunity=opportunity, code=code, ended_at=None).first()
    return found


def readers(after: int) -> Sequence[Membership]:
    """Return the next of the people who want the daily mail, beyond an id; nobody at the end."""
    found = Membership.objects.active().in_current_organization().filter(user__daily_mail=True, pk__gt=after)
    return list(found.order_by("pk")[:1])


def digest_rows(member: Membership, news: Sequence[Notification]) -> list[Opportunity]:
    """Return the opportunities that these lines name and that are still open and in sight, the gravest first."""
    ids = {pk for line in news for pk in line.data.get("opportunities", [])}
    found = Opportunity.objects.visible_to(member).open().filter(pk__in=ids).select_related("account")
    return list(found.order_by(URGENCY, F("amount").desc(nulls_last=True), "pk")[:20])
