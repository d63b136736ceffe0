"""Targets, snapshots and alerts; files that were brought in."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from exchange import actions as exchange
from forecasting import actions as forecasting
from forecasting.periods import Kind as PeriodKind
from forecasting.periods import period_of
from funnel.models import (
    Opportunity,
)
from jobs.models import Notification
from jobs.running import run
from tests.cast import Cast
from tests.exchange.factories import bring_in, checked, make_csv, make_import, settled
from tests.walls.furnishing.texts import Text


def forecast(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    for kind in (PeriodKind.MONTH, PeriodKind.QUARTER):
        period = period_of(kind, now.date())
        forecasting.set_target(cast.rep, kind, period.starts_on, 9_000_000, by=cast.manager, at=now)
    forecasting.refresh_health(cast.org, at=now)
    forecasting.take_snapshot(cast.org, on=(now - timedelta(days=1)).date(), at=now)
    job = forecasting.start_now(by=cast.manager, at=now)
    run(job)
    until = now.date() + timedelta(days=9)
    Opportunity.objects.filter(pk=rows["opportunity"].pk).update(flags=["overdue"])  # only what stands is muted
    quiet: dict[str, Any] = {"until": until, "reason": text(200), "seen": 0, "by": cast.rep, "at": now}
    mute = forecasting.mute(rows["opportunity"], "overdue", **quiet)
    return {"job": job, "mute": mute, "running": forecasting.start_now(by=cast.manager, at=now)}


def bring(cast: Cast, text: Text, rows: dict[str, Any]) -> dict[str, Any]:
    by = cast.manager
    name, note = text(100), text(200)
    data = make_csv(["Name", text(60), "E-mail", "Notes"], [name, note, text(60), note], ["", note, text(60), note])
    done = bring_in("accounts", data, by=by, name=f"{text(150)}.csv")
    return {
        "mapping": make_import("accounts", data, by=by, name=f"{text(150)}.csv"),
        "checked": checked(make_import("accounts", data, by=by, name=f"{text(150)}.csv"), by=by),
        "done": done,
        # only looked through: while one is at work, no other can be undone
        "going": settled(make_import("accounts", data, by=by, name=f"{text(150)}.csv"), by=by),
        "saved": exchange.save_mapping(done, name=text(80), by=by, at=timezone.now()),
        "file": done.rejects,
        "notification": Notification.objects.filter(to=by).latest("id"),
    }
