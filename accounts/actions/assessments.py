"""Assessments, and the setting they are judged by."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actions import _rows, _segments
from accounts.actions.timeline import tell
from accounts.models import Account, Assessment, AssessmentSetting, Rating
from accounts.segments import Factor
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused, Stale
from tenants.models import Membership


@transaction.atomic
def assess(
    account: Account,
    *,
    ratings: Mapping[Factor, int],
    by: Membership,
    at: datetime,
    notes: Mapping[Factor, str] | None = None,
    request_key: UUID | None = None,
    seen: int | None = None,
) -> Assessment:
    """Record a dated judgement of an account's potential, and set its segment.

    :param ratings: only the factors known, each 0, 25, 50, 75 or 100.
    :param seen: id of the latest assessment that was shown, 0 for none; None does not look.
    :raises Refused: nothing_judged.
    :raises Stale: somebody else assessed it since; `theirs` holds their rating by factor.
    """
    if not ratings:
        raise Refused("nothing_judged")
    account = Account.objects.select_for_update().get(pk=account.pk)
    if request_key is not None:
        first: Assessment | None = Assessment.objects.filter(request_key=request_key).first()
        if first is not None:
            return first
    latest: Assessment | None = Assessment.objects.select_related("by__user").filter(account=account).first()
    if seen is not None and latest is not None and latest.pk != seen:
        raise Stale({str(f): r for f, r in latest.judged.items()}, changed_by=latest.by.name, changed_at=latest.at)
    setting = AssessmentSetting.current()
    judgement = setting.judge(dict(ratings))
    before = account.segment
    account.score, account.confidence, account.assessed_at = judgement.score, judgement.confidence, at
    account.take_place(setting.limits)
    account.save(update_fields=["score", "confidence", "assessed_at", "segment", "needs_assessment"])
    assessment: Assessment = Assessment.objects.create(
        account=account,
        by=by,
        at=at,
        score=judgement.score,
        confidence=judgement.confidence,
        segment=account.segment,
        request_key=request_key,
    )
    add_ratings([(assessment, ratings, notes or {})])
    told = {"score": judgement.score, "segment": str(account.segment)}
    tell(account, "account.assessed", by=by, at=at, source=account, data=told)
    audit.record("account.assessed", account, by=by, at=at, before=str(before), **told)
    return assessment


def add_ratings(rows: Iterable[tuple[Assessment, Mapping[Factor, int], Mapping[Factor, str]]]) -> None:
    Rating.objects.bulk_create(
        (
            Rating(assessment=assessment, factor=factor, rating=rating, note=notes.get(factor, ""))
            for assessment, ratings, notes in rows
            for factor, rating in ratings.items()
        ),
        batch_size=_rows.BATCH,
    )


@transaction.atomic
def change_assessment_setting(
    *, seen: int, by: Membership, at: datetime, **fields: Any
) -> tuple[AssessmentSetting, int]:
    """Agree on another benchmark, limit or weights, and place every account anew; returns how many changed segment.

    :param fields: `benchmark` (minor units), `high_from`, `little_percent`, `weights` ({factor: weight from 0}).
    :raises Stale: it has been changed since version `seen`.
    :raises Refused: no_weight.
    """
    AssessmentSetting.objects.get_or_create()
    setting = AssessmentSetting.objects.select_for_update().get()
    changes = _rows.changes(setting, fields)
    if not changes:
        return setting, 0
    refuse_stale(setting, seen, *fields)
    if "weights" in fields and not any(fields["weights"].get(factor, 0) for factor in Factor):
        raise Refused("no_weight")
    for name, value in fields.items():
        setattr(setting, name, value)
    setting.version += 1
    setting.updated_at, setting.updated_by = at, by
    setting.save()
    accounts = Account.objects.select_for_update().order_by("pk").judged_by(setting)
    moved = _segments.resegment(accounts, setting.limits, at=at, also=("score", "confidence"))
    audit.record("assessment_setting.changed", setting, by=by, at=at, changes=changes, moved=moved)
    return setting, moved
