"""How imported products, customers, contacts and assessments are taken back."""

from django.utils.translation import gettext_lazy as _

from accounts import actions
from accounts.models import Account, Assessment, Contact, Product, Rating, TimelineEntry
from exchange import keepers
from exchange.keepers import Keeper

keepers.register(Keeper("product", Product, _("Products"), position=10))

keepers.register(
    Keeper(
        "account",
        Account,
        _("Customers"),
        position=20,
        owner="owner_id",
        along=[(TimelineEntry, {})],
        removing=lambda ids, moment: actions.unindex("account", ids),
        restored=lambda traces, moment: actions.reindex_accounts([trace.pk for trace in traces]),
    )
)

keepers.register(
    Keeper(
        "contact",
        Contact,
        _("Contacts"),
        position=30,
        owner="account__owner_id",
        removing=lambda ids, moment: actions.unindex("contact", ids),
    )
)

keepers.register(
    Keeper(
        "assessment",
        Assessment,
        _("Assessments"),
        position=35,
        watched=("by_id",),
        owner="account__owner_id",
        along=[(Rating, {})],
        removing=lambda ids, moment: actions.forget_assessments(ids),
    )
)
