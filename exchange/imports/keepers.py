"""How imported teams, members and invitations are taken back."""

from collections.abc import Sequence
from typing import cast

from django.utils.translation import gettext_lazy as _

from exchange import keepers
from exchange.keepers import Keeper, Moment
from exchange.traces import Trace
from tenants.actions import importing
from tenants.models import Invitation, Membership, Team, TenantModel


def _members_restored(traces: Sequence[Trace], moment: Moment) -> None:
    """See that somebody is left who can let people in."""
    importing.refuse_without_admin()


keepers.register(
    Keeper("team", Team, _("Teams"), position=4, restored=lambda traces, moment: importing.repath()),
)
keepers.register(
    Keeper("invitation", Invitation, _("Invitations"), position=6, watched=("accepted_at", "withdrawn_at")),
)
keepers.register(
    Keeper(
        "member",
        cast("type[TenantModel]", Membership),  # outside the walls, and its ids are from this organization's ledger
        _("Members"),
        position=8,
        restored=_members_restored,
    )
)
OPEN_SEAT = [None, None]
"""What a seat that nobody took and nobody withdrew holds in the watched fields."""
