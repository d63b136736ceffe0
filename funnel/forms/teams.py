"""What people type about the sales team and its joint plan."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel import queries
from funnel.forms.opportunities import day_field
from funnel.models import Opportunity, PlanPart
from funnel.plans import PART_LENGTH, Doer
from tenants.models import Membership


class MemberForm(forms.Form):
    """Someone for the sales team, or a partner company, and their first part in the joint plan."""

    member = forms.ModelChoiceField(Membership.objects, label=gettext_lazy("Person"), required=False, empty_label="—")
    partner: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Or a partner company"), required=False, empty_label="—"
    )
    part = forms.CharField(label=gettext_lazy("Their part in the joint plan"), max_length=PART_LENGTH, required=False)
    due_on = day_field(label=gettext_lazy("Due on"), required=False)

    def __init__(self, *args: Any, opportunity: Opportunity, by: Membership, **kwargs: Any) -> None:
        """Take the opportunity whose team it is, and who sees which partner companies."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["member"].queryset = queries.helpers_for(opportunity)
        fields["partner"].queryset = queries.partners_for(by, opportunity)
        fields["member"].asked_for = fields["partner"].asked_for = True  # one of both

    def clean(self) -> dict[str, Any]:
        """Ask for one of both."""
        typed: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(typed.get("member")) == bool(typed.get("partner")):
            raise ValidationError(_("Choose a person or a partner company, one of both."), code="one_of_both")
        return typed


class PartForm(forms.Form):
    """A part of the joint plan: what, who, by when."""

    text = forms.CharField(label=gettext_lazy("What"), max_length=PART_LENGTH)
    who = forms.ChoiceField(label=gettext_lazy("Who"))
    due_on = day_field(label=gettext_lazy("Due on"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, opportunity: Opportunity, part: PlanPart | None = None) -> None:
        """Take the opportunity whose plan it is, and the part that is changed."""
        initial: dict[str, Any] = {"request_key": uuid4()}
        if part:
            initial = {"text": part.text, "due_on": part.due_on, "version": part.version}
            initial["who"] = f"m{part.member_id}" if part.member_id else f"p{part.partner_id}"
        super().__init__(data, initial=initial)
        helpers = [
            (f"m{row.member_id}", row.member.name) if row.member_id else (f"p{row.partner_id}", row.partner.name)
            for row in queries.helpers_of(opportunity)
        ]
        fields: dict[str, Any] = self.fields
        fields["who"].choices = [(f"m{opportunity.owner_id}", opportunity.owner.name), *helpers]

    def doer(self) -> Doer:
        """Return whose part it is, as the action takes it."""
        kind, pk = self.cleaned_data["who"][0], int(self.cleaned_data["who"][1:])
        return Doer(member=pk) if kind == "m" else Doer(partner=pk)
