"""A real export goes in whole: every row imported or listed, every quirk reported."""

import os
from pathlib import Path

import pytest
from django.db.models import Sum

from accounts.models import Account, Product
from exchange.models import Import
from funnel.models import Change, Opportunity
from funnel.stages import Stage, Status
from tenants.models import Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import bring_in, make_import

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


def content(name: str) -> bytes:
    return (Path(os.environ["SALESOPS_SHARED_DATA"]) / "maven" / name).read_bytes()


def take_all(by: Membership, pipeline: str) -> Import:
    """Products, customers and the pipeline, taking every proposal."""
    products = bring_in("products", content("products.csv"), by=by)
    assert products.tally.verdicts == {"created": 7}
    accounts = bring_in("accounts", content("accounts.csv"), by=by)
    assert accounts.tally.verdicts == {"created": 85}
    assert accounts.tally.remarks["industry_respelled"] == 12
    return bring_in("opportunities", content(pipeline), by=by)


@pytest.mark.parametrize("pipeline", ["sales_pipeline.csv", "sales_pipeline_usdates.csv"])
def test_the_whole_export(acme: Cast, pipeline: str) -> None:
    with working_for(acme.org):
        imported = take_all(acme.executive, pipeline)
        assert imported.tally.verdicts == {"created": 8_800}
        assert imported.tally.remarks == {
            "no_customer": 1_425,
            "undated": 500,
            "list_price_used": 2_089,
            "product_respelled": 1_480,
            "lost_at_list_price": 2_473,
            "owner_by_default": 8_800,
        }
        counts = {
            (status, stage): Opportunity.objects.filter(status=status, stage=stage).count()
            for status, stage in Opportunity.objects.order_by().values_list("status", "stage").distinct()
        }
        assert counts == {
            (Status.OPEN, Stage.DISCOVER): 500,
            (Status.OPEN, Stage.SOLUTION_FIT): 1_589,
            (Status.WON, Stage.DEPLOY): 4_238,
            (Status.LOST, Stage.SOLUTION_FIT): 2_473,
        }
        won = Opportunity.objects.won()
        assert won.aggregate(total=Sum("amount"))["total"] == 1_000_553_400
        closed = won.order_by("closed_at").values_list("closed_at", flat=True)
        assert closed.first().astimezone(acme.org.zone).date().isoformat() == "2017-03-01"
        assert closed.last().astimezone(acme.org.zone).date().isoformat() == "2017-12-31"
        assert Change.objects.filter(kind="created").count() == 8_800
        assert Account.objects.count() == 86
        assert Product.objects.count() == 7
        if pipeline == "sales_pipeline.csv":
            changes = Change.objects.count()
            again = bring_in("opportunities", content(pipeline), by=acme.executive)
            assert again.tally.verdicts == {"unchanged": 8_800}
            assert Change.objects.count() == changes


def test_the_columns_are_proposed_right(acme: Cast) -> None:
    with working_for(acme.org):
        imported = make_import("opportunities", content("sales_pipeline.csv"), by=acme.executive)
    assert {code: imported.header_of(column) for code, column in imported.mapping.items()} == {
        "external_id": "opportunity_id",
        "owner": "sales_agent",
        "product": "product",
        "account": "account",
        "stage": "deal_stage",
        "opened_on": "engage_date",
        "closed_on": "close_date",
        "amount": "close_value",
    }
