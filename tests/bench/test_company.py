"""The measured company: its log tells what its rows hold, so that every page shows the same as in a real one."""

import json
from datetime import UTC, date, datetime

from bench.company import LOGGED, OPPORTUNITY, Place, Size, sales
from funnel.history import Event, as_it_stood

TODAY = date(2026, 11, 30)
PLACE = Place(1, [2, 3], [4, 5], list(range(10, 60)), 100, 1000)


def test_the_log_of_every_opportunity_ends_where_its_row_stands() -> None:
    logged = 0
    for sale in sales(PLACE, Size(20, 300), TODAY):
        row = dict(zip(OPPORTUNITY, sale.row, strict=True))
        events = [
            Event(nth, change[2], json.loads(change[3]), json.loads(change[4]), change[8], change[9], change[5], None)
            for nth, change in enumerate(sale.changes)
        ]
        assert [event.occurred_at for event in events] == sorted(event.occurred_at for event in events)
        now = as_it_stood(events, datetime(2026, 12, 1, tzinfo=UTC))
        assert now is not None
        assert (now.status, now.stage, now.amount, now.owner, now.category) == tuple(
            row[name] for name in ("status", "stage", "amount", "owner_id", "category")
        )
        due = row["expected_close_on"]
        assert now.expected_close == (due and due.isoformat())
        logged += len(events)
    assert logged >= 300 * LOGGED


def test_the_same_day_gives_the_same_rows() -> None:
    assert list(sales(PLACE, Size(20, 40), TODAY)) == list(sales(PLACE, Size(20, 40), TODAY))
