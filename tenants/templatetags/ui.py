"""Tags and filters of the interface, loaded in every template. Amounts are minor units everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, ClearableFileInput, RadioSelect
from django.template import Context, defaulttags
from django.template.base import Parser, Token
from django.templatetags import i18n
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from lucide.templatetags.lucide import lucide as draw_icon

from tenants import charts, formats
from tenants.labels import SETTING_PAGES, SettingPage, in_a_row
from tenants.templatetags.addresses import address
from tenants.templatetags.moments import here
from tenants.templatetags.nodes import Address, Words
from tenants.templatetags.stencil import Stencil

register = template.Library()


def language() -> str:
    return get_language() or "en"


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    """Words in the reader's language, as Django's tag of this name."""
    read: Any = i18n.do_translate(parser, token)
    said = read.filter_expression
    is_fixed = said.var.literal is not None and not said.filters and not read.asvar
    return Words(read) if is_fixed and not getattr(read.message_context, "is_var", False) else read


# Amounts, shares, dates -----------------------------------------------------------------------


@register.filter
def money(value: int | None) -> str:
    """Minor units as a short amount: 1,280萬."""
    return formats.compact(value, language())


@register.filter
def money_exact(value: int | None, currency: str = "") -> str:
    """All digits, for ``title``: 12,800,000, or TWD 12,800,000 with a currency."""
    text = formats.exact(value)
    return f"{currency} {text}" if currency and value is not None else text


@register.filter
def figure(value: int | None) -> SafeString:
    """Like money, with the unit set lighter, so that the digits carry the weight."""
    digits, unit = formats.split(value, language())
    return format_html('{}<span class="u">{}</span>', digits, unit) if unit else format_html("{}", digits)


@register.filter
def signed(value: int | None) -> str:
    """A change with its sign: +175萬, −360萬."""
    return formats.signed(value, language())


@register.filter
def pct(ratio: float | None) -> str:
    """.744 as 74%; odds under one percent as <1%."""
    return formats.percent(ratio)


def _day(value: date | datetime) -> date:
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


@register.filter
def md(value: date | datetime | None) -> str:
    """11/27 (五) or 27 Nov (Fri); with the year in another year."""
    return formats.short_date(_day(value), timezone.localdate(), language()) if value else ""


@register.filter
def day(value: date | datetime | None) -> str:
    """A date for narrow columns: 11/27 or 27 Nov; with the year in another year."""
    return formats.brief_date(_day(value), timezone.localdate(), language()) if value else ""


@register.filter
def grouped(value: int) -> formats.Count:
    """A count with its thousands apart: 1,095; sentences still choose their plural by it."""
    return formats.Count(value)


@register.filter
def named_in_a_row(things: Iterable[Any]) -> str:
    """The names of people or things, apart as the reader's language does it."""
    return in_a_row(getattr(each, "name", each) for each in things)


@register.filter
def clock(value: datetime | None) -> str:
    """The time of day in the reader's zone: 14:05."""
    return f"{timezone.localtime(value):%H:%M}" if value else ""


@register.simple_tag
def ago(value: date | datetime | None) -> SafeString:
    """How long since, in words up to seven days, then the date; the exact moment is in the title."""
    return SafeString("") if value is None else here().ago(value)


# Icons and small marks ------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _icon(name: str, size: int, css: str) -> str:
    extra = {"class": css} if css else {}
    return draw_icon(name, size=size, aria_hidden="true", **extra)


@register.simple_tag
def icon(name: str, size: int = 16, css: str = "") -> str:
    """A decorative line icon by its lucide name. An unknown name raises IconDoesNotExist."""
    return _icon(str(name), int(size), str(css))


@register.simple_tag
def pip(position: int, size: int = 10) -> SafeString:
    """The square of a stage by its position 1–7."""
    return format_html(
        '<svg class="pip s{}" width="{}" height="{}" viewBox="0 0 10 10" aria-hidden="true">'
        '<rect width="10" height="10" rx="2.5" fill="currentColor"/></svg>',
        int(position),
        int(size),
        int(size),
    )


@register.simple_tag
def key(kind: str) -> SafeString:
    """The square of a legend: won, commit, weighted (filled) or gap (outlined)."""
    shape = (
        '<rect x=".5" y=".5" width="7" height="7" rx="2" fill="none" stroke="currentColor"/>'
        if kind == "gap"
        else '<rect width="8" height="8" rx="2" fill="currentColor"/>'
    )
    return format_html(
        '<svg class="k-{}" width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">' + shape + "</svg>", kind
    )


CHIP = Stencil("components/stage_chip.html", ("position",), ("label",))
HEALTH = Stencil("components/health.html", ("level", "text", "shown"), ())


@register.simple_tag
def stage_chip(position: int, label: str) -> SafeString:
    """The square of a stage and its label."""
    return CHIP.fill((int(position),), label)


@register.simple_tag
def health(level: str, label: str | bool = True) -> SafeString:
    """Shape and word for ok, watch or risk. ``False`` hides the word from sight; a text replaces it."""
    if level not in {"ok", "watch", "risk"}:
        raise ValueError(f"no such health: {level!r}")
    return HEALTH.fill((str(level), str(label) if isinstance(label, str) else "", bool(label)))


@register.simple_tag
def avatar(whom: Any, size: str = "s") -> SafeString:
    """A round mark of a membership, a user (last characters of a Chinese name) or a company (first ones).

    ``size``: s (one letter), m or l (two). The tone follows the key, so that it never changes.
    """
    if whom is None:
        return format_html("{}", "")
    person = getattr(whom, "user", None) or (whom if hasattr(whom, "email") else None)
    name, pk = str((person or whom).name), getattr(whom, "pk", 0) or 0
    return person_mark(pk, name, size) if person is not None else _mark(pk, name, size, _first(name, size))


def person_mark(pk: int, name: str, size: str) -> SafeString:
    """The round mark of a membership or user whose key and name are these."""
    return _mark(pk, name, size, formats.initials(name, 1 if size == "s" else 2))


def _first(name: str, size: str) -> str:
    return name.replace(" ", "")[: 1 if size == "s" else 2]


@lru_cache(maxsize=2048)
def _mark(pk: int, name: str, size: str, letters: str) -> SafeString:
    return format_html(
        '<span class="avatar {} av{}" title="{}" aria-hidden="true">{}</span>', size, pk % 6 + 1, name, letters
    )


# Charts ---------------------------------------------------------------------------------------


@register.inclusion_tag("components/gapbar.html")
def gapbar(
    target: int,
    won: int = 0,
    commit: int | None = None,
    weighted: int | None = None,
    *,
    size: str = "",
    legend: bool = False,
    tick: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """One bar against a target. ``size``: thin or tall; ``quiet`` when the text beside it says it all."""
    layers = [("won", won), ("commit", commit), ("weighted", weighted)]
    bar = charts.gap_bar(target or 0, [(kind, value) for kind, value in layers if value is not None])
    return {"bar": bar, "size": size, "legend": legend, "tick": tick, "quiet": quiet, "split": commit is not None}


@register.inclusion_tag("components/funnel.html")
def funnel_chart(stages: Iterable[charts.Reached | Mapping[str, Any]], size: str = "") -> dict[str, Any]:
    """What reached each stage. Rows: charts.Reached, or mappings with position, label, amount[, count, url]."""
    rows = [s if isinstance(s, charts.Reached) else charts.Reached(**s) for s in stages]
    return {"rows": charts.funnel(rows), "size": size}


@register.inclusion_tag("components/changes.html")
def changes_chart(start: int, steps: Iterable[charts.Change | tuple[str, int]]) -> dict[str, Any]:
    """What moved since ``start``. Steps: charts.Change or (label, delta)."""
    parts = [s if isinstance(s, charts.Change) else charts.Change(*s) for s in steps]
    return {"changes": charts.changes(start, parts)}


@register.inclusion_tag("components/o_chart.html")
def o_chart(factors: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One line a factor, a ring at its rating. Factors: mappings with label, rating (0–4 or None)[, group, note]."""
    rows: list[dict[str, Any]] = []
    for factor in factors:
        rating = factor.get("rating")
        rows.append({**factor, "at": None if rating is None else 6 + rating * 22, "rating": rating})
    return {"rows": rows}


# Navigation and addresses ---------------------------------------------------------------------


@register.tag
def url(parser: Parser, token: Token) -> Address:
    """The address of a page, as Django's tag of this name."""
    read: Any = defaulttags.url(parser, token)
    return Address(read.view_name, read.args, read.kwargs, read.asvar)


@register.simple_tag(takes_context=True)
def nav_url(context: Context, name: str, permission: str = "", *args: Any) -> str:
    """The address of an organization's page; empty when there is no such page or the reader may not open it."""
    org = context.get("org")
    if org is None or (permission and permission not in (context.get("can") or ())):
        return ""
    try:
        return address(name, org.slug, *args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def setting_pages() -> Sequence[SettingPage]:
    """The pages of other apps that stand among the settings."""
    return SETTING_PAGES


@register.simple_tag
def home_url(organization: Any) -> str:
    """Where a member of this organization starts."""
    return address("salesops:start", organization.slug)


@register.inclusion_tag("components/nav_item.html", takes_context=True)
def nav_item(
    context: Context,
    name: str,
    icon: str,
    label: str,
    permission: str = "",
    *,
    size: int = 16,
    hotkey: str = "",
    apps: str = "",
    short: str = "",
) -> dict[str, Any]:
    """A link of a menu, or nothing. It is current on its own page, or on all pages of ``apps`` (space-separated)."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match is not None and (match.view_name == name or match.app_name in apps.split())
    return {
        "url": nav_url(context, name, permission),
        "icon": icon,
        "label": label,
        "size": size,
        "hotkey": hotkey,
        "current": here,
        "short": short,
    }


@register.inclusion_tag("components/command.html", takes_context=True)
def command(
    context: Context,
    name: str,
    icon: str,
    label: str,
    words: str,
    permission: str = "",
    keys: str = "",
) -> dict[str, Any]:
    """A command of the palette that opens a page. ``words``: what else finds it (pinyin); ``keys``: C or G B."""
    return {
        "url": nav_url(context, name, permission),
        "icon": icon,
        "label": label,
        "words": words,
        "keys": keys.split(),
        "id": "go-" + name.replace(":", "-"),
    }


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This page's query string with some keys changed; None or "" removes a key. Always begins with ``?``."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        elif isinstance(value, (list, tuple)):
            params.setlist(name, [str(v) for v in value])
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Page[Any], param: str = "page") -> dict[str, Any]:
    """Links to the pages of a Page that keep the rest of the query string. Nothing for a single page."""
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    numbers = [(n, query(context, **{param: n})) if isinstance(n, int) else (None, "") for n in shown]
    if page.paginator.num_pages == 1:
        numbers = []
    return {
        "page": page,
        "numbers": numbers,
        "previous": query(context, **{param: page.number - 1}) if page.has_previous() else "",
        "next": query(context, **{param: page.number + 1}) if page.has_next() else "",
    }


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_link(context: Context, name: str, label: str, default: str = "") -> dict[str, Any]:
    """The label of a column that sorts by ``?sort=name`` and, the second time, by ``?sort=-name``."""
    now = context["request"].GET.get("sort", default)
    up, down = now == name, now == f"-{name}"
    return {"label": label, "up": up, "down": down, "url": query(context, sort=f"-{name}" if up else name, page=None)}


# Forms ----------------------------------------------------------------------------------------


@register.simple_tag
def options(pairs: Iterable[tuple[Any, Any]], chosen: Any = "") -> SafeString:
    """The options of a select: pairs of value and words, the chosen value marked."""
    now = str(chosen)
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SELECTED if str(value) == now else "", words) for value, words in pairs),
    )


SELECTED = mark_safe(" selected")


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, css: str = "", label: str = "", unit: str = "", **attrs: Any) -> dict[str, Any]:
    """A form field with its label, ``help`` and errors. Other arguments become attributes (``hx_get`` → ``hx-get``)."""
    widget = bound.field.widget
    kind = "input"
    if bound.is_hidden:
        kind = "hidden"
    elif isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        kind = "picks"
    elif isinstance(widget, CheckboxInput):
        kind = "check"
    elif isinstance(widget, ClearableFileInput):
        kind = "file"
    identity = bound.auto_id or f"id_{bound.html_name}"
    hint = str(attrs.pop("help", "") or bound.help_text or "")
    described = [f"{identity}_help"] * bool(hint) + [f"{identity}_error"] * bool(bound.errors)
    extra: dict[str, Any] = {name.replace("_", "-"): value for name, value in attrs.items()}
    if described:
        extra["aria-describedby"] = " ".join(described)
    if bound.errors:
        extra["aria-invalid"] = "true"
    if kind in {"input", "file"}:
        extra["class"] = f"{widget.attrs.get('class', '')} input".strip()
    return {
        "bound": bound,
        "kind": kind,
        "id": identity,
        "hint": hint,
        "css": css,
        "unit": unit,
        "label": label or bound.label,
        "optional": not (bound.field.required or getattr(bound.field, "asked_for", False) or kind == "check"),
        "control": bound.as_widget(attrs=extra) if kind != "picks" else "",
        "many": isinstance(widget, CheckboxSelectMultiple),
    }


@register.inclusion_tag("components/errbox.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """The box above a form that names what is missing, with links to the fields. Nothing for a form in order."""
    links = []
    for name, errors in form.errors.items():
        if name in form.fields:
            bound = form[name]
            label = str(bound.label).rstrip("?？")  # a question takes no colon
            links += [{"id": bound.auto_id or f"id_{bound.html_name}", "label": label, "text": e} for e in errors]
    return {
        "links": links,
        "general": form.non_field_errors() if form.is_bound else [],
        "count": len(links) + len(form.non_field_errors() if form.is_bound else []),
    }
