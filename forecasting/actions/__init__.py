"""Every write of this app: targets, health and alerts, and what the nights compute."""

from forecasting.actions.alerting import climb, tell_untold
from forecasting.actions.digesting import DIGEST_JOB, start_digest, take_digest
from forecasting.actions.judging import is_judged_later, judge, refresh_health
from forecasting.actions.limiting import change_health
from forecasting.actions.muting import mute, unmute
from forecasting.actions.nights import make_past_snapshots, start_night, start_now, take_snapshot
from forecasting.actions.targets import ImportedTarget, SetTarget, import_targets, set_target
from forecasting.models import JOB

__all__ = [
    "DIGEST_JOB",
    "JOB",
    "ImportedTarget",
    "SetTarget",
    "change_health",
    "climb",
    "import_targets",
    "is_judged_later",
    "judge",
    "make_past_snapshots",
    "mute",
    "refresh_health",
    "set_target",
    "start_digest",
    "start_night",
    "start_now",
    "take_digest",
    "take_snapshot",
    "tell_untold",
    "unmute",
]
