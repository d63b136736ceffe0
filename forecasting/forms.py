"""What is typed about targets, and which period a page shows."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from forecasting.labels import REFUSALS
from forecasting.models import PERIODS
from forecasting.periods import Kind, Period, period_of
from tenants.formats import AmountError, parse_money
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
