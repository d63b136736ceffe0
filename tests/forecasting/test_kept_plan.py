"""What judges one opportunity after a change is planned once a connection, for whatever organization; all are not."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from forecasting import actions
from forecasting.models import Alert
from funnel.models import Opportunity
from tenants.scoping import working_for
from tests.cast import Cast
from tests.forecasting.alerting import DAY, make_overdue
from tests.forecasting.factories import NOW, TODAY, make_opportunity


@pytest.fixture(autouse=True)
def _one_plan_for_all() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET plan_cache_mode")


@pytest.mark.django_db
def test_organizations_share_the_plan_and_nothing_else(acme: Cast, globex: Cast) -> None:
    made = {}
    for cast in (acme, globex):
        with working_for(cast.org):
            made[cast] = make_overdue(cast.rep)
            Opportunity.objects.update(flags=[], health="ok")
    foreign = [made[acme].pk, made[globex].pk]
    with working_for(acme.org):
        assert list(actions.judge(foreign, NOW)) == [made[acme].pk]
        assert set(Alert.objects.values_list("opportunity", flat=True)) == {made[acme].pk}
    with working_for(globex.org):
        assert Opportunity.objects.get().flags == []
        assert list(actions.judge(foreign, NOW)) == [made[globex].pk]
        assert "overdue" in Opportunity.objects.get().flags


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_migration_under_a_kept_plan_breaks_nothing(acme: Cast) -> None:
    def alter(length: int) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE funnel_opportunity ALTER COLUMN health TYPE varchar({length})")

    length = Opportunity._meta.get_field("health").max_length or 0
    with working_for(acme.org):
        one = make_opportunity(acme.rep, 100, TODAY, at=NOW)
        assert "overdue" not in one.flags
        try:
            alter(length + 20)
            assert "overdue" in actions.judge([one.pk], NOW + DAY)[one.pk][1]
        finally:
            alter(length)
        assert "overdue" not in actions.judge([one.pk], NOW)[one.pk][1]


@pytest.mark.django_db
def test_what_judges_all_is_planned_for_what_there_is(acme: Cast) -> None:
    with working_for(acme.org):
        one = make_overdue(acme.rep)
        with CaptureQueriesContext(connection) as said:
            actions.judge([one.pk], NOW)
            actions.refresh_health(acme.org, at=NOW)
    assert [
        each["sql"].startswith("EXECUTE") for each in said if "verdicts" in each["sql"] or "EXECUTE" in each["sql"]
    ] == [
        True,
        False,
    ]
