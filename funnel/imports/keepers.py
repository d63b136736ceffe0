"""How imported opportunities are taken back."""

from django.utils.translation import gettext_lazy as _

from exchange import keepers
from exchange.keepers import Keeper
from funnel.actions import withdrawing
from funnel.models import Change, Opportunity, Spell

keepers.register(
    Keeper(
        "opportunity",
        Opportunity,
        _("Opportunities"),
        position=40,
        owner="owner_id",
        along=[(Change, {})],
        derived=[Spell],
        removing=lambda ids, moment: withdrawing.withdraw(ids, by=moment.by, at=moment.at),
        restored=lambda traces, moment: withdrawing.compensate(
            {trace.pk: trace.more or [] for trace in traces}, by=moment.by, at=moment.at
        ),
    )
)
