"""What pages show again and again: their frame (menus, search, shortcuts) and their controls. Drawn once for what it is
made of, and kept.

What a part of the frame may show stands in `Frame` and nowhere else, and what controls may show in the arguments of
`controls`: the context they are drawn with holds nothing of the request.
Two readers get the same text only where all of it is the same, permissions included.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

from django import template
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.template.loader import get_template
from django.urls import ResolverMatch
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tenants.labels import SETTING_PAGES

register = template.Library()
Shown = Callable[..., dict[str, Any]]
TOKEN = "\N{SYMBOL FOR UNIT SEPARATOR}token\N{SYMBOL FOR UNIT SEPARATOR}"  # noqa: S105  # where the real one goes
KEPT, KEPT_CONTROLS = 512, 128
MARKED = frozenset({"side", "tabbar"})
"""Parts that mark the page one is on."""
SETTINGS = frozenset(view for page in SETTING_PAGES if not page.elsewhere for view in (page.view, *page.under))
"""Pages of other apps that stand among the settings."""


@dataclass(frozen=True)
class Frame:
    """Everything that the frame of a page is made of; `seats` are the reader's organizations: (id, slug, name)."""

    language: str
    organization: tuple[int, str, str]
    member: int
    user: int
    name: str
    email: str
    can: frozenset[str]
    seats: tuple[tuple[int, str, str], ...]
    view: str
    app: str


def frame_of(context: Context) -> Frame:
    """Return what the frame of this page is made of."""
    org, me, match = context["org"], context["me"], context["request"].resolver_match
    theirs = [seat.organization for seat in context["memberships"]]
    return Frame(
        language=get_language() or "en",
        organization=(org.pk, org.slug, org.name),
        member=me.pk,
        user=me.user_id,
        name=me.user.name,
        email=me.user.email,
        can=context["can"],
        seats=tuple((each.pk, each.slug, each.name) for each in theirs),
        view=match.view_name if match else "",
        app=_app_of(context, match) if match else "",
    )


def _app_of(context: Context, match: ResolverMatch) -> str:
    """Return the app under whose item of the menu a page stands: settings of any app are found under Settings."""
    is_setting = match.view_name in SETTINGS and "settings_edit" in context["can"]
    return "tenants" if is_setting else match.app_name


@register.simple_tag(takes_context=True)
def frame(context: Context, part: str) -> SafeString:
    """A part of the frame: `head`, `side`, `tabbar`, `palette` or `shortcuts`; drawn anew outside an organization."""
    if "me" not in context or "memberships" not in context:
        return _part(part, context)
    made_of: Frame | None = context.render_context.get("frame")
    if made_of is None:
        made_of = context.render_context["frame"] = frame_of(context)
    drawn = _drawn.__wrapped__ if settings.DEBUG else _drawn
    text = drawn(part, made_of if part in MARKED else replace(made_of, view="", app=""))
    return mark_safe(text.replace(TOKEN, str(context["csrf_token"])) if TOKEN in text else text)  # noqa: S308  # a template's


@lru_cache(maxsize=KEPT)
def _drawn(part: str, made_of: Frame) -> str:
    """Draw a part from its frame alone."""
    seats = [SimpleNamespace(pk=pk, slug=slug, name=name) for pk, slug, name in made_of.seats]
    pk, slug, name = made_of.organization
    user = SimpleNamespace(pk=made_of.user, name=made_of.name, email=made_of.email)
    match = SimpleNamespace(view_name=made_of.view, app_name=made_of.app)
    shown = {
        "org": SimpleNamespace(pk=pk, slug=slug, name=name),
        "me": SimpleNamespace(pk=made_of.member, user_id=made_of.user, user=user),
        "can": made_of.can,
        "memberships": [SimpleNamespace(organization_id=seat.pk, organization=seat) for seat in seats],
        "request": SimpleNamespace(resolver_match=match),
        "csrf_token": TOKEN,
    }
    return str(_part(part, Context(shown)))


def _part(part: str, context: Context) -> SafeString:
    """Draw a part with just this context."""
    drawn: Any = get_template(f"components/{part}.html")
    return cast("SafeString", drawn.template.render(context))


def controls(
    request: HttpRequest, template: str, shown: Callable[..., dict[str, Any]], *made_of: Hashable
) -> SafeString:
    """Return a part of a page that is made of its address, what its reader may do, and `made_of`; drawn once for these.

    :param shown: makes the rest of its context out of the address's `QueryDict` and `made_of`, and of nothing else.
    """
    me = request.membership  # type: ignore[attr-defined]  # it has come through the door
    drawn = _controls.__wrapped__ if settings.DEBUG else _controls
    language, address = get_language() or "en", request.GET.urlencode()
    return drawn(template, shown, language, me.organization.slug, me.permissions, address, made_of)


@lru_cache(maxsize=KEPT_CONTROLS)
def _controls(
    template: str,
    shown: Shown,
    _language: str,
    slug: str,
    can: frozenset[str],
    address: str,
    made_of: tuple[Hashable, ...],
) -> SafeString:
    query = QueryDict(address)
    page = {"org": SimpleNamespace(slug=slug), "can": can, "request": SimpleNamespace(GET=query, resolver_match=None)}
    drawn: Any = get_template(template)
    return cast("SafeString", drawn.template.render(Context({**page, **shown(query, *made_of)})))
