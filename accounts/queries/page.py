"""What stands on one customer's page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q

from accounts.assessment import GROUPS, trend
from accounts.models import Account, AccountMember, Assessment, AssessmentSetting, Contact, TimelineEntry
from accounts.segments import Factor
from tenants.ids import read_id
from tenants.models import Membership

LINES = 20


@dataclass(frozen=True)
class Lines:
    """A page of the timeline, newest first; `more` asks for the next one."""

    entries: list[TimelineEntry]
    more: str


@dataclass(frozen=True)
class Line:
    """One factor on the chart: `rating` 0–4 from poor to good, None while it is not judged."""

    factor: Factor
    group: str
    rating: int | None
    note: str


@dataclass(frozen=True)
class AccountPage:
    """Everything of the accounts app on an account's page."""

    contacts: list[Contact]
    members: list[AccountMember]
    subsidiaries: list[Account]
    assessments: list[Assessment]
    setting: AssessmentSetting
    lines: Lines

    @property
    def latest(self) -> Assessment | None:
        """The assessment that counts."""
        return self.assessments[0] if self.assessments else None

    @property
    def trend(self) -> int | None:
        """Points since the assessment before."""
        return trend([assessment.score for assessment in reversed(self.assessments)])

    @property
    def fall(self) -> int:
        """Points lost since the assessment before, above zero."""
        return -(self.trend or 0)

    @property
    def chart(self) -> list[Line]:
        """The ten factors of the latest assessment."""
        return chart(self.latest)


def chart(assessment: Assessment | None) -> list[Line]:
    """Return the ten factors in their groups, with what the assessment says of each."""
    rows = {} if assessment is None else {row.factor: row for row in assessment.ratings.all()}
    return [
        Line(
            factor,
            group.code,
            rows[factor].rating // 25 if factor in rows else None,
            rows[factor].note if factor in rows else "",
        )
        for group in GROUPS
        for factor in group.factors
    ]


def timeline(account: Account, before: str = "") -> Lines:
    """Return twenty lines of an account's story, older than the mark `before` that a page before gave."""
    entries = TimelineEntry.objects.filter(account=account).select_related("by__user")
    moment, _sign, pk = before.partition("_")
    key = read_id(pk)
    if moment and key is not None:
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            entries = entries.filter(Q(at__lt=at) | Q(at=at, pk__lt=key))
    found = list(entries[: LINES + 1])
    last = found[LINES - 1] if len(found) > LINES else None
    return Lines(found[:LINES], f"{last.at.isoformat()}_{last.pk}" if last else "")


def assessments_of(account: Account, limit: int = 12) -> list[Assessment]:
    """Return the latest assessments with who made them and what they say, newest first."""
    rows = Assessment.objects.filter(account=account).select_related("by__user")
    return list(rows.prefetch_related(Prefetch("ratings"))[:limit])


def page_of(account: Account, membership: Membership) -> AccountPage:
    """Return what an account's page shows; subsidiaries only those `membership` may see."""
    below = Account.objects.visible_to(membership).filter(parent=account)
    return AccountPage(
        contacts=list(Contact.objects.filter(account=account)),
        members=list(AccountMember.objects.filter(account=account).select_related("member__user")),
        subsidiaries=list(below.order_by("name_key")[:50]),
        assessments=assessments_of(account),
        setting=AssessmentSetting.current(),
        lines=timeline(account),
    )
