"""What people type when they ask whoever leads, and what these answer."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy

from funnel import queries
from funnel.approvals import WORD_LENGTH, ApprovalKind, Demand
from funnel.forms.discounts import PercentField
from funnel.forms.opportunities import day_field
from funnel.stages import Stage


class ApprovalForm(forms.Form):
    """What is asked, and why; which fields there are depends on the kind."""

    percent = PercentField(label=gettext_lazy("Discount"))
    stage = forms.TypedChoiceField(label=gettext_lazy("Leave which stage"), coerce=int)
    until = day_field(label=gettext_lazy("Holds until"))
    what = forms.CharField(label=gettext_lazy("What do you need?"), max_length=WORD_LENGTH)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=WORD_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    fields_of = {
        ApprovalKind.DISCOUNT: ("percent",),
        ApprovalKind.OVERRIDE: ("stage", "until"),
        ApprovalKind.RESOURCE: ("what",),
    }

    def __init__(self, data: Any = None, *, kind: ApprovalKind, initial: dict[str, Any] | None = None) -> None:
        """Take the kind of what is asked."""
        super().__init__(data, initial={"request_key": uuid4(), **(initial or {})})
        self.kind = kind
        for name in {"percent", "stage", "until", "what"} - set(self.fields_of[kind]):
            del self.fields[name]
        if kind == ApprovalKind.OVERRIDE:
            fields: dict[str, Any] = self.fields
            fields["stage"].choices = [
                (int(row.stage), row.label) for row in queries.stage_table() if row.stage != Stage.DEPLOY
            ]

    def demand(self) -> Demand:
        """Return what is asked, as the action takes it."""
        typed = self.cleaned_data
        stage = typed.get("stage")
        return Demand(
            self.kind,
            percent=typed.get("percent"),
            stage=Stage(stage) if stage else None,
            until=typed.get("until"),
            what=typed.get("what", ""),
        )


class VerdictForm(forms.Form):
    """A word on what was asked, until when it holds, and the version that was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    word = forms.CharField(label=gettext_lazy("A word"), max_length=WORD_LENGTH, required=False)
    until = day_field(label=gettext_lazy("Holds until"), required=False)
