"""The chain of one-on-one sessions."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from coaching.models import CoachingSession
from funnel.evidence import Item
from funnel.models import Evidence, EvidenceItem, Opportunity, StageSetting
from funnel.stages import Stage, StageRow, missing
from tenants.models import Membership


def sessions(member: Membership, *, person: int | None = None) -> QuerySet[CoachingSession]:
    """Return the sessions a member may read, the latest first."""
    rows = CoachingSession.objects.visible_to(member)
    if person:
        rows = rows.filter(rep_id=person)
    found: QuerySet[CoachingSession] = rows.select_related(
        "opportunity__account", "rep__user", "coach__user", "next_action"
    )
    return found


def sessions_of(member: Membership, opportunity: Opportunity) -> list[CoachingSession]:
    """Return the sessions on an opportunity that a member may read, the latest first."""
    return list(sessions(member).filter(opportunity=opportunity)[:20])


def stage_row(stage: Stage) -> StageRow:
    """Return a stage as this organization words and weighs it."""
    row: StageRow = StageSetting.table()[stage - 1]
    return row


def lacking(opportunity: Opportunity) -> Collection[Item]:
    """Return the evidence still missing to leave the stage in which an opportunity stands."""
    stage = Stage(opportunity.stage)
    if stage == Stage.DEPLOY:
        return ()
    filed = {row.item.key for row in Evidence.objects.standing().filter(opportunity=opportunity).select_related("item")}
    return missing(EvidenceItem.objects.all().checklist(), filed, left=stage, to=Stage(stage + 1))


def last_session(opportunity: Opportunity) -> CoachingSession | None:
    """Return the latest session on an opportunity, whoever held it."""
    rows = CoachingSession.objects.filter(opportunity=opportunity).select_related("next_action", "coach__user")
    found: CoachingSession | None = rows.first()
    return found


def recorded(key: str, *, by: Membership) -> CoachingSession | None:
    """Return the session that a coach recorded with this key, when a form comes a second time."""
    try:
        parsed = UUID(key)
    except ValueError:
        return None
    found: CoachingSession | None = CoachingSession.objects.filter(request_key=parsed, coach=by).first()
    return found


def chain_of(session: CoachingSession) -> tuple[CoachingSession | None, CoachingSession | None]:
    """Return the session before and the one after."""
    before = session.previous
    after: CoachingSession | None = CoachingSession.objects.filter(previous=session).first()
    return before, after


def coached(member: Membership) -> list[Membership]:
    """Return the people whose sessions a member may read, by name."""
    reps = CoachingSession.objects.visible_to(member).order_by().values("rep_id")
    people = Membership.objects.in_current_organization().filter(pk__in=reps)
    return sorted(people, key=lambda person: person.name)
