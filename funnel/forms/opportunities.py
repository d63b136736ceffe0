"""What people type about opportunities, and about the stages of their organization."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import queries as accounts_queries
from accounts.forms import MoneyField
from accounts.models import Account, Product
from funnel import labels, queries
from funnel.facts import NAME_LENGTH
from funnel.models import Opportunity
from funnel.regrouping import SPAN
from funnel.stages import Category, Reason, Stage, StageRow
from tenants.forms.organization import DayField
from tenants.models import SELLING, Membership


def day_field(**kwargs: Any) -> forms.DateField:
    """Return a field for one day; what came in is shown again."""
    return DayField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **kwargs)


class CurrencyField(forms.ChoiceField):
    """A currency with a dated rate, or `own`, for which nothing needs to be asked."""

    own = ""

    def valid_value(self, value: Any) -> bool:
        """Return whether it can be chosen."""
        return value == self.own or super().valid_value(value)


class StageField(forms.TypedChoiceField):
    """A stage in which an opportunity can be opened; its label is asked for only where it is shown."""

    def valid_value(self, value: Any) -> bool:
        """Return whether it can be chosen."""
        return str(value) in {str(int(stage)) for stage in Stage if stage != Stage.DEPLOY}


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes none
    """Who is to have it; that one has it oneself needs no asking."""

    by: Membership

    def to_python(self, value: Any) -> Membership | None:
        """Find whom the form names."""
        is_me = str(value) == str(self.by.pk) and self.by.role in SELLING
        found: Membership | None = self.by if is_me else super().to_python(value)
        return found


class OpportunityForm(forms.Form):
    """The facts of an opportunity. Without one it also asks for account and stage, and opens it."""

    account = forms.CharField(label=gettext_lazy("Customer"), max_length=20, widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Opportunity"), max_length=NAME_LENGTH)
    product: Any = forms.ModelChoiceField(None, label=gettext_lazy("Product"), required=False, empty_label="—")
    amount = MoneyField(label=gettext_lazy("Amount"), required=False)
    quoted_currency = CurrencyField(label=gettext_lazy("Currency"), required=False)
    expected_close_on = day_field(label=gettext_lazy("Expected close"), required=False)
    stage = StageField(label=gettext_lazy("Stage"), coerce=int)
    category = forms.ChoiceField(label=gettext_lazy("Forecast category"), required=False)
    owner: Any = OwnerField(Membership.objects, label=gettext_lazy("Owner"), empty_label=gettext_lazy("Choose…"))
    source = forms.CharField(label=pgettext_lazy("of an opportunity", "Source"), max_length=80, required=False)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        by: Membership,
        opportunity: Opportunity | None = None,
        stages: list[StageRow] | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        """Take who fills it in, and the opportunity that is changed or the stages, where known, in which one opens."""
        super().__init__(data, initial=initial)
        self.by, self.opportunity = by, opportunity
        self.picked: Account | None = None
        fields: dict[str, Any] = self.fields
        fields["owner"].by, fields["owner"].queryset = by, queries.owners_for(by, opportunity)
        fields["product"].queryset = queries.products_for(opportunity)
        own = by.organization.currency
        fields["quoted_currency"].own = own
        fields["quoted_currency"].choices = lambda: [(c, c) for c in dict.fromkeys([own, *queries.currencies()])]
        fields["category"].choices = [
            ("", _("By stage")),
            *((code, labels.CATEGORIES[code]) for code in Category if code != Category.CLOSED),
        ]
        if opportunity is None:
            del fields["why"]
            fields["stage"].choices = lambda: [(row.stage, row.label) for row in (stages or queries.stage_table())[:-1]]
        else:
            del fields["account"], fields["stage"], fields["request_key"]
            if opportunity.closed_at:
                del fields["category"], fields["expected_close_on"]

    def clean_account(self) -> Account:
        """Find the customer among those one may see."""
        self.picked = accounts_queries.picked(self.by, self.cleaned_data["account"])
        if self.picked is None:
            raise ValidationError(_("Choose a customer from the list."), code="account")
        self.picked.organization = self.by.organization
        return self.picked

    def clean_quoted_currency(self) -> str:
        """Leave the reporting currency unnamed."""
        code: str = self.cleaned_data["quoted_currency"]
        return "" if code == self.by.organization.currency else code

    def facts(self) -> dict[str, Any]:
        """Return the facts as the actions take them."""
        taken = {name: value for name, value in self.cleaned_data.items() if name not in {"version", "why"}}
        if "category" in taken:
            taken["category"] = Category(taken["category"]) if taken["category"] else None
        if "stage" in taken:
            taken["stage"] = Stage(taken["stage"])
        return taken


def opening(account: Account | None, product: Product | None, owner: Membership) -> dict[str, Any]:
    """Return what the form of a new opportunity starts with."""
    return {
        "account": account.pk if account else "",
        "product": product,
        "amount": product.list_price if product else None,
        "owner": owner,
        "quoted_currency": owner.organization.currency,
        "stage": int(Stage.DISCOVER),
        "request_key": uuid4(),
    }


def standing(opportunity: Opportunity) -> dict[str, Any]:
    """Return what the form of an existing opportunity starts with."""
    quoted = opportunity.quoted_currency
    return {
        "name": opportunity.name,
        "product": opportunity.product_id,
        "amount": opportunity.quoted_amount if quoted else opportunity.amount,
        "quoted_currency": quoted or opportunity.organization.currency,
        "expected_close_on": opportunity.expected_close_on,
        "category": opportunity.category if opportunity.category_is_own else "",
        "owner": opportunity.owner_id,
        "source": opportunity.source,
        "version": opportunity.version,
    }


class RegroupForm(forms.Form):
    """What a move to another column of the grouped board asks for: the day, or why somebody else gets it."""

    to = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    expected_close_on = day_field(label=gettext_lazy("Expected close"), required=False)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)

    def __init__(self, data: Any = None, *, code: str, initial: dict[str, Any] | None = None) -> None:
        """Take by what the board is grouped."""
        super().__init__(data, initial=initial)
        self.asks_day = code in SPAN
        fields: dict[str, Any] = self.fields
        fields["expected_close_on"].asked_for = True  # it is shown where a day is needed alone


class MoveForm(forms.Form):
    """A move to another stage; evidence filed on the way comes in forms of its own (`EvidenceForm`)."""

    stage = forms.TypedChoiceField(coerce=int, choices=[(int(stage), str(stage)) for stage in Stage])
    version = forms.IntegerField(required=False)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    anyway = forms.BooleanField(required=False)
    until = day_field(label=gettext_lazy("Evidence will be there by"), required=False)

    @property
    def goes_on_until(self) -> date | None:
        """Until when one goes on without evidence; None where that is not asked for."""
        until: date | None = self.cleaned_data["until"]
        return until if self.cleaned_data["anyway"] else None


class VersionForm(forms.Form):
    """What every decision on an opportunity carries: the version that was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class WinForm(VersionForm):
    """What was signed, and when."""

    amount = MoneyField(label=gettext_lazy("Amount of the agreement"))
    closed_on = day_field(label=gettext_lazy("Signed on"))
    anyway = forms.BooleanField(widget=forms.HiddenInput, required=False)
    why = forms.CharField(label=gettext_lazy("Why is the evidence not there yet?"), max_length=500, required=False)
    until = day_field(label=gettext_lazy("Evidence will be there by"), required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        """Take the last day on which it can have been signed."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["closed_on"].widget.attrs["max"] = today.isoformat()
        fields["why"].asked_for = fields["until"].asked_for = True  # they are shown where evidence is missing alone

    def clean(self) -> dict[str, Any]:
        """Ask whoever goes on without evidence for the day, which they emptied."""
        typed: dict[str, Any] = super().clean() or {}
        if typed.get("anyway") and "until" in typed and typed["until"] is None:
            self.add_error("until", labels.REFUSALS["until_needed"])
        return typed


class LoseForm(VersionForm):
    """Why it was lost, and to whom."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=list(labels.REASONS.items()), widget=forms.RadioSelect
    )
    lost_to: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Who won it?"), required=False, empty_label=gettext_lazy("Choose…")
    )
    rival = forms.CharField(label=gettext_lazy("Somebody else"), max_length=120, required=False)
    note = forms.CharField(
        label=gettext_lazy("What do we learn from it?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, by: Membership, opportunity: Opportunity, **kwargs: Any) -> None:
        """Take who fills it in; those who stand on the strategy sheet come first."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["lost_to"].queryset = queries.competitors_for(by, first=opportunity)


_OWN_DECISION = [reason for reason in Reason if reason != Reason.RIVAL]


class AbandonForm(VersionForm):
    """Why we let it go."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[(reason, labels.REASONS[reason]) for reason in _OWN_DECISION],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=pgettext_lazy("of a decision", "Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReopenForm(VersionForm):
    """Why it is opened again."""

    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
