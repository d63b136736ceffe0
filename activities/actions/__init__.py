"""Every write of this app, by concept."""

from activities.actions.importing import import_next_actions, import_visits
from activities.actions.next_actions import add_next_action, complete, drop, postpone, take_back
from activities.actions.visits import call_off, change_visit, hold, log_visit, plan_visit, put_back
from activities.actions.withdrawing import forget_met, forget_visits, rectify_visits

__all__ = [
    "add_next_action",
    "call_off",
    "change_visit",
    "complete",
    "drop",
    "forget_met",
    "forget_visits",
    "hold",
    "import_next_actions",
    "import_visits",
    "log_visit",
    "plan_visit",
    "postpone",
    "put_back",
    "rectify_visits",
    "take_back",
]
