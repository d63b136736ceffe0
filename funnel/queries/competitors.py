"""How often we met a competitor, and how it went: of the opportunities that one may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum
from django.shortcuts import get_object_or_404

from accounts import names
from accounts import queries as accounts_queries
from accounts.models import Account
from funnel.filters import Filters
from funnel.models import Opportunity, Rival
from funnel.queries.opportunities import of_health, visible
from funnel.queries.strategy import competitors_for
from funnel.stages import Status
from funnel.strategy import Tally
from tenants.models import Membership

LINES = 30
NAMES = 30


@dataclass(frozen=True)
class Met:
    """A competitor, and how often we met it."""

    account: Account
    tally: Tally


def _tally(status: str, count: int, amount: int | None) -> Tally:
    if status == Status.WON:
        return Tally(won=count, won_amount=amount or 0)
    if status == Status.LOST:
        return Tally(lost=count, lost_amount=amount or 0)
    return Tally(open=count, open_amount=amount or 0)


_COUNTED = [Status.OPEN, Status.WON, Status.LOST]


def _rivalries(membership: Membership) -> QuerySet[Any]:
    """Return the rows of strategy sheets that count: of opportunities in sight, open, won or lost."""
    rows = Rival.objects.filter(opportunity__status__in=_COUNTED)
    if membership.visible_owner_ids is None:
        return rows
    return rows.filter(opportunity__in=visible(membership).values("pk"))


def _lost_only(membership: Membership) -> QuerySet[Any]:
    """Return opportunities in sight that were lost to a competitor who does not stand on their sheet."""
    stands = Rival.objects.filter(opportunity=OuterRef("pk"), competitor=OuterRef("lost_to"))
    return visible(membership).filter(~Exists(stands), lost_to__isnull=False, status=Status.LOST)


def competitors(membership: Membership) -> list[Met]:
    """Return every competitor that `membership` may know, with what became of the opportunities in sight.

    An opportunity counts for each competitor that stands on its sheet or to which it was lost, once; three queries.
    """
    tallies: dict[int, Tally] = {}
    met = _rivalries(membership).order_by().values_list("competitor", "opportunity__status")
    lost = _lost_only(membership).order_by().values_list("lost_to", "status")
    for rows, amount in ((met, "opportunity__amount"), (lost, "amount")):
        for pk, status, count, total in rows.annotate(Count("pk"), Sum(amount)):
            tallies[pk] = tallies.get(pk, Tally()) + _tally(status, count, total)
    found = [Met(account, tallies.get(account.pk, Tally())) for account in competitors_for(membership)]
    return sorted(found, key=lambda each: (-(each.tally.won + each.tally.lost + each.tally.open), each.account.name))


def competitor_or_404(membership: Membership, pk: int) -> Account:
    """Return a competitor that `membership` may know, or Http404."""
    found: Account = get_object_or_404(competitors_for(membership), pk=pk)
    return found


@dataclass(frozen=True)
class Line:
    """One product or region: what became of it against this competitor."""

    name: str
    tally: Tally


@dataclass(frozen=True)
class Told:
    """An answer of ours, and what became of the opportunity."""

    rival: Rival

    @property
    def has_worked(self) -> bool:
        """Whether we won."""
        return bool(self.rival.opportunity.status == Status.WON)


@dataclass(frozen=True)
class Against:
    """Everything about one competitor."""

    account: Account
    tally: Tally
    by_product: Sequence[Line]
    by_region: Sequence[Line]
    open: Sequence[Opportunity]
    answers: Sequence[Told]
    sees_account: bool


def against(membership: Membership, account: Account, filters: Filters | None = None) -> Against:
    """Return what we know of a competitor from the opportunities that `membership` may see; six queries.

    :param filters: narrow by health and flag those that are open now.
    """
    by_product: dict[str, Tally] = {}
    by_region: dict[str, Tally] = {}
    total = Tally()
    met = _rivalries(membership).filter(competitor=account).order_by()
    lost = _lost_only(membership).filter(lost_to=account).order_by()
    for rows, to in ((met, "opportunity__"), (lost, "")):
        fields = (f"{to}product__name", f"{to}account__region", f"{to}status")
        for product, region, status, count, amount in rows.values_list(*fields).annotate(
            Count("pk"), Sum(f"{to}amount")
        ):
            one = _tally(status, count, amount)
            total += one
            for table, name in ((by_product, product or ""), (by_region, region or "")):
                table[name] = table.get(name, Tally()) + one
    now = visible(membership).open().filter(of_health(filters or Filters()), rivals__competitor=account).with_card()
    said = _rivalries(membership).filter(competitor=account).exclude(answer="")
    told = said.select_related("opportunity__account", "opportunity__product").order_by("-updated_at")[:LINES]
    return Against(
        account,
        total,
        _lines(by_product),
        _lines(by_region),
        list(now.order_by(F("amount").desc(nulls_last=True), "pk")[:LINES]),
        sorted((Told(row) for row in told), key=lambda each: not each.has_worked),
        accounts_queries.may_see(membership, account),
    )


def _lines(table: Mapping[str, Tally]) -> list[Line]:
    """Return the lines in order, those without a name last."""
    lines = [Line(name, tally) for name, tally in table.items()]
    return sorted(lines, key=lambda line: (not line.name, -(line.tally.won + line.tally.lost + line.tally.open)))


@dataclass(frozen=True)
class Unlinked:
    """A name under which opportunities were lost and that is linked to no competitor."""

    name: str
    count: int
    amount: int


def unlinked(membership: Membership) -> list[Unlinked]:
    """Return the names of rivals that are linked to no competitor, most often met first; spellings are one name."""
    rows = visible(membership).filter(status=Status.LOST, lost_to=None).exclude(rival="").order_by()
    found: dict[str, Unlinked] = {}
    for text, count, amount in rows.values_list("rival").annotate(Count("pk"), Sum("amount")):
        key = names.key(text)
        before = found.get(key, Unlinked(text, 0, 0))
        found[key] = Unlinked(before.name, before.count + count, before.amount + (amount or 0))
    return sorted(found.values(), key=lambda each: (-each.count, each.name))[:NAMES]
