"""The columns of the board and their cards."""

from collections.abc import Iterable
from urllib.parse import quote

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from funnel.queries import Card, Column
from funnel.stages import Status
from funnel.templatetags.opportunities import Teller
from tenants.formats import short_date
from tenants.templatetags.addresses import address
from tenants.templatetags.stencil import Stencil, joined
from tenants.templatetags.ui import person_mark, query

register = template.Library()

CARD = Stencil(
    "funnel/card.html",
    ("may_move", "is_open", "is_landed", "health", "next", "backing", "is_late"),
    (
        *("pk", "place", "version", "href", "move_url", "account", "name", "exact", "amount", "day"),
        *("avatar", "owner", "next_step", "next_on"),
    ),
)
COLUMN = Stencil(
    "funnel/column.html",
    ("is_oob", "stage", "is_won", "is_over", "has_most", "has_most_amount", "has_rest"),
    (
        *("id", "key", "label", "count", "most", "total_exact", "total", "quarter", "year", "percent", "weighted"),
        *("most_amount", "proven_exact", "proven", "cards", "rest_url", "rest"),
    ),
)


@register.simple_tag(takes_context=True)
def columns(context: Context) -> SafeString:
    """The columns, each with its first cards and the way to the rest."""
    teller, board, grouped = Teller(context), context["board"], context.get("grouped")
    is_oob = bool(context.get("oob")) and not grouped
    drawn = []
    for at, column in enumerate(context["columns"], 1):
        row, limit, rest = column.row, column.limit, column.rest
        most, most_amount = (limit.count, limit.amount) if limit else (None, None)
        total_exact, total = teller.money(column.total)
        proven_exact, proven = teller.money(column.proven)
        look = (
            *(is_oob, int(row.stage) if row else 0, column.is_won, column.is_over),
            *(most is not None, most_amount is not None, bool(rest)),
        )
        drawn.append(
            COLUMN.fill(
                look,
                *(f"g{at}" if grouped else column.key, column.key, column.label, f"{column.count:,}", f"{most or 0:,}"),
                *(total_exact, total, board.quarter, board.year, row.percent if row else ""),
                *(teller.money(column.weighted)[1], teller.money(most_amount)[1], proven_exact, proven),
                _cards(context, teller, column.cards, column.key),
                _rest_url(context, column) if rest else "",
                ngettext("%(n)s more", "%(n)s more", rest) % {"n": f"{rest:,}"} if rest else "",
                language=teller.language,
            )
        )
    return joined(drawn)


def _rest_url(context: Context, column: Column) -> str:
    """Return where all rows of a column are listed."""
    table, board, grouped = address("funnel:table", context["org"].slug), context["board"], context.get("grouped")
    if column.is_won:
        won = {"status": "won", "closed_from": board.won_from.isoformat(), "closed_to": board.won_to.isoformat()}
        return table + query(context, on=None, due=None, health=None, view=None, **won)
    if grouped:
        rows = query(context, on=None, to=None, version=None, group=None, view=None)
        return f"{table}{rows}&in_{grouped}={quote(column.key, safe='')}"
    return table + query(context, on=None, view=None, stage=column.key)


def _cards(context: Context, teller: Teller, shown: Iterable[Card], place: str) -> SafeString:
    """The cards of a column, which is called `place`."""
    landed = context.get("landed")
    may_edit, query = bool(context.get("may_edit")), context.get("move_query", "")
    by = "regroup" if context.get("grouped") else "move"
    drawn = []
    for card in shown:
        is_open = card.status == Status.OPEN
        coming = ("late" if teller.late(card.next_step_on) else "due") if card.next_step else "none"
        href = f"{teller.page}{card.pk}/"
        look = (
            may_edit and is_open,
            is_open,
            card.pk == landed,
            card.health,
            coming,
            card.backing,
            is_open and teller.late(card.expected_close_on),
        )
        on = card.next_step_on
        drawn.append(
            CARD.fill(
                look,
                *(card.pk, place, card.version, href, f"{href}{by}/?{query}", card.account, card.name),
                *teller.money(card.amount),
                teller.day(card.closed_at or card.expected_close_on),
                *(person_mark(card.owner_id, card.owner, "s"), card.owner, card.next_step),
                short_date(on, teller.today, teller.language) if on else "",
                language=teller.language,
            )
        )
    return joined(drawn)
