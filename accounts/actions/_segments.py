"""The segment of accounts, placed anew."""

from collections.abc import Sequence
from datetime import datetime

from accounts.actions.timeline import tell_many
from accounts.models import Account
from accounts.segments import Limits
from tenants.bulk import update_many


def resegment(accounts: Sequence[Account], limits: Limits, *, at: datetime, also: Sequence[str] = ()) -> int:
    """Place these accounts anew and save them; return how many changed segment."""
    moves = []
    for account in accounts:
        before = account.segment
        account.take_place(limits)
        if account.segment != before:
            told = {"before": str(before), "after": str(account.segment)}
            moves.append((account.pk, "account.resegmented", None, at, account, told))
    update_many(accounts, ["segment", "needs_assessment", *also])
    tell_many(moves)
    return len(moves)
