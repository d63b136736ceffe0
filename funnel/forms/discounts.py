"""What people type about discounts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from funnel.discounts import DiscountLimits
from funnel.forms.opportunities import VersionForm
from funnel.models import DiscountSetting


class PercentField(forms.DecimalField):
    """A percentage to one place."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the arguments of a decimal field."""
        widget = forms.TextInput(attrs={"inputmode": "decimal", "maxlength": 5, "autocomplete": "off"})
        super().__init__(**{"max_digits": 4, "decimal_places": 1, "widget": widget, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """Show 5 and 12.5, never 5.0."""
        return f"{float(value):g}" if hasattr(value, "is_finite") else value


class DiscountForm(VersionForm):
    """How much discount is given."""

    percent = PercentField(label=gettext_lazy("Discount"))


class DiscountsForm(VersionForm):
    """How much a rep and a manager may give without asking."""

    rep = PercentField(label=gettext_lazy("A rep may give alone"))
    manager = PercentField(label=gettext_lazy("A manager may give and grant"))

    def limits(self) -> DiscountLimits:
        """Return what was typed, as the action takes it."""
        return DiscountLimits(self.cleaned_data["rep"], self.cleaned_data["manager"])


def standing_limits(setting: DiscountSetting) -> dict[str, Any]:
    """Return what the form starts with."""
    return {"version": setting.version, "rep": setting.rep_percent, "manager": setting.manager_percent}
