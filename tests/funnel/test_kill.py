"""A worker killed in the middle of a change of many, and of its taking back: each is changed once, and once back."""

from collections import Counter
from uuid import uuid4

import pytest
from django.utils import timezone

from funnel import actions
from funnel.bulk import CHUNK, BulkKind, Choice
from funnel.models import BulkChange, Change, Opportunity
from tenants.scoping import reading
from tests.cast import Cast
from tests.funnel.factories import make_account, make_opportunity
from tests.jobs.test_kill import Place, now, place

__all__ = ["place"]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
MANY = 2 * CHUNK + 10


def changes(cast: Cast) -> Counter[int]:
    """How often the category of each was changed, as its log says."""
    with reading(cast.org):
        return Counter(Change.objects.filter(kind="category").values_list("opportunity_id", flat=True))


def test_killed_in_the_middle_of_a_change_of_many_and_of_its_taking_back(acme: Cast, place: Place) -> None:
    with reading(acme.org):
        account = make_account(acme.rep)
        ids = sorted(make_opportunity(acme.rep, f"Deal {n}", account).pk for n in range(MANY))
        when = timezone.now()
        bulk = actions.draw_up(BulkKind.CATEGORY, "commit", ids, request_key=uuid4(), by=acme.manager, at=when)
        bulk = actions.carry_out(bulk, Choice(), by=acme.manager, at=when)
        job = bulk.job

    def take() -> None:
        Opportunity.objects.select_for_update().get(pk=ids[CHUNK + 10])

    place.kill_before(take, org=acme.org)
    assert now(acme, job).done == CHUNK
    assert changes(acme) == dict.fromkeys(ids[:CHUNK], 1), "what was done of the second step went with it"
    place.go_on(acme, job)
    assert changes(acme) == dict.fromkeys(ids, 1)
    with reading(acme.org):
        bulk = BulkChange.objects.get(pk=bulk.pk)
        assert (bulk.state, {each["fate"] for each in bulk.outcome.values()}) == ("done", {"done"})
        bulk = actions.take_back(bulk, by=acme.manager, at=timezone.now())
        job = bulk.job

    place.kill_before(take, org=acme.org)
    assert now(acme, job).done == CHUNK
    assert changes(acme) == {pk: 2 if pk in ids[:CHUNK] else 1 for pk in ids}
    place.go_on(acme, job)
    assert changes(acme) == dict.fromkeys(ids, 2)
    with reading(acme.org):
        bulk = BulkChange.objects.get(pk=bulk.pk)
        assert (bulk.state, {each["fate"] for each in bulk.outcome.values()}) == ("undone", {"undone"})
        assert set(Opportunity.objects.values_list("category", "category_is_own")) == {("pipeline", False)}
