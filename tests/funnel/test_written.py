"""Statements that are written out find what the ORM finds, for everybody, however it is narrowed."""

from importlib import import_module
from typing import Any

import pytest
from django.db.models import Count, F, Q, Sum
from django.http import Http404

from accounts.models import Product
from funnel import queries
from funnel.filters import Filters
from funnel.models import URGENCY, Opportunity, OpportunityMember
from funnel.stages import Health, Stage, Status
from tenants.backend.whole import narrowing
from tests.cast import AT, Cast
from tests.funnel.factories import make_opportunity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scope")]
PEOPLE = ("rep", "rep2", "manager", "executive", "partner", "colleague")


@pytest.fixture
def deals(acme: Cast) -> list[Opportunity]:
    """Some of each owner, of each health, one with a product, one with a helper, one won."""
    made = [
        make_opportunity(owner, stage=stage, amount=amount)
        for owner in (acme.rep, acme.rep2, acme.partner)
        for stage, amount in ((Stage.QUALIFY, 500), (Stage.PROOF, 700), (Stage.PROOF, None))
    ]
    Opportunity.objects.filter(pk=made[0].pk).update(product=Product.objects.create(name="Monitor", list_price=1))
    for at, health in enumerate((Health.RISK, Health.WATCH)):
        Opportunity.objects.filter(pk=made[at + 1].pk).update(health=health)
    Opportunity.objects.filter(pk=made[3].pk).update(status=Status.WON, stage=Stage.DEPLOY, closed_at=AT)
    OpportunityMember.objects.create(opportunity=made[0], member=acme.colleague)
    return made


@pytest.mark.parametrize("who", PEOPLE)
def test_an_opportunity_is_found_whole_or_not_at_all(acme: Cast, deals: list[Opportunity], who: str) -> None:
    member = getattr(acme, who)
    seen = {each.pk: each for each in queries.visible(member).with_card()}
    for pk in (*(deal.pk for deal in deals), 10**9, 10**30):
        if pk not in seen:
            with pytest.raises(Http404):
                queries.opportunity_or_404(member, pk)
            continue
        found, known = queries.opportunity_or_404(member, pk), seen[pk]
        pairs: list[Any] = [(found, known), (found.account, known.account), (found.owner, known.owner)]
        pairs += [(found.owner.user, known.owner.user), *([(found.product, known.product)] if known.product else [])]
        for mine, theirs in pairs:
            assert type(mine) is type(theirs)
            names = [field.attname for field in type(theirs)._meta.concrete_fields]
            assert [getattr(mine, name) for name in names] == [getattr(theirs, name) for name in names]
        assert (found.product is None) == (known.product is None)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("health", ["", "attention", "risk", "ok"])
def test_figures_and_first_cards_are_those_of_the_rows(
    acme: Cast, deals: list[Opportunity], who: str, health: str
) -> None:
    member = getattr(acme, who)
    board = queries.board(member, Filters(health=health), today=AT.date())
    wanted = {"": Q(), "attention": ~Q(health=Health.OK)}.get(health, Q(health=health))
    standing = queries.visible(member).open().filter(wanted)
    assert (board.count, board.total) == tuple(
        standing.aggregate(n=Count("pk"), total=Sum("amount", default=0)).values()
    )
    for column in board.columns[:-1]:
        assert column.row is not None
        of_stage = standing.filter(stage=column.row.stage)
        assert {card.pk for card in column.cards} == set(of_stage.values_list("pk", flat=True))
        assert column.count == len(column.cards)
    totals = queries.totals(standing, queries.stage_table())
    assert (totals.count, totals.total, totals.weighted) == (board.count, board.total, board.weighted)


@pytest.mark.parametrize("first", [1, 2, 3, 5])
def test_the_first_cards_are_those_that_every_list_puts_first(
    acme: Cast, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr(import_module("funnel.queries.board"), "CARDS", first)
    for health in Health:
        for amount in (None, 5, 7):
            row = make_opportunity(acme.rep, stage=Stage.QUALIFY, amount=amount)
            Opportunity.objects.filter(pk=row.pk).update(health=health)
    cards = queries.board(acme.rep, Filters(), today=AT.date()).columns[1].cards
    listed = Opportunity.objects.order_by(URGENCY, F("amount").desc(nulls_last=True), "pk")
    assert [card.pk for card in cards] == list(listed.values_list("pk", flat=True)[:first])


def test_what_nothing_satisfies_is_an_empty_board(acme: Cast, deals: list[Opportunity]) -> None:
    assert narrowing(Opportunity.objects.filter(pk__in=[]))[1] == "false"
    nothing = Filters(within=(("owner", "nobody"),))
    assert queries.board(acme.executive, nothing, today=AT.date()).count == 0
    assert queries.totals(queries.listed(acme.executive, nothing, today=AT.date()), queries.stage_table()).count == 0
