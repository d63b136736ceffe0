"""What people say of a change of many opportunities."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel import labels, queries
from funnel.bulk import BulkKind, Choice, Fate, stages_offered
from funnel.forms.opportunities import day_field
from funnel.models import BulkChange
from funnel.stages import GRACE, LONGEST_GRACE, Category, StageRow
from tenants.models import Membership


class BulkForm(forms.Form):
    """What is changed, and to what; `pk` or `all` with the filters say of which."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Change"), choices=list(labels.BULK_KINDS.items()), widget=forms.RadioSelect
    )
    stage = forms.TypedChoiceField(label=gettext_lazy("Stage"), coerce=int, required=False)
    owner: Any = forms.ModelChoiceField(
        Membership.objects, label=gettext_lazy("Owner"), required=False, empty_label=gettext_lazy("Choose…")
    )
    close = day_field(label=gettext_lazy("Expected close"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Forecast category"), required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, by: Membership, stages: list[StageRow]) -> None:
        """Take who changes, and the stages."""
        super().__init__(data, initial={"kind": BulkKind.STAGE, "request_key": uuid4()})
        fields: dict[str, Any] = self.fields
        offered = set(stages_offered())
        fields["stage"].choices = [("", "—"), *((row.stage, row.label) for row in stages if row.stage in offered)]
        fields["owner"].queryset = queries.owners_in_sight(by)
        for name in fields:
            fields[name].asked_for = True  # the one that is shown; the kind says which
        fields["category"].choices = [
            ("", _("By stage")),
            *((code, labels.CATEGORIES[code]) for code in Category if code != Category.CLOSED),
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen kind of change needs."""
        typed: dict[str, Any] = super().clean() or {}
        kind = typed.get("kind")
        if kind in {BulkKind.STAGE, BulkKind.OWNER, BulkKind.CLOSE} and kind not in self.errors and not typed.get(kind):
            self.add_error(kind, ValidationError(_("Choose what it should be."), code="required"))
        return typed

    @property
    def to(self) -> int | str:
        """What it is changed to, as the action takes it."""
        value = self.cleaned_data[self.cleaned_data["kind"]]
        if isinstance(value, date):
            return value.isoformat()
        return value.pk if isinstance(value, Membership) else value


class ChoiceForm(forms.Form):
    """The answers a change of many asks for."""

    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    until = day_field(label=gettext_lazy("Evidence will be there by"), required=False)
    go = forms.MultipleChoiceField(required=False)
    go_all = forms.BooleanField(label=gettext_lazy("Go on without it, all of them"), required=False)

    def __init__(self, data: Any = None, *, bulk: BulkChange, plan: queries.Plan, today: date) -> None:
        """Take the change, and what would happen."""
        super().__init__(data, initial={"until": today + GRACE})
        self.plan, self.today = plan, today
        self.asks_back = plan.of(Fate.BACK) > 0
        self.asks_without = plan.of(Fate.LACKS) > 0
        fields: dict[str, Any] = self.fields
        fields["go"].choices = [(str(pk), str(pk)) for pk, _version in bulk.asked]
        fields["why"].asked_for = self.asks_back or self.asks_without

    def clean(self) -> dict[str, Any]:
        """Going back needs a reason; going on without evidence a reason and a day."""
        typed: dict[str, Any] = super().clean() or {}
        without = typed.get("go_all") or typed.get("go")
        if (self.asks_back or without) and not (typed.get("why") or "").strip():
            self.add_error("why", ValidationError(_("Say why."), code="required"))
        until = typed.get("until")
        if without and "until" not in self.errors:
            if until is None or until < self.today:
                self.add_error("until", ValidationError(_("Choose a day to come."), code="over"))
            elif until > self.today + LONGEST_GRACE:
                days = LONGEST_GRACE.days
                self.add_error("until", ValidationError(_("At most %(days)s days from now.") % {"days": days}))
        return typed

    def choice(self) -> Choice:
        """Return the answers as the action takes them."""
        typed = self.cleaned_data
        until = typed["until"].isoformat() if typed.get("until") else ""
        without = None if typed["go_all"] else frozenset(map(int, typed["go"]))
        return Choice(typed["why"].strip(), until, without)
