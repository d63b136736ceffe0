"""The one door: every page of an organization is entered through `org_view`."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication
from allauth.core.internal.httpkit import serialize_request
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.middleware import HtmxDetails

from tenants.errors import Stale
from tenants.ids import read_id
from tenants.models import Membership, Organization, User
from tenants.permissions import Permission
from tenants.queries.seats import seats_of
from tenants.scoping import working_for
from tenants.templatetags.addresses import address

logger = logging.getLogger(__name__)

Params = ParamSpec("Params")
View = Callable[..., HttpResponse]
Danger = bool | Callable[[HttpRequest], bool]
WANTED = "wanted_before_second_factor"
"""The session's key for what somebody without a second factor wanted to open: the organization, the page."""


class OrgRequest(HttpRequest):
    """A request that has come through the door."""

    user: User
    membership: Membership
    organization: Organization
    now: datetime
    today: date
    htmx: HtmxDetails


def membership_or_404(user: User, slug: str) -> Membership:
    """Return the active membership of `user` in the organization called `slug`; it knows whether they `has_factor`.

    With it come `seats`: all memberships of this person, by the organization's name; one query for both.

    :raises Http404: there is none; the organization's existence is never admitted.
    """
    seats = seats_of(user)
    membership = next((seat for seat in seats if seat.organization.slug == slug), None)
    if membership is None:
        raise Http404
    cast("Any", membership).seats = seats
    return membership


def lacks_second_factor(membership: Membership) -> bool:
    """Return whether the organization asks for a second factor and this member (from `membership_or_404`) has none."""
    return membership.organization.second_factor_required and not cast("Any", membership).has_factor


def org_view(
    permission: Permission, *, fresh: Danger = False
) -> Callable[[Callable[Concatenate[OrgRequest, Params], HttpResponse]], View]:
    """Guard a view: signed in → member (else 404) → second factor, where the organization asks for one → permitted
    (else 403) → scope and transaction around it.

    :param fresh: what is sent here matters: who sends it says once more that it is them, unless they just did. What
        was typed is kept meanwhile and then done. A function says which requests matter.
    """

    def decorate(view: Callable[Concatenate[OrgRequest, Params], HttpResponse]) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *, org: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            membership = membership_or_404(request.user, org)
            if lacks_second_factor(membership):
                return _set_up_first(request, membership)
            with working_for(membership.organization), transaction.atomic():
                entered = enter(request, membership)
                if not membership.can(permission):
                    raise PermissionDenied
                if _must_be_fresh(request, fresh):
                    return _confirm_first(request)
                with _gone_is_not_found(request):
                    return view(entered, **kwargs)  # type: ignore[call-arg]  # the URL's arguments

        wrapper.policy = permission  # type: ignore[attr-defined]  # read by the test that walks the URLconf
        return wrapper

    return decorate


@contextmanager
def _gone_is_not_found(request: HttpRequest) -> Iterator[None]:
    """Answer a write 404 that finds gone, or out of sight, what was there when it began: somebody was faster."""
    try:
        yield
    except ObjectDoesNotExist as gone:
        if request.method != "POST":
            raise
        logger.warning("gone", exc_info=gone)
        raise Http404 from gone


def open_view(reason: str) -> Callable[[View], View]:
    """Mark a view that needs no membership, and say why."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs)

        wrapper.policy = reason  # type: ignore[attr-defined]
        return wrapper

    return decorate


def enter(request: HttpRequest, membership: Membership) -> OrgRequest:
    """Put on the request who is here, for whom, and when."""
    entered = cast("OrgRequest", request)
    entered.membership, entered.organization = membership, membership.organization
    entered.now = timezone.now()
    entered.today = entered.now.astimezone(membership.organization.zone).date()
    timezone.activate(membership.organization.zone)
    return entered


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page; htmx is told to leave the page it is on."""
    to = redirect_to_login(request.get_full_path())
    if request.headers.get("HX-Request"):
        back = redirect_to_login(request.headers.get("HX-Current-URL", "/"))
        return _client_redirect(back.url)
    return to


def _set_up_first(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Lead to the page that explains the second factor; the way back is remembered."""
    slug = membership.organization.slug
    to = reverse("second_factor_needed", args=[slug])
    swap = bool(request.headers.get("HX-Request"))
    if request.method == "GET" and not swap:
        request.session[WANTED] = [slug, request.get_full_path()]
    return _client_redirect(to) if swap else HttpResponseRedirect(to)


def _must_be_fresh(request: HttpRequest, fresh: Danger) -> bool:
    """Return whether this request needs somebody who has just said that it is them."""
    if not fresh or request.method in {"GET", "HEAD", "OPTIONS"}:
        return False
    if not reauthentication.is_reauthentication_required(request, app="allauth.account"):
        return False
    return fresh(request) if callable(fresh) else True


def _confirm_first(request: HttpRequest) -> HttpResponse:
    """Ask whether it is still them. allauth keeps what was sent, and sends it again as a page once they said so."""
    swap = bool(request.headers.get("HX-Request"))
    for name in [name for name in request.META if name.startswith("HTTP_HX_")]:
        del request.META[name]
    request.session[reauthentication.STATE_SESSION_KEY] = {"request": serialize_request(request)}
    way = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    to = f"{way}?{urlencode({'next': request.path})}"
    return _client_redirect(to) if swap else HttpResponseRedirect(to)


def _client_redirect(to: str) -> HttpResponse:
    """Tell htmx to leave the page it is on."""
    response = HttpResponseClientRedirect(to)
    response.status_code = 204
    return response


def shell(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs: the organization, me, what I may do, my other organizations."""
    membership: Membership | None = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "org": membership.organization,
        "me": membership,
        "can": membership.permissions,
        "memberships": cast("Any", membership).seats,
        "today": getattr(request, "today", None),
    }


def is_swap(request: HttpRequest) -> bool:
    """Return whether htmx asks for a fragment, rather than a browser for a page."""
    htmx = cast("OrgRequest", request).htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def sent_from(request: HttpRequest) -> str:
    """Return the path of the page on which htmx acted; '' where it was not htmx, or does not say."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path


def way_back(request: OrgRequest, wanted: str | None) -> str:
    """Return the address of a page of this organization that one came from; '' for any other, or none."""
    wanted = wanted or ""
    inside = wanted.startswith(f"/o/{request.organization.slug}/")
    return wanted if inside and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def back_from_dialog(request: OrgRequest, home: str) -> str:
    """Return where an answer leads that the page cannot show: the page below the dialog, as it was narrowed; `home`
    where the dialog is a page of its own, at this address or one below `home`, or a browser sent it.
    """
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    is_alone = page.path == request.path or (page.path.startswith(home) and page.path != home)
    if not is_swap(request) or is_alone:
        return home
    return way_back(request, urlunsplit(("", "", page.path, page.query, ""))) or home


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, partial: str = "", status: int = 200
) -> HttpResponse:
    """Render the whole page, or for an htmx swap its named partial."""
    name = f"{template}#{partial}" if partial and is_swap(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def to_page(request: OrgRequest, name: str, *args: object) -> str:
    """Return the address of a page of this organization."""
    return address(name, request.organization.slug, *args)


def number(text: str | None) -> int:
    """Return an id or a version as an address or a form sends it, 0 where it is none."""
    return read_id(text) or 0


def go(request: HttpRequest, to: str) -> HttpResponse:
    """Redirect after a write: a browser by 303, htmx by its header."""
    if is_swap(request):
        return HttpResponseClientRedirect(to)
    response = HttpResponseRedirect(to)
    response.status_code = 303
    return response


def toast(response: HttpResponse, text: str, *, undo_url: str = "", kind: str = "status") -> HttpResponse:
    """Announce `text` in the corner of an htmx answer; `undo_url` is POSTed by its undo button.

    :param kind: `status`, or `error`, which stays until it is closed.
    """
    return trigger_client_event(response, "toast", {"text": str(text), "undo_url": undo_url, "kind": kind})


def announce(response: HttpResponse, event: str, **detail: Any) -> HttpResponse:
    """Tell the page's script what happened, after the swap: `announce(response, "review:saved", pk=7)`."""
    return trigger_client_event(response, event, json.loads(json.dumps(detail, default=str)), after="swap")


def both(
    form: Any, theirs: Mapping[str, Any], mine: Mapping[str, Any], said: Callable[[str, Any], Any]
) -> list[tuple[Any, Any, Any]]:
    """Return (label, theirs, mine) of each field of `form` that stands otherwise, for `conflict`.

    :param said: says the value of a field.
    """
    return [
        (form.fields[name].label, said(name, value), said(name, mine[name]))
        for name, value in theirs.items()
        if name in form.fields and value != mine[name]
    ]


def conflict(
    request: HttpRequest,
    rows: Sequence[tuple[Any, Any, Any]],
    stale: Stale | None = None,
    *,
    version: int | None = None,
    back: str = "",
    fresh: bool = False,
) -> HttpResponse:
    """Answer 409 and show both values: in the dialog for htmx, else on a page of its own.

    :param rows: (label, theirs, mine) for each field that differs.
    :param version: the one that stands now; with it what was typed can be sent again, over theirs.
    :param back: where a page leads back to, once one has read it.
    :param fresh: the page behind the dialog shows already what stands now.
    """
    kept = [(name, values) for name, values in request.POST.lists() if name not in {"version", "csrfmiddlewaretoken"}]
    context = {
        "conflict": rows,
        "version": version,
        "typed": [(name, value) for name, values in kept for value in values],
        "changed_by": stale.changed_by if stale else "",
        "changed_at": stale.changed_at if stale else None,
        "back": back,
        "fresh": fresh,
    }
    return render_page(request, "components/conflict.html", context, partial="both", status=409)
