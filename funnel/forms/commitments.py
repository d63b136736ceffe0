"""What people type when a customer committed, or the economic buyer promised it."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy

from funnel import queries
from funnel.commitment import TEXT_LENGTH, CommitmentKind
from funnel.forms.opportunities import day_field
from funnel.forms.papers import PaperField
from funnel.models import Opportunity
from tenants.forms.names import NameField
from tenants.models import Membership


class CommitmentForm(forms.Form):
    """What the customer's procedure decided, with its proof; or who promised what."""

    contact: Any = forms.ModelChoiceField(None, label=gettext_lazy("Who promised it"), required=False, empty_label="—")
    new_contact = NameField(label=gettext_lazy("Or a new person"), max_length=120, required=False)
    on = day_field(label=gettext_lazy("Date"))
    what = forms.CharField(label="", max_length=TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 2}))
    note = forms.CharField(label=gettext_lazy("What proves it"), max_length=TEXT_LENGTH, required=False)
    file = PaperField(required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        kind: CommitmentKind,
        opportunity: Opportunity,
        by: Membership,
        today: date,
    ) -> None:
        """Take what is recorded, of which opportunity, and who sees which people at the customer."""
        buyer = queries.buyer_of(opportunity) if kind == CommitmentKind.PROMISE else None
        super().__init__(data, files, initial={"on": today, "contact": buyer, "request_key": uuid4()})
        fields: dict[str, Any] = self.fields
        fields["on"].widget.attrs["max"] = today.isoformat()
        if kind == CommitmentKind.PROMISE:
            fields["contact"].queryset = queries.contacts_of(by, opportunity)
            fields["contact"].asked_for = fields["new_contact"].asked_for = True  # one of both
            fields["what"].label = gettext_lazy("In which words")
            del fields["note"], fields["file"]
        else:
            fields["what"].label = gettext_lazy("What was decided, by whom")
            del fields["contact"], fields["new_contact"]
            fields["note"].asked_for = fields["file"].asked_for = True  # one of both

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the action takes it."""
        typed = dict(self.cleaned_data)
        return {"paper": typed.pop("file", None), **typed}


class WithdrawForm(forms.Form):
    """Why what was committed or promised does not hold."""

    why = forms.CharField(label=gettext_lazy("Why"), max_length=TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))
