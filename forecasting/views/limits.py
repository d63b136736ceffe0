"""The settings of health: limits by stage, and the ladder of alerts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from forecasting import actions, labels, queries
from forecasting.forms import LimitsForm
from forecasting.health import OPEN_STAGES, STANDARD, SWITCHES, limits
from forecasting.models import HealthSetting, thresholds
from funnel.labels import FLAGS
from funnel.queries import stage_table
from tenants.effects import Effect, seal
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view, render_page, to_page


@org_view(Permission.SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def health_limits(request: OrgRequest) -> HttpResponse:
    """Edit the limits of the health rules and the ladder; what flags change must be confirmed."""
    setting = HealthSetting.current()
    if request.method != "POST":
        return _page(request, LimitsForm(initial=LimitsForm.values_of(setting, thresholds())))
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    told = _told(request, form)
    if form.cleaned_data["version"] == setting.version and told["asks"] and not told["confirmed"]:
        form.add_error(None, _("Read what this will do, then confirm it."))
        return _page(request, form, status=422, **told)
    try:
        actions.change_health(
            form.edited(),
            ladder=form.ladder(),
            seen=form.cleaned_data["version"],
            by=request.membership,
            at=request.now,
        )
    except Stale as stale:
        rows = form.differences(stale.theirs, labels.limit_label)
        return conflict(request, rows, stale)
    except Refused as refused:
        form.add_error("ladder_1" if refused.code == "ladder_wrong" else None, labels.refusal(refused))
        return _page(request, form, status=422, **told)
    later = actions.is_judged_later()
    words = _("The settings are saved. Health is being judged anew.") if later else _("The settings are saved.")
    messages.success(request, words)
    return go(request, to_page(request, "forecasting:health"))


@org_view(Permission.SETTINGS_EDIT)
@require_POST
def health_effects(request: OrgRequest) -> HttpResponse:
    """Say how many opportunities would gain and lose which flags; nothing is changed."""
    form = LimitsForm(request.POST)
    context = _told(request, form) if form.is_valid() else {}
    return render(request, "forecasting/thresholds.html#effects", {"form": form, **context})


@org_view(Permission.SETTINGS_EDIT)
@require_GET
def judging(request: OrgRequest) -> HttpResponse:
    """Say while health is being judged anew in the background, and that it is over where it was seen to be going on."""
    context = {"runs": queries.is_being_judged(), "was": request.GET.get("since") == "1"}
    return render(request, "forecasting/judging.html", context)


def _told(request: OrgRequest, form: LimitsForm) -> dict[str, Any]:
    """Return what new limits will do, and whether it was confirmed."""
    held = limits(HealthSetting.current().basis, form.edited())
    effects = [
        Effect(labels.gains(str(FLAGS[code].name), more, fewer), asks=True)
        for code, more, fewer in queries.would_change(held, at=request.now)
    ]
    key = seal({f"{stage}.{code}": value for (stage, code), value in form.edited().items()})
    return {
        "effects": effects,
        "asks": bool(effects),
        "seal": key,
        "confirmed": request.POST.get("confirmed") == key,
        "is_told": True,
    }


def _page(request: OrgRequest, form: LimitsForm, *, status: int = 200, **told: Any) -> HttpResponse:
    setting = HealthSetting.current()
    usual, stages = limits(setting.basis, {}), stage_table()[: len(OPEN_STAGES)]
    rows = [
        {
            "label": labels.limit_label(code),
            "unit": labels.UNITS.get(code, ""),
            "is_switch": code in SWITCHES,
            "cells": [
                (row, form[f"{code}_{row.stage}"], usual[row.stage - 1][code], code in usual[row.stage - 1].own)
                for row in stages
            ],
        }
        for code in STANDARD
    ]
    context = {
        "form": form,
        "rows": rows,
        "stages": stages,
        "ladder": [form[f"ladder_{step}"] for step in (1, 2, 3)],
        "setting": setting,
        **told,
    }
    return render_page(request, "forecasting/thresholds.html", context, partial="form", status=status)
