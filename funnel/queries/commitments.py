"""What a customer committed to, and what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts import queries as accounts_queries
from accounts.models import Contact
from funnel.commitment import Backing, CommitmentKind
from funnel.models import Commitment, DecisionRole, Opportunity
from funnel.strategy import Role
from jobs.models import StoredFile
from tenants.models import Membership


@dataclass(frozen=True)
class Committed:
    """What stands behind a deal, what stood once, and what that makes of it."""

    backing: Backing
    procedure: Commitment | None
    promise: Commitment | None
    withdrawn: Sequence[Commitment]


def committed(opportunity: Opportunity) -> Committed:
    """Return what the customer committed to; one query."""
    rows = Commitment.objects.filter(opportunity=opportunity)
    found = list(rows.select_related("contact", "by__user", "withdrawn_by__user", "file").defer("file__content"))
    standing = {row.kind: row for row in found if row.withdrawn_at is None}
    return Committed(
        opportunity.backing,
        standing.get(CommitmentKind.PROCEDURE),
        standing.get(CommitmentKind.PROMISE),
        [row for row in found if row.withdrawn_at is not None],
    )


def commitment_or_404(membership: Membership, pk: int) -> Commitment:
    """Return a commitment of an opportunity that `membership` may see, or Http404."""
    rows = Commitment.objects.visible_to(membership)
    found: Commitment = get_object_or_404(rows.select_related("opportunity__account", "contact"), pk=pk)
    return found


def proof_or_404(membership: Membership, pk: int) -> StoredFile:
    """Return the file that proves a commitment of an opportunity that `membership` may see, or Http404."""
    found = commitment_or_404(membership, pk)
    if found.file_id is None:
        raise Http404
    return cast("StoredFile", StoredFile.objects.get(pk=found.file_id))


def contacts_of(membership: Membership, opportunity: Opportunity) -> QuerySet[Contact]:
    """Return the people at the customer; nobody for a helper who does not see the account."""
    accounts = accounts_queries.visible(membership).filter(pk=opportunity.account_id)
    rows = Contact.objects.filter(account_id__in=accounts.values("pk"))
    return cast("QuerySet[Contact]", rows.order_by("name", "pk"))


def buyer_of(opportunity: Opportunity) -> int | None:
    """Return the contact who is the economic buyer, where the strategy sheet knows one."""
    roles = DecisionRole.objects.filter(opportunity=opportunity, role=Role.EB)
    return roles.order_by("pk").values_list("contact_id", flat=True).first()
