"""Reads about imports that are more than rows of one model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext

from exchange import keepers, labels
from exchange.dates import ORDERS, DateFormat
from exchange.models import Import, SavedMapping
from exchange.states import ImportState
from exchange.targets import TARGETS, Group, Option, Question, Survey, question_code
from jobs.states import State
from tenants.labels import in_a_row, kind_words
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
            % {"column": imported.header_of(mapping[code]), "example": in_a_row(dates.examples)},
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


# Undoing -----------------------------------------------------------------------------------------

COUNTED_TOUCHES = 1_000


@dataclass(frozen=True)
class Effect:
    """What undoing does to one kind of row."""

    label: str
    removed: str
    restored: str


@dataclass(frozen=True)
class TouchLine:
    """One reason why an import cannot be undone, for people."""

    what: str
    name: str
    why: str
    by: str
    at: datetime | None


def undoing(imported: Import, *, by: Membership) -> dict[str, Any]:
    """Return what undoing an import would do by kind of row, and what bars it: the first lines, and how many."""
    ledger = imported.ledger()
    found = list(islice(keepers.touches(ledger, reach=reach_of(by)), COUNTED_TOUCHES + 1))
    counts = ledger.counts()
    return {
        "effects": [
            Effect(str(keepers.label_of(code)), f"{removed:,}", f"{restored:,}")
            for code, (removed, restored) in sorted(counts.items(), key=lambda each: -keepers.KEEPERS[each[0]].position)
        ],
        "touched": [_line(told) for told in keepers.tell(found[: keepers.SHOWN])],
        "touches": len(found),
        "touches_text": f"{COUNTED_TOUCHES:,}+" if len(found) > COUNTED_TOUCHES else f"{len(found):,}",
    }


def _line(told: keepers.Told) -> TouchLine:
    touch = told.touch
    why = str(labels.TOUCHES[touch.why])
    if touch.why == "used":
        why = gettext("since then: %(what)s") % {"what": kind_words(touch.model._meta.label_lower)}
    return TouchLine(str(keepers.label_of(touch.keeper)), told.name, why, told.by, told.at)


# Saved mappings ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A saved mapping beside a file: the headings that the file lacks; whether the page is filled in by it now."""

    mapping: SavedMapping
    missing: str
    is_used: bool


def saved_mappings() -> list[SavedMapping]:
    """Return every saved mapping of a target that is still there, by target and name."""
    rows = SavedMapping.objects.select_related("by__user").order_by("target", "name")
    return [row for row in rows if row.target in TARGETS]


def offers(imported: Import) -> list[Offer]:
    """Return the saved mappings of an import's target, those that fit first."""
    found = [
        Offer(
            each,
            in_a_row(missing := each.missing(imported.headers)),
            not missing and each.placed(imported.headers) == imported.mapping,
        )
        for each in SavedMapping.objects.filter(target=imported.target)
    ]
    return sorted(found, key=lambda offer: (not offer.is_used, bool(offer.missing), offer.mapping.name))


def name_for(imported: Import) -> str:
    """Return what its columns may be called: as the saved mapping it was filled in by, else as its file."""
    used = next((offer.mapping.name for offer in offers(imported) if offer.is_used), "")
    return used or (imported.file_name.rpartition(".")[0] or imported.file_name)[:80]


def as_draft(saved: SavedMapping, imported: Import) -> dict[str, str]:
    """Return what the form of the columns would send if it were filled in as a saved mapping says."""
    placed = saved.placed(imported.headers)
    return {**saved.answers, **{f"column-{column}": code for code, column in placed.items()}}


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
