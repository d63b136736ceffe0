"""What we do not know yet, who finds it out, and what came of it."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from accounts import names
from funnel.actions import _sheet
from funnel.models import InformationGap, Opportunity
from tenants.errors import Refused
from tenants.models import Membership

TEXT_LENGTH, ANSWER_LENGTH = 200, 500


@transaction.atomic
def add_gap(
    opportunity: Opportunity, *, text: str, by: Membership, at: datetime, request_key: UUID | None = None
) -> InformationGap:
    """Note something that we do not know. A key that was used before returns the gap it made.

    :raises Refused: `gap_empty`, `note_too_long`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    earlier = InformationGap.objects.filter(request_key=request_key).first() if request_key else None
    if earlier is not None:
        return earlier
    row = InformationGap(opportunity=opportunity, request_key=request_key, created_at=at)
    _sheet.write(row, {"text": _text_of(text)}, seen=0, by=by, at=at)
    _sheet.tell("gap.added", row, opportunity, by=by, at=at, text=row.text)
    return row


def _text_of(text: str) -> str:
    text = _sheet.text_of(names.tidy(text), TEXT_LENGTH)
    if names.is_blank(text):
        raise Refused("gap_empty")
    return text


@transaction.atomic
def change_gap(
    opportunity: Opportunity,
    pk: int,
    *,
    seen: int,
    text: str,
    answer: str,
    is_known: bool,
    by: Membership,
    at: datetime,
) -> InformationGap:
    """Say what was found out, or put the question in other words.

    :param is_known: whether it is known now; what is not known any more is open again.
    :raises InformationGap.DoesNotExist: no such gap on this sheet.
    :raises Stale: it was changed since version `seen`.
    :raises Refused: `gap_empty`, `note_too_long`.
    """
    opportunity = _sheet.hold(opportunity, by=by)
    row = _sheet.on_sheet(InformationGap, opportunity, pk)
    was_known = row.closed_at is not None
    closed_at = (row.closed_at or at) if is_known else None
    fields = {"text": _text_of(text), "answer": _sheet.text_of(answer, ANSWER_LENGTH), "closed_at": closed_at}
    changes = _sheet.write(row, fields, seen=seen, by=by, at=at)
    changes.pop("closed_at", None)
    verb = "gap.changed" if is_known == was_known else "gap.closed" if is_known else "gap.reopened"
    if changes or is_known != was_known:
        _sheet.tell(verb, row, opportunity, by=by, at=at, changes=changes)
    return row


@transaction.atomic
def seek(gap: InformationGap, *, sought_by: Membership, until: date) -> None:
    """Note who will find it out, until when: activities has made a next action of it.

    Like `note_sought` it does not count the version up, since nobody types it in a form.

    :raises Refused: `gap_closed`, `gap_sought`.
    """
    row = _held(gap.pk)
    if row.closed_at is not None:
        raise Refused("gap_closed")
    if row.sought_by_id is not None:
        raise Refused("gap_sought")
    row.sought_by, row.sought_until = sought_by, until
    row.save(update_fields=["sought_by", "sought_until"])


@transaction.atomic
def note_sought(gap: int, *, sought_by: Membership | None, until: date | None, done_at: datetime | None) -> None:
    """Note what became of the next action behind a gap: another day, given up (nobody, no day), done, or taken back.

    Done closes the gap; taken back opens it again, unless somebody wrote down what was found out.
    """
    row = _held(gap)
    row.sought_by, row.sought_until = sought_by, until
    if done_at is not None:
        row.closed_at = row.closed_at or done_at
    elif not row.answer:
        row.closed_at = None
    row.save(update_fields=["sought_by", "sought_until", "closed_at"])


def _held(pk: int) -> InformationGap:
    found: InformationGap = InformationGap.objects.select_for_update(of=("self",)).get(pk=pk)
    return found
