"""Reads about imports that are more than rows of one model."""

import re
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext

from exchange import labels
from exchange.models import Import
from exchange.states import ImportState
from exchange.targets import Group, Option, Question, Survey, question_code
from exchange.values import ORDERS, DateFormat
from jobs.states import State
from tenants.models import Membership


def has_stopped(imported: Import) -> bool:
    """Return whether its job ended, cancelled or failed, with work left."""
    at_work = imported.state in {ImportState.READING, ImportState.CHECKING, ImportState.IMPORTING}
    return at_work and imported.job is not None and imported.job.state in {State.CANCELLED, State.FAILED}


def survey_of(imported: Import, mapping: Mapping[str, int]) -> Survey:
    """Return what the file holds under a mapping (which need not be the stored one)."""
    columns = imported.surveyed
    return Survey(
        rows=imported.total,
        columns={code: columns[column] for code, column in mapping.items() if 0 <= column < len(columns)},
    )


def questions(imported: Import, mapping: Mapping[str, int], *, by: Membership) -> list[Group]:
    """Return everything that a mapping leaves open: what the target asks."""
    return imported.kind.ask(survey_of(imported, mapping), by)


def date_group(imported: Import, mapping: Mapping[str, int]) -> list[Group]:
    """Return the questions about dates that can be read in two ways, if there are any."""
    questions = [
        Question(
            question_code("dates", code),
            gettext("%(column)s, like %(example)s")
            % {"column": imported.header_of(mapping[code]), "example": ", ".join(dates.examples)},
            [Option(order, labels.DATE_ORDERS[order]) for order in ORDERS if order != "ymd" or _is_short(dates)],
            "",
        )
        for code, dates in open_dates(imported, mapping)
    ]
    if not questions:
        return []
    hint = gettext("These dates can be read in more than one way.")
    return [Group("dates", gettext("Order of day and month"), questions, hint)]


def _is_short(dates: DateFormat) -> bool:
    """Whether the years have two digits, so that they may come first."""
    return not any(part for text in dates.examples for part in re.findall(r"\d{4}", text))


def open_dates(imported: Import, mapping: Mapping[str, int]) -> list[tuple[str, DateFormat]]:
    """Return the mapped date fields whose column does not tell day from month."""
    columns = imported.surveyed
    return [
        (field.code, columns[mapping[field.code]].dates)
        for field in imported.kind.fields
        if field.kind in {"date", "moment"} and field.code in mapping and columns[mapping[field.code]].dates.ambiguous
    ]


def same_file(imported: Import) -> datetime | None:
    """Return when the very same file was imported as the same thing before, if it was."""
    earlier: Import | None = (
        Import.objects.filter(target=imported.target, state=ImportState.DONE, sha256=imported.sha256)
        .exclude(pk=imported.pk)
        .first()
    )
    return earlier.finished_at if earlier else None


def sellers(by: Membership) -> list[Membership]:
    """Return the members to whom `by` may give rows: an admin or executive everyone who sells, others whom they see."""
    members = Membership.objects.in_current_organization().active().selling().order_by("user__name")
    reach = reach_of(by)
    return [member for member in members if reach is None or member.pk in reach]


def heir_of(by: Membership) -> int:
    """Return who gets what nobody is named for: the importer, or the first seller where the importer sells nothing."""
    members = [member.pk for member in sellers(by)]
    return by.pk if by.pk in members or not members else members[0]


def reach_of(by: Membership) -> frozenset[int] | None:
    """Return whose records an import by this member may change: None for everyone's."""
    return None if by.is_admin else by.visible_owner_ids
