"""The board by another field than the stage: the same cards and figures, other columns."""

from collections.abc import Collection
from datetime import date

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from funnel.filters import Filters
from funnel.grouping import DIMENSIONS, in_order, months_shown
from funnel.models import URGENCY, OpportunityQuerySet
from funnel.queries.board import Board, Card, Column, cards_of, figures_by_stage, won_span
from funnel.queries.dimensions import day_of, is_in, key_of, names_of
from funnel.queries.grouping import groups
from funnel.queries.opportunities import due, in_health, narrowed
from funnel.regrouping import SPAN, is_past
from funnel.stages import Category, Health, StageRow, Status
from tenants.backend.whole import narrowing
from tenants.models import Membership, Organization

COLUMNS, EACH = 14, 15
"""So many columns, and so many cards in each: twice as many columns as stages, and a page no heavier."""
ALWAYS = {
    "category": tuple(str(category) for category in Category if category != Category.CLOSED),
    "health": (str(Health.RISK), str(Health.WATCH), str(Health.OK)),
}
"""Columns that stand there, empty or not."""


def group_board(
    membership: Membership, filters: Filters, *, today: date, table: list[StageRow], language: str
) -> Board:
    """Return the board with a column for each group of `filters.group`, the first fourteen of them; five queries."""
    code, organization = filters.group, membership.organization
    first, last, number, year = won_span(filters, organization, today)
    all_open = narrowed(membership, filters, today=today).filter(due(filters, organization, today), status=Status.OPEN)
    rows = all_open.filter(in_health(filters))
    found = groups(rows, code, membership, table=table, language=language, status=Status.OPEN)
    figures = {group.key: group for group in found.shown}
    keys = _keys(code, {group.key: group.total for group in found.shown}, today)
    empty = [key for key in keys if key not in found.names]
    names = found.names | names_of(code, empty, membership, table=table, language=language)
    cards = _cards(rows, code, keys, organization)
    stages = figures_by_stage(narrowing(all_open), None, filters, {row.stage: row.percent for row in table})
    return Board(
        columns=[
            Column(
                key=key,
                label=names[key],
                count=figures[key].count if key in figures else 0,
                total=figures[key].total if key in figures else 0,
                weighted=figures[key].weighted if key in figures else 0,
                proven=figures[key].proven if key in figures else 0,
                cards=cards.get(key, []),
                is_past=code in SPAN and (begins := day_of(key)) is not None and is_past(begins, SPAN[code], today),
            )
            for key in keys
        ],
        count=sum(figure.count for figure in stages.values()),
        total=sum(figure.total for figure in stages.values()),
        weighted=sum(figure.weighted for figure in stages.values()),
        proven=sum(figure.proven for figure in stages.values()),
        attention=sum(figure.attention for figure in stages.values()),
        won=0,
        won_from=first,
        won_to=last,
        quarter=number,
        year=year,
        beyond=found.number - sum(key in figures for key in keys),
    )


def _keys(code: str, sizes: dict[str, int], today: date) -> list[str]:
    """Return the columns: those that always stand there, else the largest, in their order."""
    if code == "due_month":
        return months_shown(sizes, today, 5)[:COLUMNS]
    largest = sorted(sizes, key=lambda key: -sizes[key])[:COLUMNS]
    return in_order(DIMENSIONS[code], dict.fromkeys(ALWAYS.get(code, ()), 0) | {key: sizes[key] for key in largest})


def _cards(
    rows: OpportunityQuerySet, code: str, keys: Collection[str], organization: Organization
) -> dict[str, list[Card]]:
    """Return the first cards of each column, in the order of every board."""
    by_amount = (F("amount").desc(nulls_last=True), F("pk").asc())
    wanted = Q()
    for key in keys:
        wanted |= is_in(code, key, organization)
    keyed = rows.filter(wanted).order_by().annotate(by_group=key_of(code, organization))
    place = Window(RowNumber(), partition_by=[F("by_group")], order_by=[URGENCY, *by_amount])
    first = keyed.annotate(place=place).filter(place__lte=EACH).values_list("pk", "by_group", "place")
    of = {pk: ("" if key is None else str(key), at) for pk, key, at in first}
    shown: dict[str, list[Card]] = {}
    fetched = cards_of("SELECT unnest(%s::bigint[])", [list(of)])
    for card in sorted(fetched, key=lambda card: of[card.pk][1]):
        shown.setdefault(of[card.pk][0], []).append(card)
    return shown
