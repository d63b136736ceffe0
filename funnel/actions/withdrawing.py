"""Takes imported opportunities back: new ones go, their log laid aside; changed ones are compensated in the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from accounts import actions as accounts_actions
from funnel.actions import _log
from funnel.actions._money import revenue_changed
from funnel.actions._proof import recount_proven
from funnel.history import undone
from funnel.judges import judge_anew
from funnel.models import Change, Opportunity
from funnel.stages import Stage
from tenants.bulk import insert_many
from tenants.models import Membership
from tenants.scoping import require_organization_id

_LAY_ASIDE = """
    INSERT INTO funnel_withdrawnchange
        (organization_id, change_id, opportunity_id, kind, old, new, percent, by_id, why, occurred_at, recorded_at,
         undoes_id, name, external_id, withdrawn_at, withdrawn_by_id)
    SELECT c.organization_id, c.id, c.opportunity_id, c.kind, c.old, c.new, c.percent, c.by_id, c.why, c.occurred_at,
           c.recorded_at, c.undoes_id, o.name, o.external_id, %s, %s
    FROM funnel_change c JOIN funnel_opportunity o ON o.organization_id = c.organization_id AND o.id = c.opportunity_id
    WHERE c.organization_id = %s AND c.opportunity_id = ANY(%s)
"""


@transaction.atomic
def withdraw(ids: Sequence[int], *, by: Membership, at: datetime) -> None:
    """Lay the change log of these opportunities aside and take them out of the search; the caller lets them go.

    What their customers bring in a year is counted anew, without them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAY_ASIDE, [at, by.pk, require_organization_id(), list(ids)])
    accounts_actions.unindex("opportunity", ids)
    won = Opportunity.objects.won().filter(pk__in=ids).order_by().values_list("account_id", flat=True).distinct()
    revenue_changed(set(won), at=at, without=ids)


@transaction.atomic
def compensate(logged: Mapping[int, Sequence[int]], *, by: Membership, at: datetime) -> None:
    """Append what undoes these rows of the change log, latest first; the opportunities hold again what they held.

    :param logged: the ids of the rows, by opportunity.
    """
    opportunities = {each.pk: each for each in Opportunity.objects.filter(pk__in=logged)}
    percents = _log.percents()
    rows = Change.objects.filter(pk__in=[pk for ids in logged.values() for pk in ids]).order_by("-id")
    insert_many(
        [
            Change(
                opportunity_id=row.opportunity_id,
                kind=undone(row.kind, row.old),
                old=row.new,
                new=row.old,
                percent=percents[Stage(opportunities[row.opportunity_id].stage)],
                by=by,
                occurred_at=at,
                recorded_at=at,
                undoes=row,
            )
            for row in rows
        ]
    )
    found = opportunities.values()
    recount_proven(list(opportunities), by=by, at=at)
    accounts_actions.index_many("opportunity", [(each.pk, (each.name,)) for each in found])
    revenue_changed({each.account_id for each in found}, at=at)
    judge_anew(logged.keys(), at=at, by=by)
