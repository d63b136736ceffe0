"""Every write of this app: targets, health and alerts, and what the nights compute."""

from forecasting.actions.judging import judge, refresh_health
from forecasting.actions.nights import JOB, make_past_snapshots, start_night, start_now, take_snapshot
from forecasting.actions.targets import ImportedTarget, SetTarget, import_targets, set_target

__all__ = [
    "JOB",
    "ImportedTarget",
    "SetTarget",
    "import_targets",
    "judge",
    "make_past_snapshots",
    "refresh_health",
    "set_target",
    "start_night",
    "start_now",
    "take_snapshot",
]
