"""The words of what opportunities are grouped by."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.labels import Text
from tenants import labels as tenants_labels

GROUPINGS: Mapping[str, Text] = {
    "owner": _("Owner"),
    "team": _("Team"),
    "stage": _("Stage"),
    "category": _("Forecast category"),
    "health": _("Health"),
    "backing": _("Commitment of the customer"),
    "proven": _("Proven stage"),
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
    "backing": pgettext_lazy("backing", "Not committed"),
    "proven": _("No stage"),
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

COLUMNS: Mapping[str, Text] = {
    "stage": _("Stage"),
    "amount": _("Amount"),
    "due": _("Expected close"),
    "owner": _("Owner"),
    "health": _("Health"),
    "next": _("Next step"),
    "closed": pgettext_lazy("column", "Closed on"),
    "category": _("Forecast category"),
    "product": _("Product"),
    "segment": _("Segment"),
    "region": _("Region"),
    "source": pgettext_lazy("of an opportunity", "Source"),
    "contact": _("Last contact"),
    "entered": _("In stage since"),
    "size": _("Size"),
    "budget": _("Budget"),
    "schedule": _("Schedule"),
    "reason": _("Reason"),
}

SHARED: Mapping[str, Text] = {
    "me": _("Only me"),
    "team": _("My team"),
    "everyone": _("Everyone"),
}
"""Who may use a saved view."""

NOT_MOVED: Mapping[str, Text] = {
    "health": _("Health follows from the facts. Open it and clear its flags."),
    "team": _("It stands with the team of its owner. Give it to another owner."),
    "backing": _("Record on its page what the customer decided, and what proves it."),
    "proven": _("Proof follows from evidence that was verified. File it, and ask your manager."),
    "segment": _("This belongs to the customer. Change it on the customer's page."),
    "industry": _("This belongs to the customer. Change it on the customer's page."),
    "region": _("This belongs to the customer. Change it on the customer's page."),
}
"""Why a card cannot be moved to another column where the board is grouped by this."""

for _verb, _words in {
    "view.saved": _("saved a view"),
    "view.changed": _("changed a view"),
    "view.deleted": _("deleted a view"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_kind("funnel.savedview", _("Saved view"))
tenants_labels.name_field("shared", _("For whom"))
tenants_labels.name_values("shared", SHARED)
