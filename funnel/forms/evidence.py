"""What people type as evidence, and about it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms import MoneyField
from funnel import queries
from funnel.evidence import DATED, JUDGED, Item, Kind, State
from funnel.forms.opportunities import day_field
from funnel.forms.papers import PaperField
from funnel.models import Evidence, Opportunity
from tenants.forms.names import NameField
from tenants.models import Membership


class EvidenceForm(forms.Form):
    """The fact that proves an item, by its kind. In a dialog that asks for many (`is_brief`) just its value."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    contact: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Person at the customer"), required=False, empty_label="—"
    )
    new_contact = NameField(label=gettext_lazy("Or a new person"), max_length=120, required=False)
    amount = MoneyField(label=gettext_lazy("Amount, as the customer said it"), required=False)
    on = day_field(label=gettext_lazy("Date"), required=False)
    file = PaperField(required=False)
    note = forms.CharField(
        label=gettext_lazy("What proves it? Who said or did what, and when?"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        item: Item,
        opportunity: Opportunity,
        by: Membership,
        filed: Evidence | None = None,
        is_brief: bool = False,
        **kwargs: Any,
    ) -> None:
        """Take the item, whose kind says what is asked, and what was filed."""
        values = ("version", *(() if is_brief else ("contact", "amount", "on", "note")))
        initial = {name: getattr(filed, name) for name in values} if filed else {"version": 0}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.item, self.opportunity = item, opportunity
        fields: dict[str, Any] = self.fields
        if item.kind == Kind.PERSON:
            fields["contact"].queryset = queries.people_for(by, opportunity, filed)
        else:
            del fields["contact"], fields["new_contact"]
        if item.kind != Kind.AMOUNT:
            del fields["amount"]
        if item.kind != Kind.DATE and not (item.kind == Kind.PERSON and (item.key in DATED or not is_brief)):
            del fields["on"]
        if is_brief:
            del fields["file"]
            if item.kind not in {Kind.FACT, Kind.DOCUMENT}:
                del fields["note"]
            else:
                fields["note"].widget = forms.TextInput(attrs={"maxlength": 2_000, "autocomplete": "off"})
        either = {Kind.PERSON: ("contact", "new_contact"), Kind.DOCUMENT: ("file",)}
        if not is_brief:
            either[Kind.FACT] = ("note", "file")
        fields[self.asked].required = item.kind not in either
        for name in either.get(item.kind, ()):
            if name in fields:
                fields[name].asked_for = True  # this one or another: the action says which

    @property
    def asked(self) -> str:
        """The field that the kind of the item asks for."""
        return {Kind.PERSON: "contact", Kind.AMOUNT: "amount", Kind.DATE: "on"}.get(self.item.kind, "note")

    def has_changed(self) -> bool:
        """Return whether anything was typed: the version that was seen is not."""
        return any(name != "version" for name in self.changed_data)

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the action takes it."""
        typed = dict(self.cleaned_data)
        return {"paper": typed.pop("file", None), "seen": typed.pop("version") or 0, **typed}


class JudgeForm(forms.Form):
    """A verdict on a piece of evidence, and the version that was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=[(state, state) for state in JUDGED])
    word = forms.CharField(
        label=gettext_lazy("What is missing?"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for a word: who sends back has to say one."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["word"].asked_for = True

    @property
    def state(self) -> State:
        """The state that the evidence takes."""
        return State(self.cleaned_data["verdict"])
