"""The nights behind the demo company: alerts at every step, some quiet, some over, on whatever day it is made."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from forecasting.models import Alert, Mute
from funnel.flags import Flag
from funnel.judges import unjudged
from salesops import demo_company, demo_deals, demo_health
from salesops.actions._nights import live_nights
from salesops.actions.founding import Demo, _archive, _hire, _meet, _plan, _sell, _stock, last_evening
from tenants import actions as tenants_actions
from tenants.models import Membership, User
from tenants.scoping import working_for

pytestmark = pytest.mark.django_db
DAYS = (
    "2028-01-01 23:59",  # a Saturday, the first of a year and a quarter, a public holiday
    "2026-06-01 00:01",  # a Monday, the first of a month
    "2026-02-17 09:00",  # the Lunar New Year, in the middle of a week
)
A_FEW = 4
"""Every so manieth open opportunity is enough to look at."""
LATELY = 10
"""The nights of so many days are lived one by one; what lies before them in leaps, which takes less time."""


@pytest.fixture
def founder() -> Iterator[Membership]:
    """The executive of a company with people and products, and nothing sold yet."""
    at = datetime(2026, 1, 2, 9, tzinfo=demo_company.ZONE)
    user = User.objects.create_user("wang@obsidian.example", "pass", name="Wang")
    found = tenants_actions.found_organization(user, name="Demo", language="en", at=at, slug="demo")
    with working_for(found.organization):
        yield found


def test_alerts_stand_at_every_step_on_every_day(founder: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    nights = demo_health.NIGHTS
    leaps = tuple(night for place, night in enumerate(nights) if night <= LATELY or not place % 4)
    monkeypatch.setattr(demo_health, "NIGHTS", leaps)
    hired_at = datetime(2026, 1, 2, 9, tzinfo=demo_company.ZONE)
    people, products = _hire(founder, at=hired_at), _stock(founder, at=hired_at)
    for day in DAYS:
        with transaction.atomic():
            _live(founder, people, products, datetime.fromisoformat(day).replace(tzinfo=demo_company.ZONE))
            steps = Counter(Alert.objects.standing().values_list("step", flat=True))
            assert min(steps[step] for step in range(4)) >= 4, (day, steps)
            over = Alert.objects.exclude(cleared_at=None)
            assert {Flag.NO_NEXT_STEP, Flag.SILENT} <= set(over.values_list("code", flat=True)), day
            muted = Mute.objects.filter(ended_at=None).select_related("by")
            assert {mute.by.role for mute in muted} == {"rep", "manager", "executive"}, day
            assert muted.count() == len(demo_health.MUTES), day
            transaction.set_rollback(True)


def _live(founder: Membership, people: dict[str, Membership], products: list[int], at: datetime) -> None:
    """Let a part of what is open stand as it does at the demo company, and the nights pass."""
    customers = demo_company.companies(at.date())
    every = [deal for deal in demo_deals.deals(last_evening(at), customers) if not deal.outcome]
    deals = every[::A_FEW]
    some = list({deal.company.key: deal.company for deal in deals}.values())
    how: dict[str, Any] = {"by": founder, "at": at}
    with unjudged():
        accounts, contacts = _archive(some, people, **how)
        demo = Demo(people, accounts, contacts, _sell(deals, people, accounts, products, **how))
        _meet(deals, demo, **how)
        _plan(deals, demo, today=at.date(), **how)
    live_nights(founder.organization, at=at)
