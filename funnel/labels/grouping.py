"""The words of what opportunities are grouped by."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.labels import Text

GROUPINGS: Mapping[str, Text] = {
    "owner": _("Owner"),
    "team": _("Team"),
    "stage": _("Stage"),
    "category": _("Forecast category"),
    "health": _("Health"),
    "flag": _("Flag"),
    "due_month": _("Month of expected close"),
    "due_quarter": _("Quarter of expected close"),
    "product": _("Product"),
    "account": _("Customer"),
    "segment": _("Segment"),
    "industry": _("Industry"),
    "region": _("Region"),
    "source": pgettext_lazy("of an opportunity", "Source"),
    "status": _("Status"),
    "closed_month": _("Month of closing"),
}

WITHOUT: Mapping[str, Text] = {
    "owner": _("No owner"),
    "team": _("No team"),
    "stage": _("No stage"),
    "category": _("No category"),
    "health": _("No health"),
    "flag": _("No flag"),
    "due_month": _("No expected close"),
    "due_quarter": _("No expected close"),
    "product": _("No product"),
    "account": _("No customer"),
    "segment": _("No segment"),
    "industry": _("No industry"),
    "region": _("No region"),
    "source": _("No source"),
    "status": _("No status"),
    "closed_month": _("Not closed"),
}
"""What the group of those without is called."""

NOT_MOVED: Mapping[str, Text] = {
    "health": _("Health follows from the facts. Open it and clear its flags."),
    "team": _("It stands with the team of its owner. Give it to another owner."),
    "segment": _("This belongs to the customer. Change it on the customer's page."),
    "industry": _("This belongs to the customer. Change it on the customer's page."),
    "region": _("This belongs to the customer. Change it on the customer's page."),
}
"""Why a card cannot be moved to another column where the board is grouped by this."""
