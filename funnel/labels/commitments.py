"""Words for what a customer committed to."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import labels as accounts_labels
from funnel.commitment import Backing, CommitmentKind, Procedure
from funnel.labels.opportunities import REFUSALS
from funnel.labels.stages import Words
from tenants import labels as tenants_labels

PROCEDURES: Mapping[Procedure, Words] = {
    Procedure.EB_ALONE: _("The economic buyer alone"),
    Procedure.COMMITTEE: _("A committee votes"),
    Procedure.STATUTORY: _("A statutory procedure"),
}
COMMITMENTS: Mapping[CommitmentKind, Words] = {
    CommitmentKind.PROCEDURE: _("The customer's procedure has chosen us"),
    CommitmentKind.PROMISE: _("The economic buyer promised it"),
}
BACKINGS: Mapping[Backing, Words] = {
    Backing.NONE: pgettext_lazy("backing", "Not committed"),
    Backing.COMMITTED: pgettext_lazy("backing", "Committed"),
    Backing.PROMISED: pgettext_lazy("backing", "Promise without procedure"),
}

REFUSALS.update(
    {
        "on_in_future": _("This day has not come yet."),
        "commitment_what_needed": _("Say what it was."),
        "commitment_text_too_long": _("Shorten the text to %(limit)s characters."),
        "proof_needed": _("Say what proves it, or attach the file."),
        "promise_contact_needed": _("Say who promised it."),
        "already_committed": _("This is recorded already. Withdraw it first, if it was something else."),
    }
)

accounts_labels.name_verb(
    "commitment.made", _("Committed: %(name)s. %(what)s"), icon="handshake", url="funnel:opportunity"
)
accounts_labels.name_verb(
    "commitment.promised", _("%(contact)s promised %(name)s: %(what)s"), icon="handshake", url="funnel:opportunity"
)
accounts_labels.name_verb(
    "commitment.withdrawn", _("No longer committed: %(name)s. %(why)s"), icon="circle-x", url="funnel:opportunity"
)
accounts_labels.name_verb(
    "commitment.promise_withdrawn",
    _("The promise of %(contact)s does not hold: %(name)s. %(why)s"),
    icon="circle-x",
    url="funnel:opportunity",
)
for _verb, _words in {
    "commitment.made": _("recorded that the customer committed"),
    "commitment.promised": _("recorded the promise of an economic buyer"),
    "commitment.withdrawn": _("withdrew a commitment"),
    "commitment.promise_withdrawn": _("withdrew a promise"),
}.items():
    tenants_labels.name_verb(_verb, _words)
tenants_labels.name_field("buying_procedure", _("How they decide"))
