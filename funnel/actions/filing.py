"""Filing many pieces of evidence, all or none, and filing what lacks on the way to another stage."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from funnel.actions.moving import move
from funnel.actions.proving import file_evidence
from funnel.evidence import NoneFiled
from funnel.models import Opportunity
from funnel.stages import MissingEvidence, Stage, StageRow
from tenants.errors import Refused, Stale
from tenants.models import Membership

_OF_GOING_ON = frozenset({"override_why_needed", "until_over", "until_too_far"})


@transaction.atomic
def file_many(filings: Sequence[tuple[Opportunity, str, Mapping[str, Any]]], *, by: Membership, at: datetime) -> None:
    """File all of these pieces of evidence, or none of them.

    Two who file for the same opportunities wait for one another: each takes them in the order of their keys.

    :param filings: the opportunity, the key of the item, and its values as `file_evidence` takes them.
    :raises NoneFiled: with why, for each that was refused or changed since.
    """
    errors: dict[int, Refused | Stale] = {}
    for place, (opportunity, key, values) in sorted(enumerate(filings), key=lambda each: each[1][0].pk):
        try:
            file_evidence(opportunity, key, **values, by=by, at=at)
        except (Refused, Stale) as error:
            errors[place] = error
    if errors:
        raise NoneFiled(errors)


@dataclass(frozen=True)
class Way:
    """How far it came: the opportunity where it was moved, or what lacks still.

    `refused` says of the filings, by their place, why they were not taken; `going_on` why what lacks was not left out.
    """

    came: Opportunity | MissingEvidence
    refused: Mapping[int, Refused] = field(default_factory=dict)
    going_on: Refused | None = None


def file_and_move(
    opportunity: Opportunity,
    filings: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    left: Stage,
    to: Stage,
    by: Membership,
    at: datetime,
    why: str = "",
    until: date | None = None,
    table: Sequence[StageRow] | None = None,
) -> Way:
    """File what was typed on the way and move, or do neither; where evidence still lacks, what was filed stays filed.

    Where something was not taken, nothing is left out by `until`.

    :param filings: the key of each item, and its values as `file_evidence` takes them.
    :param left, to, why, until, table: as of `move`.
    :raises Stale: as `move` and `file_evidence`; Refused: as `move`, but for what lacks.
    """
    refused: dict[int, Refused] = {}
    with transaction.atomic() if filings else nullcontext():
        for place, (key, values) in enumerate(filings):
            try:
                file_evidence(opportunity, key, **values, by=by, at=at)
            except Refused as error:
                refused[place] = error
        asked: dict[str, Any] = {"left": left, "to": to, "why": why, "by": by, "at": at, "table": table}
        going, going_on = None if refused else until, None
        try:
            try:
                return Way(move(opportunity, **asked, until=going), refused)
            except Refused as error:
                if going is None or error.code not in _OF_GOING_ON:
                    raise
                going_on = error
                return Way(move(opportunity, **asked), refused, going_on)
        except MissingEvidence as lacking:
            return Way(lacking, refused, going_on)
