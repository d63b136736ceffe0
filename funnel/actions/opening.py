"""Opening an opportunity."""

import uuid
from datetime import date, datetime

from django.db import IntegrityError, transaction

from accounts import actions as accounts_actions
from accounts.models import Account, Product
from funnel.actions import _log
from funnel.actions._money import reporting_amount
from funnel.actions._proof import first_demanded
from funnel.facts import check_amount, check_close, check_name
from funnel.history import Draft, Snapshot, reach
from funnel.models import Opportunity
from funnel.stages import Category, ChangeKind, Stage, default_category
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def open_opportunity(
    account: Account,
    *,
    name: str,
    owner: Membership,
    by: Membership | None,
    at: datetime,
    amount: int | None = None,
    expected_close_on: date | None = None,
    product: Product | None = None,
    stage: Stage = Stage.DISCOVER,
    category: Category | None = None,
    source: str = "",
    quoted_currency: str = "",
    request_key: uuid.UUID | None = None,
) -> Opportunity:
    """Open an opportunity for an account; a repeated `request_key` returns the first one.

    :param amount: minor units of `quoted_currency`, or of the reporting currency where that is empty.
    :param category: the rep's own forecast category; None takes the stage's.
    :raises Refused: `name_empty`, `name_too_long`, `name_unreadable`, `amount_negative`, `amount_too_large`,
        `close_before_opening`, `stage_not_open`, `rate_missing`.
    """
    organization = account.organization
    name, today = check_name(name), at.astimezone(organization.zone).date()
    check_amount(amount)
    check_close(expected_close_on, today)
    if stage == Stage.DEPLOY:
        raise Refused("stage_not_open")
    quoted = reporting_amount(organization, amount, quoted_currency, on=today)
    check_amount(quoted.amount)
    opportunity = Opportunity(
        account=account,
        name=name,
        owner=owner,
        product=product,
        stage=stage,
        stage_entered_at=at,
        proven_stage=min(stage, first_demanded()) if stage > Stage.DISCOVER else stage,
        amount=quoted.amount,
        quoted_amount=quoted.quoted_amount,
        quoted_currency=quoted.quoted_currency,
        rate_on=quoted.rate_on,
        expected_close_on=expected_close_on,
        category=category or default_category(stage),
        category_is_own=category is not None,
        opened_at=at,
        source=source,
        request_key=request_key,
        updated_at=at,
        updated_by=by,
    )
    if (before := _made_before(opportunity)) is not None:
        return before
    percents = _log.percents()
    start = Snapshot.as_json(
        stage=stage,
        amount=quoted.amount,
        expected_close_on=expected_close_on,
        owner=owner.pk,
        category=opportunity.category,
        proven=reach(opportunity.proven_stage, percents),
    )
    _log.append(opportunity, [Draft(ChangeKind.CREATED, None, start, at, percents[stage])], by=by, at=at)
    accounts_actions.index_many("opportunity", [(opportunity.pk, (name,))], new=True)
    _log.tell("opportunity.opened", opportunity, by=by, at=at, data={"stage": int(stage), "amount": quoted.amount})
    return opportunity


def _made_before(opportunity: Opportunity) -> Opportunity | None:
    """Save a new opportunity, or return the one that this request made before.

    Two taps at once meet at the key: the database lets the second wait for the first, and refuses it then.
    """
    if opportunity.request_key is None:
        opportunity.save(force_insert=True)
        return None
    try:
        with transaction.atomic():
            opportunity.save(force_insert=True)
    except IntegrityError:
        before: Opportunity | None = Opportunity.objects.filter(request_key=opportunity.request_key).first()
        if before is None:
            raise
        return before
    return None
