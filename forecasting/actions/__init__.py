"""Every write of this app: targets, and what the nights compute."""

from forecasting.actions.nights import (
    JOB,
    facts_of,
    make_past_snapshots,
    refresh_health,
    start_night,
    start_now,
    take_snapshot,
)
from forecasting.actions.targets import ImportedTarget, SetTarget, import_targets, set_target

__all__ = [
    "JOB",
    "ImportedTarget",
    "SetTarget",
    "facts_of",
    "import_targets",
    "make_past_snapshots",
    "refresh_health",
    "set_target",
    "start_night",
    "start_now",
    "take_snapshot",
]
