"""How imported visits and next actions are taken back."""

from django.utils.translation import gettext_lazy as _

from activities import actions
from activities.models import NextAction, Visit, VisitContact
from exchange import keepers
from exchange.keepers import Keeper

keepers.register(
    Keeper(
        "visit",
        Visit,
        _("Visits"),
        position=50,
        owner="by_id",
        removing=lambda ids, moment: actions.forget_visits(ids, at=moment.at),
        restored=lambda traces, moment: actions.rectify_visits([trace.pk for trace in traces], at=moment.at),
    )
)
keepers.register(
    Keeper(
        "met",
        VisitContact,
        _("People met at visits"),
        position=55,
        watched=("visit_id",),
        removing=lambda ids, moment: actions.forget_met(ids, at=moment.at),
    )
)
keepers.register(Keeper("next_action", NextAction, _("Next actions"), position=60, owner="owner_id"))
