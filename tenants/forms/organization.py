"""The settings of an organization, and one's own."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants import labels
from tenants.forms.names import NameField
from tenants.models import Organization, User

LONGEST_HOLIDAY = 31
FIRST_YEAR, LAST_YEAR = 1970, 2200
AUTOMATIC = "auto"


class DateInput(forms.DateInput):
    """The browser's own date field."""

    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        """Write dates as the field reads them."""
        super().__init__(format="%Y-%m-%d", **kwargs)


class DayField(forms.DateField):
    """A day of a calendar people keep: a slip such as the year 9999 is no date."""

    def to_python(self, value: Any) -> date | None:
        """Read the day."""
        day: date | None = super().to_python(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class OrganizationForm(forms.Form):
    """Name, money, days and language of an organization."""

    name = NameField(label=_("Name"), max_length=120)
    currency = forms.ChoiceField(
        label=_("Reporting currency"),
        choices=labels.CURRENCIES,
        help_text=_("All amounts are kept in it. It can be changed only while nothing has an amount yet."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=labels.LANGUAGES,
        widget=forms.RadioSelect,
        help_text=_("For mails, and for everyone who has not chosen their own."),
    )
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=40,
        help_text=_("Days begin and end here."),
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )
    fiscal_year_start = forms.TypedChoiceField(label=_("Fiscal year starts in"), choices=labels.MONTHS, coerce=int)
    working_days = forms.MultipleChoiceField(
        label=_("Working days"), choices=labels.WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean_time_zone(self) -> str:
        """Accept the names of the time-zone database alone."""
        zone: str = self.cleaned_data["time_zone"].strip()
        if zone not in available_timezones():
            raise ValidationError(gettext("Choose a time zone from the list."))
        return zone

    def clean_working_days(self) -> str:
        """Return the chosen weekdays as digits, Monday first."""
        return "".join(sorted(self.cleaned_data["working_days"]))

    @staticmethod
    def values_of(organization: Organization) -> dict[str, Any]:
        """Return what the form shows of an organization."""
        names = ("name", "currency", "language", "time_zone", "fiscal_year_start", "version")
        return {
            **{name: getattr(organization, name) for name in names},
            "working_days": list(organization.working_days),
        }


class RateForm(forms.Form):
    """What one unit of a currency is worth from a day on."""

    currency = forms.ChoiceField(label=_("Currency"), choices=labels.CURRENCIES)
    on = DayField(label=_("From"), widget=DateInput)
    rate = forms.DecimalField(
        label=_("Rate"),
        max_digits=18,
        decimal_places=8,
        min_value=Decimal("0.00000001"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        """Offer every currency but the reporting one."""
        super().__init__(*args, **kwargs)
        others = [(code, name) for code, name in labels.CURRENCIES if code != organization.currency]
        self.fields["currency"].choices = others  # type: ignore[attr-defined]  # a ChoiceField


class HolidayForm(forms.Form):
    """A day off, several in a row, or a working day that makes up for one."""

    first = DayField(label=_("From"), widget=DateInput)
    last = DayField(label=_("Until"), widget=DateInput, required=False)
    name = NameField(label=_("Name"), max_length=60)
    is_working = forms.BooleanField(label=_("Make-up working day"), required=False)

    def clean(self) -> dict[str, Any]:
        """Let an empty end mean one day; refuse an end before the beginning, or a whole year by mistake."""
        data: dict[str, Any] = super().clean() or {}
        first: date | None = data.get("first")
        if first is not None and "last" in data:
            data["last"] = last = data["last"] or first
            if last < first:
                self.add_error("last", gettext("This is before the first day."))
            elif (last - first).days >= LONGEST_HOLIDAY:
                self.add_error("last", gettext("At most {n} days at once.").format(n=LONGEST_HOLIDAY))
        return data


class ProfileForm(forms.Form):
    """How I am called, and how I see the pages."""

    name = NameField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[(AUTOMATIC, _("As the organization")), *labels.LANGUAGES],
        widget=forms.RadioSelect,
    )
    theme = forms.ChoiceField(
        label=_("Appearance"),
        choices=[(AUTOMATIC, _("As the device")), *labels.THEMES],
        widget=forms.RadioSelect,
    )
    single_keys = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_("C records a visit, G then B opens the board. Switch them off if they get in the way."),
    )
    daily_mail = forms.BooleanField(
        label=_("Daily summary by e-mail"),
        required=False,
        help_text=_("What is new about the health of opportunities, once a day at most. Nothing is sent without news."),
    )

    def clean_language(self) -> str:
        """Keep nothing for a language that follows the organization."""
        return self._chosen("language")

    def clean_theme(self) -> str:
        """Keep nothing for an appearance that follows the device."""
        return self._chosen("theme")

    def _chosen(self, name: str) -> str:
        value: str = self.cleaned_data[name]
        return "" if value == AUTOMATIC else value

    @staticmethod
    def values_of(user: User) -> dict[str, Any]:
        """Return what the form shows of a person."""
        return {
            "name": user.name,
            "language": user.language or AUTOMATIC,
            "theme": user.theme or AUTOMATIC,
            "single_keys": user.single_keys,
            "daily_mail": user.daily_mail,
        }


class AuditFilter(forms.Form):
    """What the audit is narrowed by; stands in the URL."""

    by = forms.IntegerField(required=False)
    verb = forms.CharField(required=False, max_length=60)
    kind = forms.CharField(required=False, max_length=60)
    text = forms.CharField(required=False, max_length=80)
    since = forms.DateField(required=False, widget=DateInput)
    until = forms.DateField(required=False, widget=DateInput)
    before = forms.IntegerField(required=False, min_value=1)

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen; what cannot be read, or lies beyond all calendars, narrows nothing."""
        self.is_valid()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in (None, "") and not (isinstance(value, date) and not 1900 <= value.year <= 2200)
        }
