"""What opportunities counted for in a number about the past, beside what they are worth today."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from funnel.models import Opportunity
from funnel.queries.behind import Behind, Beyond
from tenants.models import Membership


def counted(
    whole: Behind,
    found: QuerySet[Opportunity],
    page: Sequence[Opportunity],
    names: Mapping[int, str],
    *,
    by: Membership,
    is_narrowed: bool,
) -> dict[str, Any]:
    """Return the lines of a page, (opportunity, stage, worth or None), their sum, and that of what is out of sight.

    :param found: those of `whole` that `by` may see; `is_narrowed` says that more than sight leaves some out, and then
        nothing is said of the rest.
    """
    if not whole.has_worth:
        return {
            "listed": [(each, names[each.stage], None) for each in page],
            "beyond": Beyond() if is_narrowed else whole.beyond(by),
        }
    worths = whole.worths([each.pk for each in page])
    everything, seen = whole.worth(None if by.visible_owner_ids is None and not is_narrowed else found)
    return {
        "listed": [(each, names[each.stage], worths.get(each.pk)) for each in page],
        "worth": seen,
        "beyond": Beyond() if is_narrowed else Beyond(everything.count - seen.count, everything.delta - seen.delta),
    }
