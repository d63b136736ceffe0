"""Lines of the table, and the page of one opportunity."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from funnel import labels
from funnel.filters import Filters
from funnel.queries import Line, Proof
from funnel.stages import Category, Reason, Stage, Status
from tenants.formats import brief_date, compact, exact
from tenants.labels import in_a_row
from tenants.templatetags.addresses import address
from tenants.templatetags.moments import here
from tenants.templatetags.stencil import Stencil, joined
from tenants.templatetags.ui import person_mark

register = template.Library()

LINE = Stencil(
    "funnel/line.html",
    ("columns", "may_pick", "is_open", "standing", "health", "due", "next", "reason", "category", "has_rival"),
    (
        *("pk", "href", "account", "name", "chip", "exact", "amount", "day", "closed_day", "rival"),
        *("avatar", "owner", "next_step", "next_day", "product", "segment", "region", "source", "contact", "entered"),
        *("size_exact", "size", "budget_exact", "budget", "schedule"),
    ),
)


PROOF = Stencil(
    "funnel/proof.html",
    ("state", "may_edit", "may_judge", "value", "has_person", "has_note", "has_file"),
    (
        "key",
        "label",
        "url",
        "note",
        "amount",
        "exact",
        "on",
        "rivals",
        "person",
        "position",
        "file",
        "by",
        "filed",
        "judge",
        "word",
    ),
)

STEP = Stencil("funnel/step.html", ("state", "way"), ("stage", "percent", "label", "move", "win", "token", "version"))
STEP_PROOFS = Stencil(
    "funnel/step_proofs.html",
    ("is_now", "is_open", "asks", "left"),
    ("stage", "label", "proven", "all", "name", "day", "why", "proofs", "guide"),
)
CHANGE = Stencil(
    "funnel/change.html",
    ("icon", "has_old", "has_new", "is_undo", "is_undone", "has_by", "is_learnt_later", "has_why"),
    ("label", "old", "new", "by", "ago", "day", "why"),
)


class Teller:
    """Tells values in the reader's words: what is the same for all rows of a page."""

    def __init__(self, context: Context) -> None:
        """Take the page."""
        org = context["org"]
        self.here, self.currency = here(), org.currency
        self.language, self.today = self.here.language, self.here.today
        self.page = address("funnel:opportunity", org.slug, 0).removesuffix("0/")

    def money(self, amount: int | None) -> tuple[str, str]:
        """Return an amount in all its digits, and short."""
        digits = exact(amount)
        return digits if amount is None else f"{self.currency} {digits}", compact(amount, self.language)

    def day(self, value: Any) -> str:
        """Return a day for a narrow column; '' for none."""
        if value is None:
            return ""
        return brief_date(self.here.day(value), self.today, self.language)

    def late(self, day: date | None) -> bool:
        """Whether a day has gone by."""
        return day is not None and day < self.today


@register.inclusion_tag("funnel/health_filter.html")
def health_filter(filters: Filters) -> dict[str, Any]:
    """The controls by which every list of opportunities is narrowed by health and by flag."""
    flags = [(code, flag.name) for code, flag in labels.FLAGS.items()]
    return {"filters": filters, "healths": labels.HEALTHS.items(), "flags": flags}


@register.simple_tag(takes_context=True)
def lines(context: Context, shown: Iterable[Any]) -> SafeString:
    """The lines of the table."""
    teller, columns = Teller(context), tuple(head.code for head in context["heads"])
    chips = {row.stage: row.label for row in context["stages"]}
    may_pick = bool(context.get("may_pick"))
    drawn = []
    for row in shown:
        is_open = row.status == Status.OPEN
        stage = row.stage if row.status in {Status.OPEN, Status.WON} else 0
        due = ""
        if is_open:
            due = "none" if row.expected_close_on is None else "late" if teller.late(row.expected_close_on) else ""
        if not row.next_step:
            coming = "none"
        elif row.next_step_on is None:
            coming = "undated"
        else:
            coming = "late" if is_open and teller.late(row.next_step_on) else "due"
        look = (columns, may_pick, is_open, stage or row.status, row.health, due, coming, row.reason)
        drawn.append(
            LINE.fill(
                (*look, getattr(row, "category", ""), bool(row.rival)),
                *(row.pk, f"{teller.page}{row.pk}/", row.account__name, row.name),
                *(chips[Stage(stage)] if stage else "", *teller.money(row.amount)),
                *(
                    teller.day(row.expected_close_on if is_open else row.closed_at),
                    teller.day(row.closed_at),
                    row.rival,
                ),
                *(person_mark(row.owner_id, row.owner__user__name, "s"), row.owner__user__name, row.next_step),
                teller.day(row.next_step_on),
                *(getattr(row, name, None) or "" for name in _EXTRA_TEXTS),
                *(teller.day(getattr(row, name, None)) for name in ("last_contact_at", "stage_entered_at")),
                *(text for name in ("size", "budget") for text in teller.money(getattr(row, name, None))),
                teller.day(getattr(row, "schedule_on", None)),
                language=teller.language,
            )
        )
    return joined(drawn)


_EXTRA_TEXTS = ("product__name", "account__segment", "account__region", "source")


@register.simple_tag(takes_context=True)
def path(context: Context) -> SafeString:
    """The stages of an opportunity, each with the way there where its reader may take it."""
    found, language = context["opportunity"], get_language() or "en"
    slug, token = context["org"].slug, context["csrf_token"]
    move = f"{address('funnel:move', slug, found.pk)}?{context['move_query']}"
    win = address("funnel:close_as", slug, found.pk, "won")
    drawn = []
    for step in context["story"].steps:
        row, way = step.row, ""
        is_last = row.stage == Stage.DEPLOY
        if context["is_open"] and step.state != "now" and context["may_decide" if is_last else "may_edit"]:
            way = "win" if is_last else "move"
        told = (int(row.stage), row.percent, row.label, move, win, token, found.version)
        drawn.append(STEP.fill((step.state, way), *told, language=language))
    return joined(drawn)


@register.simple_tag(takes_context=True)
def proofs(context: Context) -> SafeString:
    """The evidence that each stage demands, and how it was left without."""
    teller, found, slug = Teller(context), context["opportunity"], context["org"].slug
    base = address("funnel:evidence", slug, found.pk, "0").removesuffix("0/")
    drawn = []
    for step in context["story"].steps:
        is_now, stage = step.state == "now", int(step.row.stage)
        if is_now and not step.proofs:
            continue
        left, by = step.override, ("", "", "")
        if left:
            by = (left.by, teller.here.md(left.until), left.why)
        look = (
            is_now,
            is_now or (step.state == "done" and not step.is_proven),
            bool(step.proofs),
            ("overdue" if step.is_overdue else "left") if left else "",
        )
        shown = joined(_proof(context, teller, proof, f"{base}{proof.item.key}/") for proof in step.proofs)
        told = (stage, step.row.label, step.proven, len(step.proofs), *by, shown, address("funnel:guide", slug, stage))
        drawn.append(STEP_PROOFS.fill(look, *told, language=teller.language))
    return joined(drawn)


def _proof(context: Context, teller: Teller, proof: Proof, url: str) -> SafeString:
    """A piece of evidence, filed or missing."""
    named, filed, may_edit = (proof.item.key, proof.item.label, url), proof.filed, bool(context["may_edit"])
    if filed is None:
        look: tuple[Any, ...] = ("", may_edit, False, "", False, False, False)
        return PROOF.fill(look, *named, *[""] * 12, language=teller.language)
    value = ("amount" if filed.amount is not None else "") + ("on" if filed.on else "")
    value += "" if filed.has_rivals is None else "rivals" if filed.has_rivals else "none"
    judges = context["may_judge"](filed_by=filed.by_id)
    return PROOF.fill(
        (filed.state, may_edit, judges, value, filed.has_contact, bool(filed.note), filed.has_file),
        *(*named, filed.note, *reversed(teller.money(filed.amount)), teller.day(filed.on)),
        in_a_row(filed.rivals or ()),
        *(filed.contact or "", filed.position or "", filed.file or "", filed.by, teller.here.ago(filed.at)),
        *(filed.judged_by or "", filed.word),
        language=teller.language,
    )


@register.simple_tag
def history(shown: Iterable[Line]) -> SafeString:
    """The lines of the change log of an opportunity."""
    page, drawn = here(), []
    for line in shown:
        look = (line.icon, bool(line.old), bool(line.new), line.is_undo, line.is_undone, bool(line.by))
        told = (line.label, line.old, line.new, line.by, page.ago(line.at), page.md(line.recorded_at), line.why)
        drawn.append(CHANGE.fill((*look, line.is_learnt_later, bool(line.why)), *told, language=page.language))
    return joined(drawn)


@register.filter
def category_words(code: str) -> str:
    """The words of a forecast category; '' for none."""
    return str(labels.CATEGORIES[Category(code)]) if code else ""


@register.filter
def reason_words(code: str) -> str:
    """The words of a reason; '' for none."""
    return str(labels.REASONS[Reason(code)]) if code else ""
