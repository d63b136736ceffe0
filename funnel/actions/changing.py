"""Changing the facts of an opportunity."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction

from accounts import actions as accounts_actions
from accounts.models import Product
from funnel.actions import _log, _team
from funnel.actions._money import end_discount, reporting_amount, revenue_changed, set_price
from funnel.discounts import NONE
from funnel.facts import check_amount, check_close, check_name
from funnel.history import Draft, is_push
from funnel.models import Opportunity
from funnel.plans import NOTHING
from funnel.stages import Category, ChangeKind, Stage, Status, default_category
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


class Facts(TypedDict, total=False):
    """What can be changed. `amount` is in minor units of `quoted_currency` ('' is the reporting currency).

    `category` None gives the choice back to the stage.
    """

    name: str
    amount: int | None
    quoted_currency: str
    expected_close_on: date | None
    owner: Membership
    product: Product | None
    category: Category | None
    source: str


@transaction.atomic
def change_opportunity(
    opportunity: Opportunity, *, seen: int, by: Membership | None, at: datetime, why: str = "", **facts: Unpack[Facts]
) -> Opportunity:
    """Change facts of an opportunity; what is the same already leaves no trace.

    A discount ends with another amount or product: another product goes back to the price before it, while it is
    open. What was signed stays what it is, whatever the product is called afterwards.

    :param seen: the version the caller saw.
    :raises Stale: it was changed since.
    :raises Refused: as `open_opportunity`; `owner_decides` for a helper; `closed` for an expected close or category
        of a closed one.
    """
    opportunity = _log.lock_deciding(opportunity, by=by)
    refuse_stale(opportunity, seen, *_log.SHOWN)
    before = {field: getattr(opportunity, field) for field in _log.SHOWN}
    is_open, was_own = opportunity.status == Status.OPEN, opportunity.category_is_own
    fields: list[str] = []
    handed = NOTHING
    if "name" in facts:
        opportunity.name = check_name(facts["name"])
        fields.append("name")
    if "source" in facts:
        opportunity.source = facts["source"].strip()[:80]
        fields.append("source")
    if "product" in facts:
        opportunity.product = facts["product"]
        fields.append("product")
    if "owner" in facts:
        opportunity.owner = facts["owner"]
        fields.append("owner")
        if opportunity.owner_id != before["owner_id"]:
            handed = _team.owner_changed(opportunity, before["owner_id"])
    if "amount" in facts:
        fields += _take_amount(opportunity, facts["amount"], facts.get("quoted_currency", ""), at)
    if is_open and opportunity.product_id != before["product_id"] and opportunity.full_amount is not None:
        fields += set_price(opportunity, opportunity.full_amount, NONE)
    if "expected_close_on" in facts and facts["expected_close_on"] != opportunity.expected_close_on:
        if not is_open:
            raise Refused("closed")
        zone = opportunity.organization.zone
        check_close(facts["expected_close_on"], opportunity.opened_at.astimezone(zone).date())
        opportunity.expected_close_on = facts["expected_close_on"]
        fields.append("expected_close_on")
    if "category" in facts and (facts["category"], True) != (opportunity.category, opportunity.category_is_own):
        own = facts["category"]
        if not is_open and own is not None:
            raise Refused("closed")
        opportunity.category = own or default_category(Stage(opportunity.stage))
        opportunity.category_is_own = own is not None
        fields += ["category", "category_is_own"]
    drafts = _drafts(opportunity, before, at=at, why=why, percent=_log.percents()[Stage(opportunity.stage)])
    changed = [field for field in _log.SHOWN if before[field] != getattr(opportunity, field)]
    if not changed and "category_is_own" not in fields and "quoted_amount" not in fields:
        return opportunity
    opportunity.push_count += sum(
        draft.kind == ChangeKind.EXPECTED_CLOSE and is_push(draft.old, draft.new) for draft in drafts
    )
    _log.write(opportunity, drafts, by=by, at=at, fields=[*fields, "push_count"])
    if "name" in changed:
        accounts_actions.index("opportunity", opportunity.pk, opportunity.name)
    if opportunity.status == Status.WON and "amount" in changed:
        revenue_changed({opportunity.account_id}, at=at)
    data: dict[str, Any] = {field: [_json(before[field]), _json(getattr(opportunity, field))] for field in changed}
    if "category" in changed or opportunity.category_is_own != was_own:
        data["category_is_own"] = [was_own, opportunity.category_is_own]
    if handed != NOTHING:
        data["handed"] = asdict(handed)
    _log.tell("opportunity.changed", opportunity, by=by, at=at, data=data, timeline=False)
    return opportunity


def _take_amount(opportunity: Opportunity, amount: int | None, currency: str, at: datetime) -> list[str]:
    """Set the amount; the same quoted amount keeps the rate it was converted at."""
    check_amount(amount)
    organization = opportunity.organization
    currency = "" if currency == organization.currency or amount is None else currency
    if currency and (amount, currency) == (opportunity.quoted_amount, opportunity.quoted_currency):
        return []
    quoted = reporting_amount(organization, amount, currency, on=at.astimezone(organization.zone).date())
    check_amount(quoted.amount)
    if (quoted.amount, quoted.quoted_currency) == (opportunity.amount, opportunity.quoted_currency):
        return []
    opportunity.amount, opportunity.rate_on = quoted.amount, quoted.rate_on
    opportunity.quoted_amount, opportunity.quoted_currency = quoted.quoted_amount, quoted.quoted_currency
    return ["amount", "quoted_amount", "quoted_currency", "rate_on", *end_discount(opportunity)]


def _drafts(opportunity: Opportunity, before: dict[str, Any], *, at: datetime, why: str, percent: int) -> list[Draft]:
    logged = [
        (ChangeKind.AMOUNT, "amount"),
        (ChangeKind.EXPECTED_CLOSE, "expected_close_on"),
        (ChangeKind.OWNER, "owner_id"),
        (ChangeKind.CATEGORY, "category"),
    ]
    return [
        Draft(kind, _json(before[field]), _json(getattr(opportunity, field)), at, percent, why)
        for kind, field in logged
        if before[field] != getattr(opportunity, field)
    ]


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
