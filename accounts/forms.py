"""What people type about customers, contacts, products and the limits of segments."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import labels, names, queries
from accounts.assessment import LARGEST_WEIGHT, STEPS
from accounts.models import Account, AssessmentSetting, Contact, Product
from accounts.segments import Factor, Kind
from tenants import formats
from tenants.forms.numbers import WholeField
from tenants.models import Membership

EARLIEST_YEAR = 1500
EARLIEST_BIRTH = 1900


class MoneyField(forms.CharField):
    """A typed amount: 12,800,000, 1280萬, 12.8M. The value is minor units, or None."""

    def __init__(self, *, may_be_negative: bool = False, **kwargs: Any) -> None:
        """Take the arguments of CharField."""
        super().__init__(**{"max_length": 40, **kwargs})
        self.may_be_negative = may_be_negative
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Show stored minor units as the digits one would type."""
        return formats.plain(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Read the amount."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = formats.parse_money(text)
        except formats.AmountError as error:
            raise ValidationError(_AMOUNTS[error.code], code=error.code) from error
        if minor < 0 and not self.may_be_negative:
            raise ValidationError(_("An amount here cannot be negative."), code="negative")
        return minor


_AMOUNTS = {
    "empty": gettext_lazy("Write an amount, such as 1,280,000 or 1.28M."),
    "unreadable": gettext_lazy("Write an amount, such as 1,280,000 or 1.28M."),
    "too_precise": gettext_lazy("Write at most two decimals."),
    "too_large": gettext_lazy("This amount is too large."),
}


class NamedMixin:
    """A form whose `name` is one line that can be seen."""

    cleaned_data: dict[str, Any]

    def clean_name(self) -> str:
        """Take what cannot be seen out of the name; refuse it if nothing is left."""
        name = names.tidy(self.cleaned_data["name"])
        if not name:
            raise ValidationError(labels.REFUSALS["name_missing"], code="name_missing")
        return name


class AccountForm(NamedMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A customer. Who may give it to whom comes from the member who fills it in."""

    turnover = MoneyField(label=gettext_lazy("Turnover"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    anyway = forms.BooleanField(widget=forms.HiddenInput, required=False)
    next = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Account
        fields = [
            "name",
            "kind",
            "industry",
            "region",
            "tax_id",
            "phone",
            "website",
            "address",
            "employees",
            "turnover",
            "founded_year",
            "source",
            "notes",
        ]
        widgets = {
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "website": forms.TextInput(attrs={"inputmode": "url"}),
            "notes": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, by: Membership, this_year: int, **kwargs: Any) -> None:
        """Take who fills it in, and the year that a foundation cannot be after."""
        super().__init__(*args, **kwargs)
        self.this_year = this_year
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), choices=labels.KINDS, initial=Kind.CUSTOMER)
        account = self.instance if self.instance.pk else None
        self.fields["owner"] = forms.ModelChoiceField(
            queries.owners_within_reach(by, account and account.owner_id),
            label=_("Owner"),
            initial=account.owner_id if account else by.pk,
            empty_label=None,
        )
        self.fields["parent"] = forms.ModelChoiceField(
            queries.parents_for(by, account),
            label=_("Parent company"),
            required=False,
            widget=forms.HiddenInput,
            initial=account.parent_id if account else None,
        )

    def clean_website(self) -> str:
        """Accept an address with or without https://; nothing that could run."""
        typed: str = self.cleaned_data["website"].strip()
        if not typed:
            return ""
        address = typed if "://" in typed else f"https://{typed}"
        try:
            URLValidator(schemes=["http", "https"])(address)
        except ValidationError as error:
            raise ValidationError(_("Write the address of a website, such as www.example.com.")) from error
        return address

    def clean_founded_year(self) -> int | None:
        """Refuse a year that cannot be."""
        year: int | None = self.cleaned_data["founded_year"]
        if year is not None and not EARLIEST_YEAR <= year <= self.this_year:
            raise ValidationError(
                _("Write a year from %(first)s to %(last)s."),
                params={"first": EARLIEST_YEAR, "last": self.this_year},
            )
        return year

    def validate_constraints(self) -> None:
        """Leave these to the database: none is about what is typed here."""

    @property
    def values(self) -> dict[str, Any]:
        """The fields of the account, for the actions."""
        return {name: self.cleaned_data[name] for name in (*self.Meta.fields, "owner", "parent")}


class QuickAccountForm(NamedMixin, forms.Form):
    """The name alone, from the last option of a combobox."""

    name = forms.CharField(max_length=200)
    request_key = forms.UUIDField(required=False)


class ContactForm(NamedMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A person at an account."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Contact
        fields = ["name", "position", "department", "phone", "email", "birthday", "notes"]
        widgets = {
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "birthday": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "notes": forms.Textarea(attrs={"rows": 3}),
        }

    def clean_birthday(self) -> date | None:
        """Refuse a day on which nobody who lives was born."""
        born: date | None = self.cleaned_data["birthday"]
        today = timezone.localdate()
        if born is not None and (born.year < EARLIEST_BIRTH or born > today):
            raise ValidationError(
                _("Write a year from %(first)s to %(last)s."), params={"first": EARLIEST_BIRTH, "last": today.year}
            )
        return born

    def validate_constraints(self) -> None:
        """Leave these to the database: none is about what is typed here."""

    @property
    def values(self) -> dict[str, Any]:
        """The fields of the contact, for the actions."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class ProductForm(NamedMixin, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """What we sell."""

    list_price = MoneyField(label=gettext_lazy("List price"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Product
        fields = ["name", "series", "list_price", "is_active"]

    def validate_constraints(self) -> None:
        """Leave these to the database and the action, which compares normalised names."""

    @property
    def values(self) -> dict[str, Any]:
        """The fields of the product, for the actions."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class MemberForm(forms.Form):
    """Who else works with an account."""

    member = forms.ModelChoiceField(Membership.objects.none(), label=gettext_lazy("Person"))

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        """Offer everyone who does not work with the account yet."""
        super().__init__(*args, **kwargs)
        self.fields["member"] = forms.ModelChoiceField(queries.helpers_for(account), label=_("Person"))


class AssessmentForm(forms.Form):
    """Ten factors, each judged by one of five steps or not at all, with a word of why."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make two fields a factor: `rating_<factor>` and `note_<factor>`."""
        super().__init__(*args, **kwargs)
        steps = [("", _("Not judged")), *((str(step), labels.STEPS[step]) for step in STEPS)]
        for factor in Factor:
            self.fields[f"rating_{factor}"] = forms.TypedChoiceField(
                label=labels.FACTORS[factor], choices=steps, coerce=int, empty_value=None, required=False
            )
            self.fields[f"note_{factor}"] = forms.CharField(label=_("Why"), max_length=500, required=False)

    @property
    def ratings(self) -> dict[Factor, int]:
        """The factors judged."""
        found = {factor: self.cleaned_data[f"rating_{factor}"] for factor in Factor}
        return {factor: rating for factor, rating in found.items() if rating is not None}

    @property
    def notes(self) -> dict[Factor, str]:
        """Why, for the factors judged."""
        return {factor: self.cleaned_data[f"note_{factor}"] for factor in self.ratings}


class SegmentsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """The benchmark, the limits and the weight of each factor."""

    benchmark = MoneyField(label=gettext_lazy("High revenue from"))
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = AssessmentSetting
        fields = ["benchmark", "high_from", "little_percent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make one field a factor: `weight_<factor>`."""
        super().__init__(*args, **kwargs)
        for name in ("high_from", "little_percent"):
            label = self.fields[name].label
            self.fields[name] = WholeField(label=label, min_value=0, max_value=100)
        for factor, weight in self.instance.factor_weights.items():
            self.fields[f"weight_{factor}"] = WholeField(
                label=labels.FACTORS[factor], min_value=0, max_value=LARGEST_WEIGHT, initial=weight
            )

    def clean_benchmark(self) -> int:
        """Refuse nothing as a benchmark."""
        benchmark: int | None = self.cleaned_data["benchmark"]
        if not benchmark:
            raise ValidationError(_("The benchmark must be above zero."))
        return benchmark

    def clean(self) -> dict[str, Any]:
        """Refuse weights that add up to nothing."""
        data = super().clean() or self.cleaned_data
        weights = [data.get(f"weight_{factor}") for factor in Factor]
        if None not in weights and not any(weights):
            raise ValidationError(labels.REFUSALS["no_weight"], code="no_weight")
        return data

    def validate_constraints(self) -> None:
        """Leave these to the database."""

    @property
    def values(self) -> dict[str, Any]:
        """What the action and the preview take."""
        return {
            **{name: self.cleaned_data[name] for name in self.Meta.fields},
            "weights": {str(factor): self.cleaned_data[f"weight_{factor}"] for factor in Factor},
        }
