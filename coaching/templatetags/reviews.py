"""Rows of a pipeline review."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.template import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import ngettext

from coaching import labels
from coaching.decisions import Decision
from coaching.models import ReviewEntry
from coaching.queries import Deal
from funnel.templatetags.opportunities import Teller
from tenants.templatetags.addresses import address
from tenants.templatetags.stencil import Stencil, joined
from tenants.templatetags.ui import md, stage_chip

register = template.Library()

ROW = Stencil(
    "coaching/row.html",
    (
        *("is_active", "begins", "is_saved", "is_oob", "follow", "has_errors", "has_comment", "health"),
        *("close", "is_pushed", "is_late", "decided", "next", "checked"),
    ),
    (
        *("pk", "href", "account", "name", "chip", "exact", "amount", "day", "pushes", "pushed", "silent"),
        *("next_step", "next_on", "errors", "why", "session_url", "entry_url", "due_url", "token", "version"),
        *("typed", "comment"),
    ),
)
REASON = Stencil("coaching/reason.html", ("is_grave",), ("text",))
LAST = Stencil("coaching/last.html", ("decision", "became", "has_comment"), ("day", "text", "comment"))


class _Page:
    """What is the same for all rows of a page."""

    def __init__(self, context: Context) -> None:
        """Take the page."""
        org, review = context["org"], context["review"]
        self.teller, self.today, self.token = Teller(context), context["today"], get_token(context["request"])
        self.session = address("coaching:session_new", org.slug, 0)
        self.entry = address("coaching:review_entry", org.slug, review.pk, 0)
        self.due = address("activities:due", org.slug)
        self.follow = bool(context.get("follow"))
        meeting = context.get("meeting")
        self.part = meeting.page if meeting else 1

    def entry_url(self, pk: int) -> str:
        """Where a decision on an opportunity goes."""
        return f"{self.entry.replace('/0/', f'/{pk}/')}?page={self.part}"


@register.simple_tag(takes_context=True)
def deals(context: Context, shown: Iterable[Deal], *, oob: bool = False, saved: bool = False) -> SafeString:
    """The rows of a meeting; where it goes on is open, and has the cursor once something was decided."""
    page, meeting = _Page(context), context["meeting"]
    active = None if oob else meeting.active
    rows = (
        _row(page, deal, is_active=deal is active, begins=deal is active and bool(meeting.log), oob=oob, saved=saved)
        for deal in shown
    )
    return joined(rows)


@register.simple_tag(takes_context=True)
def deal_row(context: Context, deal: Deal) -> SafeString:
    """One row by itself: just saved, or with what was typed and why it was refused."""
    typed, errors = context.get("typed"), context.get("errors") or ()
    page, is_saved = _Page(context), bool(context.get("saved"))
    return joined([_row(page, deal, is_active=bool(context.get("active")), saved=is_saved, typed=typed, errors=errors)])


def _row(
    page: _Page,
    deal: Deal,
    *,
    is_active: bool,
    begins: bool = False,
    oob: bool = False,
    saved: bool = False,
    typed: Any = None,
    errors: Iterable[Any] = (),
) -> SafeString:
    opportunity, entry, teller = deal.opportunity, deal.entry, page.teller
    checked, text, comment = _typed(typed) if typed is not None else _decided(entry)
    problems = format_html_join("", "<p>{}</p>", ((error,) for error in errors))
    close: date | None = opportunity.expected_close_on
    step, step_on = deal.next_step
    coming = "none"
    if step:
        coming = "late" if teller.late(step_on) else "due"
    pushes = opportunity.push_count
    look = (
        *(is_active, begins, saved, oob, page.follow, bool(problems), bool(comment), opportunity.health),
        "none" if close is None else "late" if teller.late(close) else "due",
        *(bool(pushes), deal.is_late, entry.decision if entry else "", coming, checked),
    )
    return ROW.fill(
        look,
        *(opportunity.pk, f"{teller.page}{opportunity.pk}/", opportunity.account.name, opportunity.name),
        stage_chip(opportunity.stage, deal.stage.label),
        *teller.money(opportunity.amount),
        *(teller.day(close), pushes, _pushed(pushes), _silent(deal.silent)),
        *(step, md(step_on), problems, _why(page, deal)),
        *(page.session.replace("/0/", f"/{opportunity.pk}/"), page.entry_url(opportunity.pk), page.due, page.token),
        *(entry.version if entry else 0, text, comment),
    )


def _typed(form: Any) -> tuple[str, str, str]:
    return tuple(str(form[name].value() or "") for name in ("decision", "next_text", "comment"))  # type: ignore[return-value]


def _decided(entry: ReviewEntry | None) -> tuple[str, str, str]:
    if entry is None:
        return "", "", ""
    return entry.decision, entry.next_action.text if entry.next_action else "", entry.comment


def _pushed(times: int) -> str:
    return ngettext("put off %(n)s time", "put off %(n)s times", times) % {"n": times} if times else ""


def _silent(days: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def _why(page: _Page, deal: Deal) -> SafeString:
    """Why it is flagged, and what was decided last time."""
    said = [REASON.fill((reason.is_grave,), reason.text) for reason in deal.reasons]
    if deal.last:
        said.append(_last(page, deal.last))
    return joined(said)


def _last(page: _Page, last: ReviewEntry) -> SafeString:
    action, became = last.next_action, ""
    if action:
        overdue = page.today is not None and action.due_on < page.today
        became = "done" if action.done_at else "dropped" if action.dropped_at else "late" if overdue else "open"
    comment = Truncator(last.comment).chars(80)
    look = (last.decision, became, bool(comment))
    return LAST.fill(look, page.teller.day(last.at), action.text if action else "", comment)


@register.filter
def decision_words(code: str) -> labels.Words:
    """A decision in words."""
    return labels.DECISIONS[Decision(code)]


@register.filter
def decision_look(code: str) -> str:
    """The look of a decision's chip."""
    return labels.DECISION_LOOKS[Decision(code)]


@register.simple_tag
def decisions() -> list[tuple[str, labels.Words]]:
    """Every decision there is: its code and words."""
    return [(str(code), words) for code, words in labels.DECISIONS.items()]
