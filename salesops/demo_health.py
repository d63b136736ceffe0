"""What the nights behind the demo company saw, what is kept quiet about, which disease each region has. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from salesops.demo_company import ZONE
from salesops.demo_deals import Deal

NIGHTS = (120, 90, 75, 60, 50, 40, 32, 26, 21, 17, 14, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
"""How many days ago a night judged: an alert began in the first of them in which its flag stood."""

FINISH, PLAN, MEET = "finish", "plan", "meet"
WORK: Mapping[int, Sequence[tuple[str, int]]] = {
    6: ((PLAN, 3), (FINISH, 2)),
    5: ((MEET, 3), (FINISH, 2)),
    4: ((PLAN, 2), (FINISH, 2)),
    3: ((MEET, 3), (FINISH, 2)),
    2: ((PLAN, 2), (FINISH, 2)),
    1: ((MEET, 2), (FINISH, 3)),
}
"""What reps did so many days ago, and for how many opportunities: they finished the last next action and planned none,
planned one where none was, met a customer they had not heard of. So there are alerts of every age on every day.
"""

MUTES = (  # flag, step that the alert has reached, reason, days
    ("silent", 3, "客戶正在盤點，約好兩週後再聯絡。", 14),
    ("stalled", 3, "等待客戶董事會排程，已確認日期。", 10),
    ("no_next_step", 1, "窗口出差到下週，回來再約。", 7),
    ("no_next_step", 0, "報價還在核定，核定了就約時間。", 3),
)
UNPRICED = 3
"""So many of the smallest opportunities in the second stage have no amount yet."""
KEPT: Mapping[str, Mapping[int, int]] = {"北區": {1: 2, 2: 2}, "南區": {5: 1, 6: 0}}
"""How many open opportunities a region has in a stage at most; the others were lost: a thin top, an empty bottom."""
WINS_A_DAY: Mapping[str, float] = {"北區": 0.13, "中區": 0.025, "南區": 0.09}
"""How many more wins of the usual amount each region still needs, for every day left of the quarter."""


def shaped(deals: Sequence[Deal], today: date) -> Sequence[Deal]:
    """Let what is too much for the shape of its region be lost, half way between its last event and today."""
    stop = datetime.combine(today, time(18), ZONE)
    left = {(region, stage): most for region, kept in KEPT.items() for stage, most in kept.items()}
    for deal in reversed(deals):
        place = deal.company.region, deal.stage
        if deal.outcome or place not in left:
            continue
        if left[place]:
            left[place] -= 1
            continue
        moments = [when for when, _ in (*deal.stages, *deal.amounts, *deal.closes)] + [
            each.at for each in deal.meetings
        ]
        deal.outcome, deal.reason = "lost", "no_budget"
        deal.ended_at = max(moments) + (stop - max(moments)) / 2
    return deals
