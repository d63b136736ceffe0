"""The alerts: what is wrong, since when, who knows of it, what clears it, and what is muted."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecasting import actions, labels, queries
from forecasting.forms import MuteForm, chosen_period
from forecasting.views.address import siblings, whose_of
from funnel.helping import decides
from funnel.labels import FLAGS, HEALTHS, flag_of
from funnel.models import Opportunity
from tenants.errors import Refused, Stale
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.web import OrgRequest, back_from_dialog, conflict, go, is_swap, number, org_view, render_page, to_page

A_PAGE = 30
IN_PANEL = 5


@org_view(Permission.FORECAST_VIEW)
@require_GET
def alerts(request: OrgRequest) -> HttpResponse:
    """List the opportunities that break a health rule: one's own, or the team's."""
    asked = request.GET
    whose = whose_of(request)
    of = asked.get("of") if asked.get("of") in {"mine", "team"} else ""
    only = asked["only"] if asked.get("only") in {"climbed", "muted"} else ""
    flag = asked["flag"] if asked.get("flag") in FLAGS else ""
    health = asked["health"] if asked.get("health") in HEALTHS else ""
    owners = whose.owners if whose.who else frozenset({request.membership.pk}) if of == "mine" else None
    kept = {"climbed": only == "climbed", "muted": only == "muted"}
    found = queries.flagged(request.membership, owners, code=flag, health=health, today=request.today, **kept)
    panel = is_swap(request) and "page" not in asked
    page = Paginator(found, IN_PANEL if panel else A_PAGE).get_page(asked.get("page"))
    period = chosen_period(asked, request.organization, request.today)
    context = {
        **siblings(request, "alerts", period, whose.who),
        "page_obj": page,
        "listed": _listed(request, list(page)),
        "whose": whose,
        "of": of or ("team" if len(whose.people) > 1 else "mine"),
        "only": only,
        "flag": flag,
        "health": health,
        "flags": [(key, flag.name) for key, flag in FLAGS.items()],
        "healths": list(HEALTHS.items())[1:],
        "is_narrowed": any((flag, health, only, whose.who)),
        "tabs": [
            (words, code, "?" + urlencode({"of": code, **({"health": health} if health else {})}))
            for code, words in labels.TABS.items()
        ],
    }
    return render_page(request, "forecasting/alerts.html", context, partial="panel")


def _listed(request: OrgRequest, opportunities: list[Opportunity]) -> list[tuple[Opportunity, list[dict[str, Any]]]]:
    """Return each opportunity with its flags: in words, since when, how far up, muted or not, and what clears it."""
    facts = queries.facts_of([each.pk for each in opportunities], at=request.now)
    told = queries.told_of(request.organization, opportunities, today=request.today)
    leads = request.membership.visible_owner_ids
    listed = []
    for each in opportunities:
        known = told.get(each.pk, {})
        listed.append(
            (
                each,
                [
                    {
                        "code": code,
                        "text": labels.flag_text(code, facts[each.pk], request.today),
                        "flag": flag_of(code, knows_buyer=facts[each.pk].buyer_known),
                        "may_decide": decides(each.owner_id, leads),
                        "told": (said := known.get(code, queries.Told())),
                        "heard": in_a_row(person.name for person in said.heard),
                        "may_mute": said.may_mute(request.membership.pk),
                    }
                    for code in each.flags
                    if code in FLAGS and each.pk in facts
                ],
            )
        )
    return listed


@org_view(Permission.FORECAST_VIEW)
@require_GET
def alerts_of(request: OrgRequest, pk: int) -> HttpResponse:
    """Show on the page of an opportunity what is wrong with it, as the list of alerts does."""
    [(found, broken)] = _listed(request, [queries.open_or_404(request.membership, pk)])
    return render(request, "forecasting/alerts_of.html", {"each": found, "broken": broken})


def _alert_or_404(request: OrgRequest, pk: int, code: str) -> Opportunity:
    found = queries.open_or_404(request.membership, pk)
    if code not in FLAGS:
        raise Http404
    return found


@org_view(Permission.FORECAST_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def mute(request: OrgRequest, pk: int, code: str) -> HttpResponse:
    """Ask until when and why a rule keeps quiet about an opportunity, and see to it."""
    found = _alert_or_404(request, pk, code)
    standing = queries.mute_of(found, code)
    told = queries.told_of(request.organization, [found], today=request.today).get(found.pk, {})
    may_mute = told.get(code, queries.Told()).may_mute(request.membership.pk)
    context = {"opportunity": found, "flag": FLAGS[code], "code": code, "standing": standing}
    context["is_offered"] = may_mute or request.method == "POST"  # what was typed stays to be seen
    if request.method != "POST":
        start = {"until": standing.until, "reason": standing.reason, "seen": standing.pk} if standing else {"seen": 0}
        form = MuteForm(initial=start)
        return render_page(request, "forecasting/mute.html", {**context, "form": form}, partial="dialog")
    form = MuteForm(request.POST)
    if form.is_valid():
        typed = {**form.cleaned_data, "seen": form.cleaned_data["seen"] or 0}
        try:
            actions.mute(found, code, by=request.membership, at=request.now, **typed)
            messages.success(request, _("Muted"))
            return go(request, back_from_dialog(request, _page(request)))
        except Stale as stale:
            return _both_mutes(request, stale, typed)
        except Refused as refused:
            form.add_error(_AT.get(refused.code), labels.refusal(refused))
    return render_page(request, "forecasting/mute.html", {**context, "form": form}, partial="dialog", status=422)


def _both_mutes(request: OrgRequest, stale: Stale, mine: Mapping[str, Any]) -> HttpResponse:
    """Answer 409 with what stands now, and what was to stand."""
    fields = MuteForm().fields
    return conflict(request, [(fields[name].label, stale.theirs[name], mine[name]) for name in _SHOWN], stale)


@org_view(Permission.FORECAST_VIEW)
@require_POST
def unmute(request: OrgRequest, pk: int, code: str) -> HttpResponse:
    """Let a rule speak again."""
    found, seen = _alert_or_404(request, pk, code), number(request.POST.get("seen"))
    try:
        actions.unmute(found, code, seen=seen, by=request.membership, at=request.now)
    except Stale as stale:
        return _both_mutes(request, stale, {"until": _("It is heard again"), "reason": ""})
    messages.success(request, _("It is heard again"))
    return go(request, back_from_dialog(request, _page(request)))


_SHOWN = ("until", "reason")
_AT = {"mute_past": "until", "mute_too_long": "until", "reason_needed": "reason", "reason_too_long": "reason"}


def _page(request: OrgRequest) -> str:
    return to_page(request, "forecasting:alerts")
