"""Rows behind a number: those in sight as rows, the others by their sum as it was when they left the sight."""

import pytest

from funnel import actions
from funnel.models import Opportunity
from funnel.queries.behind import Behind, Beyond, Worth
from tenants.scoping import working_for
from tests.cast import AT, Cast
from tests.funnel.factories import DAY, make_opportunity

pytestmark = pytest.mark.django_db
ALL = Behind("SELECT o.id AS opportunity_id FROM funnel_opportunity o WHERE o.amount <> %(but)s", {"but": -1})
WORTH = Behind(
    "SELECT o.id AS opportunity_id, 100 AS old, o.amount AS new FROM funnel_opportunity o WHERE o.amount <> %(but)s",
    {"but": -1},
    has_worth=True,
)


def change(found: Opportunity, days: int, by: object, **facts: object) -> None:
    found.refresh_from_db()
    actions.change_opportunity(found, seen=found.version, by=by, at=AT + days * DAY, **facts)  # type: ignore[arg-type]


@pytest.fixture
def two(acme: Cast, globex: Cast) -> list[Opportunity]:
    """One that is the rep's still, and one that was handed on at 1,111, changed before and after; and a stranger's."""
    with working_for(globex.org):
        make_opportunity(globex.rep, amount=5)
    with working_for(acme.org):
        kept, gone = make_opportunity(acme.rep, amount=700), make_opportunity(acme.rep, "Gone", amount=500)
        change(gone, 1, acme.rep, amount=1_111)
        change(gone, 2, acme.executive, owner=acme.partner)
        change(gone, 3, acme.partner, amount=9_999)
        return [kept, gone]


def test_rows_are_those_in_sight_and_the_rest_is_summed_as_it_left(acme: Cast, two: list[Opportunity]) -> None:
    kept, gone = two
    with working_for(acme.org):
        for behind in (ALL, WORTH):
            for member in (acme.rep, acme.manager):
                assert list(behind.visible_to(member)) == [kept]
                assert behind.beyond(member) == Beyond(1, 1_111)
            assert list(behind.visible_to(acme.partner)) == [gone]
            assert behind.beyond(acme.partner) == Beyond(1, 0)  # it never was in their sight
            assert set(behind.visible_to(acme.executive)) == {kept, gone}
            assert behind.beyond(acme.executive) == Beyond()
            assert list(behind.visible_to(acme.rep2)) == []


def test_what_helps_is_in_sight_again(acme: Cast, two: list[Opportunity]) -> None:
    kept, gone = two
    with working_for(acme.org):
        actions.add_member(gone, member=acme.rep, by=acme.partner, at=AT + 4 * DAY)
        assert set(ALL.visible_to(acme.rep)) == {kept, gone}
        assert ALL.beyond(acme.rep) == Beyond()


def test_worth_is_told_of_all_and_of_what_is_seen(acme: Cast, two: list[Opportunity]) -> None:
    _kept, gone = two
    with working_for(acme.org):
        everything, seen = WORTH.worth(WORTH.visible_to(acme.rep))
        assert (everything, seen) == (Worth(2, 200, 10_699), Worth(1, 100, 700))
        assert (everything.delta, seen.delta) == (10_499, 600)
        assert WORTH.worth() == (everything, everything)
        assert WORTH.worths([gone.pk]) == {gone.pk: Worth(1, 100, 9_999)}
        assert WORTH.worths([]) == {}
