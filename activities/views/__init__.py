"""The pages of visits and next actions, by what they are for."""

from activities.views.panels import of_account, of_opportunity
from activities.views.planning import call_off, put_back, visit_plan
from activities.views.recording import due, visit_new
from activities.views.steps import complete, drop, postpone, seek, take_back
from activities.views.visits import visit, visit_edit, visits

__all__ = [
    "call_off",
    "complete",
    "drop",
    "due",
    "of_account",
    "of_opportunity",
    "postpone",
    "put_back",
    "seek",
    "take_back",
    "visit",
    "visit_edit",
    "visit_new",
    "visit_plan",
    "visits",
]
