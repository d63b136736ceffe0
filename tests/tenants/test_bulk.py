"""Many rows in one statement are what single saves would have made."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.forms.models import model_to_dict

from accounts.models import Account, TimelineEntry
from funnel.models import Opportunity
from tenants.bulk import insert_many, update_many
from tenants.scoping import NoOrganization, working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db


def account(cast: Cast, name: str, **more: object) -> Account:
    return Account(name=name, name_key=name.lower(), owner=cast.rep, created_at=AT, updated_at=AT, **more)


def test_rows_arrive_in_order_and_whole(acme: Cast) -> None:
    with working_for(acme.org):
        made = insert_many(
            [account(acme, f"Name {n}", turnover=n or None, notes="a'b\\c 中文 😀" * n) for n in range(4_500)]
        )
        stored = list(Account.objects.order_by("pk"))
        assert [each.pk for each in made] == [each.pk for each in stored]
        assert [model_to_dict(each) for each in made] == [model_to_dict(each) for each in stored]
        lines = insert_many(
            [
                TimelineEntry(account=made[n], at=AT + timedelta(days=n), verb="x", data=data, source="s", source_id=n)
                for n, data in enumerate([{"a": [1, None, "ü"]}, {}, {"b": 1.5}])
            ]
        )
        assert [each.data for each in TimelineEntry.objects.order_by("pk")] == [each.data for each in lines]
        deal = Opportunity(account=made[0], name="x", owner=acme.rep, stage_entered_at=AT, opened_at=AT, updated_at=AT)
        insert_many([deal])
        assert Opportunity.objects.get().flags == []


def test_updates_touch_the_fields_named_and_no_others(acme: Cast) -> None:
    with working_for(acme.org):
        rows = insert_many([account(acme, f"Name {n}") for n in range(3)])
        for n, row in enumerate(rows):
            row.phone, row.turnover, row.region = f"{n}", n or None, "not to be written"
        update_many(rows[:2], ["phone", "turnover"])
        found = list(Account.objects.order_by("pk").values_list("phone", "turnover", "region"))
    assert found == [("0", None, ""), ("1", 1, ""), ("", None, "")]


def test_what_is_too_long_is_refused_not_cut(acme: Cast) -> None:
    with working_for(acme.org):
        with pytest.raises(DataError), transaction.atomic():
            insert_many([account(acme, "x" * 201)])
        with pytest.raises(DataError), transaction.atomic():
            insert_many([account(acme, "x" * 201), account(acme, "y" * 202)])
        (row,) = insert_many([account(acme, "x")])
        row.phone = "1" * 41
        with pytest.raises(DataError), transaction.atomic():
            update_many([row], ["phone"])


def test_the_walls_hold(acme: Cast, globex: Cast) -> None:
    with working_for(globex.org):
        (theirs,) = insert_many([account(globex, "theirs")])
    with working_for(acme.org):
        theirs.phone = "stolen"
        update_many([theirs], ["phone"])
        insert_many([Account(name="x", owner=globex.rep, created_at=AT, updated_at=AT)])
        with pytest.raises(IntegrityError), transaction.atomic():
            connection.check_constraints()
        Account.objects.all().delete()
    with working_for(globex.org):
        assert Account.objects.get().phone == ""
    with pytest.raises(NoOrganization):
        insert_many([Account(name="x", owner=acme.rep, created_at=AT, updated_at=AT)])
