"""What one person should have open in a stage at most."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.forms import MoneyField
from funnel.limits import LARGEST_COUNT, ColumnLimit
from funnel.stages import Stage, StageRow
from tenants.forms.numbers import WholeField


class LimitsForm(forms.Form):
    """A number and an amount for each stage, both optional, and the edition that was seen."""

    edition = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, stages: list[StageRow], edition: int) -> None:
        """Take the stages and their limits as they stand."""
        super().__init__(data, initial={"edition": edition})
        self.stages = [row for row in stages if row.stage != Stage.DEPLOY]
        for row in self.stages:
            limit, fields = row.limit, self.fields
            name = _("At most, number: %(stage)s") % {"stage": row.label}
            fields[f"count_{row.stage}"] = WholeField(
                label=name,
                min_value=1,
                max_value=LARGEST_COUNT,
                required=False,
                initial=limit.count,
                widget=forms.TextInput(attrs={"class": "input num", "inputmode": "numeric", "aria-label": name}),
            )
            name = _("At most, amount: %(stage)s") % {"stage": row.label}
            fields[f"amount_{row.stage}"] = MoneyField(label=name, required=False, initial=limit.amount)
            fields[f"amount_{row.stage}"].widget.attrs |= {"class": "input num", "aria-label": name}

    def limits(self) -> dict[Stage, ColumnLimit]:
        """Return what was typed, as the action takes it."""
        typed = self.cleaned_data
        return {
            row.stage: ColumnLimit(typed[f"count_{row.stage}"], typed[f"amount_{row.stage}"]) for row in self.stages
        }
