"""Assessments that come in bulk, and how they are taken back."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from django.db import transaction

from accounts.actions import _rows
from accounts.actions.assessments import add_ratings
from accounts.actions.timeline import tell_many, untell
from accounts.models import Account, Assessment, AssessmentSetting
from accounts.records import AssessmentRow, Imported, Outcome
from tenants import audit
from tenants.models import Membership

_STANDING = ["score", "confidence", "assessed_at", "segment", "needs_assessment"]


class _Kept:
    """What was judged before: the same person, day and ratings once more is no new judgement."""

    def __init__(self, account_ids: Collection[int], zone: tzinfo) -> None:
        self._zone = zone
        self._by_day: dict[tuple[int, int, date], list[tuple[dict[str, tuple[int, str]], Assessment]]]
        self._by_day = defaultdict(list)
        self._latest: dict[tuple[int, int], tuple[dict[str, tuple[int, str]], Assessment]] = {}
        found = Assessment.objects.filter(account__in=account_ids).order_by("at", "id").prefetch_related("ratings")
        for assessment in found:
            ratings = {row.factor: (row.rating, row.note) for row in assessment.ratings.all()}
            self._add(ratings, assessment)

    def _add(self, ratings: dict[str, tuple[int, str]], assessment: Assessment) -> None:
        key = (assessment.account_id, assessment.by_id)
        self._by_day[(*key, assessment.at.astimezone(self._zone).date())].append((ratings, assessment))
        if key not in self._latest or self._latest[key][1].at <= assessment.at:
            self._latest[key] = (ratings, assessment)

    def same(self, row: AssessmentRow) -> Assessment | None:
        """Return the judgement that this row tells of; without a day of its own it may be the latest."""
        key, ratings = (row.account_id, row.by_id), _judged(row)
        near = self._by_day.get((*key, row.at.astimezone(self._zone).date()), [])
        if not row.is_dated and key in self._latest:
            near = [*near, self._latest[key]]
        return next((assessment for judged, assessment in near if judged == ratings), None)

    def add(self, row: AssessmentRow, assessment: Assessment) -> None:
        self._add(_judged(row), assessment)


def _judged(row: AssessmentRow) -> dict[str, tuple[int, str]]:
    return {str(factor): (rating, row.notes.get(factor, "")) for factor, rating in row.ratings.items()}


@transaction.atomic
def import_assessments(rows: Sequence[AssessmentRow], *, by: Membership, at: datetime) -> list[Imported]:
    """Record dated assessments, many at a time, and place their accounts by the latest; answers in the rows' order.

    Old ones are kept. The same account, person, day and ratings once more change nothing.
    """
    setting = AssessmentSetting.current()
    ids = {row.account_id for row in rows}
    accounts = {a.pk: a for a in Account.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    kept = _Kept(ids, by.organization.zone)
    made: list[tuple[Assessment, AssessmentRow]] = []
    answers: dict[int, tuple[Outcome, Assessment]] = {}
    for place, row in sorted(enumerate(rows), key=lambda each: each[1].at):
        if (same := kept.same(row)) is not None:
            answers[place] = (Outcome.UNCHANGED, same)
            continue
        assessment = _judge(accounts[row.account_id], row, setting)
        kept.add(row, assessment)
        made.append((assessment, row))
        answers[place] = (Outcome.CREATED, assessment)
    Assessment.objects.bulk_create([assessment for assessment, _row in made], batch_size=_rows.BATCH)
    add_ratings((assessment, row.ratings, row.notes) for assessment, row in made)
    Account.objects.bulk_update(accounts.values(), _STANDING, batch_size=_rows.BATCH)
    tell_many(
        (a.account_id, "account.assessed", a.by_id, a.at, a, {"score": a.score, "segment": str(a.segment)})
        for a, _row in made
    )
    if made:
        audit.record("assessments.imported", None, by=by, at=at, created=len(made))
    return [Imported(answers[place][0], answers[place][1].pk) for place in range(len(rows))]


def _judge(account: Account, row: AssessmentRow, setting: AssessmentSetting) -> Assessment:
    """Return the judgement of a row; the account takes its place by it unless it was judged later."""
    judgement = setting.judge(dict(row.ratings))
    standing = {name: getattr(account, name) for name in _STANDING}
    account.score, account.confidence, account.assessed_at = judgement.score, judgement.confidence, row.at
    account.take_place(setting.limits)
    segment = account.segment
    if standing["assessed_at"] is not None and standing["assessed_at"] > row.at:
        for name, value in standing.items():
            setattr(account, name, value)
    return Assessment(
        account=account,
        by_id=row.by_id,
        at=row.at,
        score=judgement.score,
        confidence=judgement.confidence,
        segment=segment,
    )


@transaction.atomic
def forget_assessments(ids: Collection[int]) -> None:
    """Place accounts as if these assessments, which are about to go, had never been."""
    setting = AssessmentSetting.current()
    theirs = Assessment.objects.filter(pk__in=ids).values_list("account_id", flat=True)
    accounts = Account.objects.select_for_update().filter(pk__in=set(theirs)).order_by("pk")
    left = Assessment.objects.filter(account__in=[account.pk for account in accounts]).exclude(pk__in=ids)
    newest = left.order_by("account_id", "-at", "-id").distinct("account_id").prefetch_related("ratings")
    latest: dict[int, Any] = {assessment.account_id: assessment for assessment in newest}
    for account in accounts:
        assessment = latest.get(account.pk)
        judgement = setting.judge(assessment.judged if assessment else {})
        account.score, account.confidence = judgement.score, judgement.confidence
        account.assessed_at = assessment.at if assessment else None
        account.take_place(setting.limits)
    Account.objects.bulk_update(accounts, _STANDING, batch_size=_rows.BATCH)
    untell(Assessment, ids)
