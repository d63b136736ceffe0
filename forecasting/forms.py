"""What is typed about targets, health and mutes, and which period a page shows."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from forecasting.health import LARGEST, OPEN_STAGES, STANDARD, SWITCHES
from forecasting.labels import REFUSALS, limit_label
from forecasting.models import PERIODS, HealthSetting
from forecasting.periods import Kind, Period, period_of
from funnel.labels import STAGES
from tenants.formats import AmountError, parse_money
from tenants.forms.numbers import WholeField
from tenants.forms.organization import DateInput, DayField
from tenants.models import Organization


def chosen_period(query: Any, organization: Organization, today: date) -> Period:
    """Read `period` (month, quarter, half, year) and `on` (a day in it, ISO); anything else is this quarter."""
    kind = query.get("period", Kind.QUARTER)
    try:
        day = date.fromisoformat(query.get("on", ""))
    except ValueError:
        day = today
    if not date(1990, 1, 1) <= day <= date(2200, 1, 1):
        day = today
    known = Kind(kind) if kind in set(Kind) else Kind.QUARTER
    return period_of(known, day, organization.fiscal_year_start)


FIRST_DAY = date(1990, 1, 1)


class BetweenForm(forms.Form):
    """Two days of the past, the later one today unless said; a day asked about is how it ended."""

    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def __init__(self, data: Any, *, today: date, days: int) -> None:
        """Take what was asked; without a first day it is so many days before the last."""
        super().__init__(data)
        self.today, self.days = today, days

    def clean(self) -> dict[str, Any]:
        """Fill in what was not said, and refuse what cannot be answered."""
        found = {**self.cleaned_data}
        if self.errors:
            raise ValidationError(str(REFUSALS["not_a_day"]))
        until = found["until"] or self.today
        if until < FIRST_DAY:
            raise ValidationError(str(REFUSALS["not_a_day"]))
        since = found["since"] or until - timedelta(days=self.days)
        if max(since, until) > self.today:
            raise ValidationError(str(REFUSALS["in_future"]))
        if since < FIRST_DAY:
            raise ValidationError(str(REFUSALS["not_a_day"]))
        if since > until:
            raise ValidationError(str(REFUSALS["until_before_since"]))
        return {"since": since, "until": until}


class TargetForm(forms.Form):
    """One cell of the targets: whose, which period, how much; `version` is what the page showed."""

    owner = forms.IntegerField(min_value=1, max_value=2**62)
    period = forms.ChoiceField(choices=[(kind, kind) for kind in PERIODS])
    starts_on = forms.DateField(input_formats=["%Y-%m-%d"])
    amount = forms.CharField(required=False, max_length=60)
    version = forms.IntegerField(min_value=0, max_value=2**31)

    def clean_amount(self) -> int | None:
        """Read 12.8M, 1,280萬 or 12800000 into minor units; empty takes the target away."""
        text = self.cleaned_data["amount"].strip()
        if not text:
            return None
        try:
            amount = parse_money(text)
        except AmountError as error:
            raise ValidationError(str(REFUSALS.get(error.code, REFUSALS["unreadable"]))) from error
        if amount < 0:
            raise ValidationError(str(REFUSALS["amount_negative"]))
        return amount


class MuteForm(forms.Form):
    """Until when a rule keeps quiet about an opportunity, and why."""

    seen = forms.IntegerField(min_value=0, max_value=2**62, required=False, widget=forms.HiddenInput)
    until = DayField(label=pgettext_lazy("mute", "Until"), widget=DateInput)
    reason = forms.CharField(label=_("Reason"), max_length=200)


def _limit(label: str) -> WholeField:
    widget = forms.TextInput(attrs={"aria-label": label, "class": "input num", "inputmode": "numeric", "maxlength": 4})
    return WholeField(label=label, required=False, min_value=0, max_value=LARGEST, widget=widget)


def _switch(label: str) -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"aria-label": label, "role": "switch", "class": "switch"})
    return forms.BooleanField(label=label, required=False, widget=widget)


class LimitsForm(forms.Form):
    """The limits of health by rule and stage (`silent_3`), empty for the usual ones, and the ladder of alerts."""

    version = forms.IntegerField(min_value=0, max_value=2**31, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make one field a rule and stage, and one a step."""
        super().__init__(*args, **kwargs)
        for code in STANDARD:
            for stage in OPEN_STAGES:
                words = {"rule": limit_label(code), "stage": STAGES[stage]}
                label = gettext("%(rule)s, %(stage)s") % words
                self.fields[f"{code}_{stage}"] = _switch(label) if code in SWITCHES else _limit(label)
        for step in (1, 2, 3):
            self.fields[f"ladder_{step}"] = WholeField(
                label=gettext("Step %(n)s") % {"n": step}, required=step == 1, min_value=1, max_value=365
            )

    @staticmethod
    def values_of(setting: HealthSetting, edited: Mapping[tuple[int, str], int]) -> dict[str, Any]:
        """Return what the form shows of an organization; a rule without a number is on or off."""
        steps = {f"ladder_{n}": days for n, days in enumerate(setting.ladder, 1)}
        switches = {f"{code}_{at}": bool(STANDARD[code][at - 1]) for code in SWITCHES for at in OPEN_STAGES}
        limits = {f"{code}_{at}": value for (at, code), value in edited.items()}
        return {"version": setting.version, **steps, **switches, **limits}

    def edited(self) -> dict[tuple[int, str], int]:
        """Return what differs from the usual, by stage and code."""
        found = {(int(at), code): self.cleaned_data.get(f"{code}_{at}") for code in STANDARD for at in OPEN_STAGES}
        return {
            (at, code): int(value)
            for (at, code), value in found.items()
            if value is not None and not (code in SWITCHES and int(value) == STANDARD[code][at - 1])
        }

    def ladder(self) -> list[int]:
        """Return the days of the steps."""
        steps = [self.cleaned_data.get(f"ladder_{step}") for step in (1, 2, 3)]
        return [days for days in steps if days is not None]

    def differences(self, theirs: Mapping[str, Any], label: Callable[[str], Any]) -> list[tuple[Any, Any, Any]]:
        """Return (label, theirs, mine) of each limit that somebody else holds otherwise."""
        rows, edited, usual = [], self.edited(), gettext("as usual")

        def said(code: str, value: int | None) -> Any:
            if value is None:
                return usual
            return (gettext("on") if value else gettext("off")) if code in SWITCHES else value

        for code, at in ((code, int(at)) for code in STANDARD for at in OPEN_STAGES):
            mine, other = edited.get((at, code)), theirs.get(f"{code}_{at}")
            if mine != other:
                rows.append((self.fields[f"{code}_{at}"].label, said(code, other), said(code, mine)))
        return rows
