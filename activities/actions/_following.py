"""What follows from a visit or a next action elsewhere: the account's story, last contact, first visit, next step."""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Max

from accounts import actions as accounts
from activities.kinds import Result, VisitState
from activities.models import NextAction, Visit, VisitContact
from funnel import actions as funnel
from funnel.models import Opportunity
from tenants.models import Membership


def hand_on(visit: Visit, *, by: Membership, at: datetime) -> None:
    """Tell the account's story, say which visit was the first, and when we last met."""
    accounts.tell(visit.account, "visit.logged", by=by, at=visit.happened_at, source=visit, data=telling(visit))
    mark_first([visit.account_id])
    visit.refresh_from_db(fields=["is_first"])
    touch(visit, by=by, at=at)
    remember_met(contacts_of([visit.pk]), visit.organization.zone, at=at)


def telling(visit: Visit) -> dict[str, str]:
    """Return what the account's story says of a visit."""
    return {"kind": visit.kind, "result": visit.result, "note": visit.note[:300], "commitment": visit.commitment}


def tell_of(visits: Collection[Visit]) -> None:
    """Tell the accounts' stories of visits that took place."""
    accounts.tell_many(
        (visit.account_id, "visit.logged", visit.by_id, visit.happened_at, visit, telling(visit)) for visit in visits
    )


def retell(visits: Collection[Visit]) -> None:
    """Tell of visits in their present words; of one that is only planned nothing is told."""
    accounts.untell(Visit, [visit.pk for visit in visits])
    tell_of([visit for visit in visits if visit.state == VisitState.DONE])


def touch(visit: Visit, *, by: Membership, at: datetime) -> None:
    """Say when the customer was last met; a visit on which nobody was there is no contact."""
    if visit.result == Result.NOBODY:
        return
    accounts.note_contact(visit.account, met_at=visit.happened_at, by=by, at=at)
    if visit.opportunity is not None:
        funnel.note_contact(visit.opportunity, met_at=visit.happened_at, at=at)


def touch_many(account_ids: Sequence[int], opportunity_ids: Sequence[int], *, at: datetime) -> None:
    met = Visit.objects.filter(state=VisitState.DONE).exclude(result=Result.NOBODY).order_by()
    latest = met.filter(account__in=account_ids).values_list("account").annotate(Max("happened_at"))
    accounts.note_contacts(dict(latest))
    latest = met.filter(opportunity__in=opportunity_ids).values_list("opportunity").annotate(Max("happened_at"))
    funnel.note_contacts(dict(latest), at=at)


def contacts_of(visit_ids: Collection[int]) -> set[int]:
    """Return the ids of the people who were at these visits."""
    return set(VisitContact.objects.filter(visit__in=visit_ids).values_list("contact_id", flat=True))


def remember_met(contact_ids: Collection[int], zone: ZoneInfo, *, at: datetime, without: Collection[int] = ()) -> None:
    """Find anew on which day these people were last met, and say so on their records and on strategy sheets.

    :param without: rows of VisitContact that are about to go.
    """
    if not contact_ids:
        return
    rows = VisitContact.objects.filter(contact__in=contact_ids, visit__state=VisitState.DONE)
    rows = rows.exclude(visit__result=Result.NOBODY).exclude(pk__in=without).order_by()
    latest = dict(rows.values_list("contact").annotate(Max("visit__happened_at")))
    met = {pk: latest[pk].astimezone(zone).date() if pk in latest else None for pk in contact_ids}
    accounts.note_met(met)
    funnel.note_met(met, at=at)


def mark_first(account_ids: Sequence[int], *, without: Collection[int] = ()) -> None:
    """Mark each account's earliest meeting as its first visit (FSI); where nobody was met does not count.

    :param without: visits that are about to go.
    """
    met = Visit.objects.filter(account__in=account_ids, state=VisitState.DONE).exclude(result=Result.NOBODY)
    met = met.exclude(pk__in=without)
    first = list(met.order_by("account_id", "happened_at", "id").distinct("account_id").values_list("pk", flat=True))
    Visit.objects.filter(account__in=account_ids, is_first=True).exclude(pk__in=first).update(is_first=False)
    Visit.objects.filter(pk__in=first, is_first=False).update(is_first=True)


def show_next_step(opportunity: Opportunity | None, *, at: datetime) -> None:
    """Put an opportunity's earliest open action, or nothing, on its row."""
    if opportunity is None:
        return
    first = NextAction.objects.open().filter(opportunity=opportunity).order_by("due_on", "id").first()
    funnel.note_next_step(opportunity, text=first.text if first else "", on=first.due_on if first else None, at=at)


def show_next_steps(opportunity_ids: Sequence[int], *, at: datetime) -> None:
    open_actions = NextAction.objects.open().filter(opportunity__in=opportunity_ids)
    firsts = {
        action.opportunity_id: action
        for action in open_actions.order_by("opportunity_id", "due_on", "id").distinct("opportunity_id")
    }
    steps = {pk: (firsts[pk].text, firsts[pk].due_on) if pk in firsts else ("", None) for pk in opportunity_ids}
    funnel.note_next_steps(steps, at=at)


def show_on_gap(action: NextAction) -> None:
    """Say on what we do not know who finds it out until when, and that it was found out."""
    if action.gap_id is None:
        return
    owner = None if action.dropped_at else action.owner
    until = None if action.dropped_at else action.due_on
    funnel.note_sought(action.gap_id, sought_by=owner, until=until, done_at=action.done_at)
