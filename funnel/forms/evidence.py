"""What people type as evidence, and about it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from accounts.forms import MoneyField
from funnel import queries
from funnel.evidence import DATED, JUDGED, Item, Kind, State
from funnel.forms.opportunities import day_field
from funnel.forms.papers import PaperField
from funnel.models import Evidence, Opportunity, Rival
from tenants.forms.names import NameField
from tenants.labels import in_a_row
from tenants.models import Membership
from tenants.permissions import Permission

_OF_RIVALS = ("rivals", "new_rival", "as_on_sheet", "no_rival")


class EvidenceForm(forms.Form):
    """The fact that proves an item, by its kind. In a dialog that asks for many (`is_brief`) just its value."""

    stand: Sequence[Rival] = ()  # on the strategy sheet, where that is what is asked
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    contact: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Person at the customer"), required=False, empty_label="—"
    )
    new_contact = NameField(label=gettext_lazy("Or a new person"), max_length=120, required=False)
    amount = MoneyField(label=gettext_lazy("Amount, as the customer said it"), required=False)
    on = day_field(label=gettext_lazy("Date"), required=False)
    as_on_sheet = forms.BooleanField(required=False)
    rivals: Any = forms.ModelMultipleChoiceField(
        None, label=gettext_lazy("Who else competes?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    new_rival = NameField(label=gettext_lazy("Name of a new competitor"), max_length=200, required=False)
    no_rival = forms.BooleanField(label=gettext_lazy("There is no rival, as far as we know"), required=False)
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
        self._ask_rivals(by, filed, is_brief=is_brief)
        if item.kind != Kind.DATE and not (item.kind == Kind.PERSON and (item.key in DATED or not is_brief)):
            del fields["on"]
        if is_brief:
            del fields["file"]
            if item.kind not in {Kind.FACT, Kind.DOCUMENT} and "no_rival" not in fields:
                del fields["note"]
            else:
                fields["note"].widget = forms.TextInput(attrs={"maxlength": 2_000, "autocomplete": "off"})
        either = {
            Kind.PERSON: ("contact", "new_contact"),
            Kind.DOCUMENT: ("file",),
            Kind.RIVALS: ("rivals", "new_rival"),
        }
        if not is_brief:
            either[Kind.FACT] = ("note", "file")
        fields[self.asked].required = item.kind not in either
        for name in either.get(item.kind, ()):
            if name in fields:
                fields[name].asked_for = True  # this one or another: the action says which

    def _ask_rivals(self, by: Membership, filed: Evidence | None, *, is_brief: bool) -> None:
        """Offer those who do not stand on the sheet yet; whoever does need not be chosen again, and goes only there."""
        fields: dict[str, Any] = self.fields
        if self.item.kind != Kind.RIVALS:
            for name in _OF_RIVALS:
                del fields[name]
            return
        self.stand = queries.rivals_on(self.opportunity)
        there = {rival.competitor_id for rival in self.stand}
        fields["rivals"].queryset = queries.competitors_for(by)  # a second click sends those who stand there by now
        fields["rivals"].choices = [(row.pk, row.name) for row in fields["rivals"].queryset if row.pk not in there]
        if not fields["rivals"].choices:
            del fields["rivals"]
        if not by.can(Permission.ACCOUNT_EDIT):
            del fields["new_rival"]
        if self.stand:
            names = in_a_row(self.stand)
            fields["as_on_sheet"].label = gettext("As on the strategy sheet: %(names)s") % {"names": names}
            if "rivals" in fields:
                fields["rivals"].label = gettext("Who else competes, besides %(names)s?") % {"names": names}
            if not self.data.get(self.add_prefix("no_rival")):  # said before somebody was put there: it is refused
                del fields["no_rival"]
        else:
            fields["no_rival"].initial = not is_brief and filed is not None and filed.has_rivals is False
        if not (self.stand and is_brief):
            del fields["as_on_sheet"]

    @property
    def asked(self) -> str:
        """The field that the kind of the item asks for."""
        if self.item.kind == Kind.RIVALS:
            return next((name for name in _OF_RIVALS if name in self.fields), "note")
        return {Kind.PERSON: "contact", Kind.AMOUNT: "amount", Kind.DATE: "on"}.get(self.item.kind, "note")

    def has_changed(self) -> bool:
        """Return whether anything was typed: the version that was seen is not."""
        return any(name != "version" for name in self.changed_data)

    def values(self) -> dict[str, Any]:
        """Return what was typed, as the action takes it."""
        typed = dict(self.cleaned_data)
        typed.pop("as_on_sheet", None)  # whoever stands there is what it says
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
