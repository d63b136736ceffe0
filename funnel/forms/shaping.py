"""What people type about the stages of their organization."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from funnel import labels
from funnel.evidence import Kind
from funnel.stages import Gate, Stage, StageRow
from tenants.forms.names import NameField
from tenants.forms.numbers import WholeField


class StagesForm(forms.Form):
    """Labels, percentages and gates of all seven stages, and the edition that was seen."""

    edition = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, stages: list[StageRow], **kwargs: Any) -> None:
        """Take the stages as they stand; a standard label is shown as a placeholder."""
        super().__init__(*args, **kwargs)
        for row in stages:
            standard = str(labels.STAGES[row.stage])
            name = _("Label of stage %(stage)s") % {"stage": int(row.stage)}
            self.fields[f"label_{row.stage}"] = NameField(
                label=name,
                max_length=40,
                required=False,
                initial="" if row.label == standard else row.label,
                widget=forms.TextInput(attrs={"class": "input", "placeholder": standard, "aria-label": name}),
            )
            name = _("Percentage of stage %(stage)s") % {"stage": int(row.stage)}
            self.fields[f"percent_{row.stage}"] = WholeField(
                label=name,
                min_value=0,
                max_value=100,
                initial=row.percent,
                widget=forms.TextInput(
                    attrs={"class": "input", "inputmode": "numeric", "maxlength": 3, "aria-label": name}
                ),
            )
            name = _("Missing evidence in stage %(stage)s") % {"stage": int(row.stage)}
            self.fields[f"gate_{row.stage}"] = forms.ChoiceField(
                label=name,
                choices=list(labels.GATES.items()),
                initial=row.gate,
                widget=forms.Select(attrs={"class": "input", "aria-label": name}),
            )

    def rows(self) -> list[StageRow]:
        """Return what was typed, as the action takes it."""
        typed = self.cleaned_data
        return [
            StageRow(stage, typed[f"label_{stage}"], typed[f"percent_{stage}"], Gate(typed[f"gate_{stage}"]))
            for stage in Stage
        ]


class ItemForm(forms.Form):
    """The words of an evidence item, and the version that was seen."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    label = NameField(label=gettext_lazy("Evidence"), max_length=200)
    kind = forms.ChoiceField(
        label=pgettext_lazy("kind of evidence", "What proves it"), choices=list(labels.KINDS.items())
    )

    def clean_kind(self) -> Kind:
        """Return the kind as the rules know it."""
        return Kind(self.cleaned_data["kind"])
