"""What people type about leads, what is asked of them, and web forms."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import names
from accounts import queries as accounts_queries
from accounts.forms import MoneyField
from accounts.models import Account
from funnel import labels, queries
from funnel.facts import NAME_LENGTH
from funnel.forms.opportunities import VersionForm, day_field
from funnel.leads import LONGEST, Answer, Criteria, Criterion, Keys, Source, Step, choices_of
from funnel.models import Lead, LeadSetting, WebForm
from tenants.dates import parse_due
from tenants.forms.numbers import WholeField
from tenants.models import Membership

_SOURCES = [(source, words) for source, words in labels.SOURCES.items() if source != Source.WEB_FORM]


class NextStepForm(forms.Form):
    """What comes next, and when: in its own field, or said in the step: 明天打電話."""

    next_step = forms.CharField(label=gettext_lazy("Next step"), max_length=200, required=False)
    next_step_on = day_field(label=gettext_lazy("On"), required=False)
    today: date

    def clean(self) -> dict[str, Any]:
        """Take the day out of the step, where none was chosen and one is said."""
        typed = super().clean() or {}
        if typed.get("next_step") and not typed.get("next_step_on") and "next_step_on" not in self.errors:
            on, step = parse_due(typed["next_step"], self.today)
            if on is not None and step:
                typed["next_step"], typed["next_step_on"] = step, on
        return typed


class LeadForm(NextStepForm):
    """A lead: a company or a person is enough, everything else can come later."""

    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A company or a contact is enough."),
    )
    person = forms.CharField(label=gettext_lazy("Contact"), max_length=120, required=False)
    position = forms.CharField(label=gettext_lazy("Position"), max_length=120, required=False)
    phone = forms.CharField(
        label=gettext_lazy("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    tax_id = forms.CharField(label=gettext_lazy("Tax ID"), max_length=30, required=False)
    industry = forms.CharField(label=gettext_lazy("Industry"), max_length=80, required=False)
    region = forms.CharField(label=gettext_lazy("Region"), max_length=80, required=False)
    need = forms.CharField(
        label=gettext_lazy("What they need"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    source = forms.ChoiceField(
        label=pgettext_lazy("of an opportunity", "Source"), choices=_SOURCES, widget=forms.RadioSelect
    )
    source_note = forms.CharField(label=gettext_lazy("Which one"), max_length=120, required=False)
    budget = MoneyField(label=gettext_lazy("Budget"), required=False)
    buys_on = day_field(label=gettext_lazy("Buys by"), required=False)
    owner: Any = forms.ModelChoiceField(Membership.objects, label=gettext_lazy("Owner"), empty_label=None)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    anyway = forms.BooleanField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        by: Membership,
        today: date,
        lead: Lead | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        """Take who fills it in on which day, and the lead that is changed."""
        super().__init__(data, initial=initial)
        self.today = today
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = queries.lead_owners(by, lead.owner_id if lead else 0)
        if lead is not None:
            del fields["request_key"], fields["anyway"]
            if lead.source == Source.WEB_FORM:
                fields["source"].choices = list(labels.SOURCES.items())

    def clean(self) -> dict[str, Any]:
        """Ask for a company or a person: the first thing a lead is."""
        typed = super().clean() or {}
        known = names.tidy(typed.get("company", "")) or names.tidy(typed.get("person", ""))
        if not known and not {"company", "person"} & set(self.errors):
            self.add_error("company", ValidationError(labels.REFUSALS["company_empty"], code="company_empty"))
        return typed

    def facts(self) -> dict[str, Any]:
        """Return the facts as the actions take them."""
        return {
            name: value for name, value in self.cleaned_data.items() if name not in {"version", "request_key", "anyway"}
        }

    def keys(self) -> Keys:
        """Return what the lead is compared by."""
        of = {name: self.cleaned_data[name] for name in ("person", "phone", "email", "tax_id")}
        return Keys.of(company=self.cleaned_data["company"] or self.cleaned_data["person"], **of)


def new_lead(by: Membership) -> dict[str, Any]:
    """Return what the form of a new lead starts with."""
    return {"owner": by, "source": str(Source.REFERRAL), "request_key": uuid4()}


def standing_lead(lead: Lead) -> dict[str, Any]:
    """Return what the form of an existing lead starts with."""
    kept = [name for name in LeadForm.base_fields if name not in {"owner", "request_key", "anyway"}]
    return {**{name: getattr(lead, name) for name in kept}, "owner": lead.owner_id}


class LeadStepForm(forms.Form):
    """A move to another step: the step it was seen in, and why where something lacks."""

    left = forms.TypedChoiceField(coerce=int, choices=[(int(step), str(step)) for step in Step])
    step = forms.TypedChoiceField(coerce=int, choices=[(int(step), str(step)) for step in Step])
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)


class AnswersForm(VersionForm):
    """The six answers, each with what is behind it."""

    def __init__(self, data: Any = None, *, given: dict[Criterion, tuple[Answer, str]], version: int) -> None:
        """Take what was answered, and the version of the lead that was seen."""
        super().__init__(data, initial={"version": version})
        for criterion in Criterion:
            answer, note = given.get(criterion, (Answer.UNKNOWN, ""))
            words = labels.CRITERIA[criterion]
            self.fields[f"answer_{criterion}"] = forms.ChoiceField(
                label=words,
                choices=[(each, labels.ANSWERS[each]) for each in choices_of(criterion)],
                initial=answer,
                widget=forms.RadioSelect,
            )
            self.fields[f"note_{criterion}"] = forms.CharField(
                label=_("How do we know: %(question)s") % {"question": words},
                max_length=500,
                required=False,
                initial=note,
            )

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The two fields of each criterion."""
        return [(self[f"answer_{criterion}"], self[f"note_{criterion}"]) for criterion in Criterion]

    def given(self) -> dict[Criterion, tuple[Answer, str]]:
        """Return what was answered, as the action takes it."""
        typed = self.cleaned_data
        return {each: (Answer(typed[f"answer_{each}"]), typed[f"note_{each}"]) for each in Criterion}


class LeadNoteForm(NextStepForm):
    """What happened, and what comes next."""

    text = forms.CharField(
        label=gettext_lazy("What happened"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    contacted = forms.BooleanField(label=gettext_lazy("We spoke with them"), required=False)

    def __init__(self, data: Any = None, *, today: date, initial: dict[str, Any] | None = None) -> None:
        """Take the day on which it is said."""
        super().__init__(data, initial=initial)
        self.today = today


class DropForm(VersionForm):
    """Why a lead is dropped."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=list(labels.DROP_REASONS.items()), widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=pgettext_lazy("of a decision", "Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ConvertForm(VersionForm):
    """What a lead becomes: at which customer, and which opportunity."""

    account = forms.CharField(label=gettext_lazy("Customer"), max_length=20, required=False)
    name = forms.CharField(label=gettext_lazy("Opportunity"), max_length=NAME_LENGTH)
    amount = MoneyField(label=gettext_lazy("Amount"), required=False)
    expected_close_on = day_field(label=gettext_lazy("Expected close"), required=False)
    why = forms.CharField(
        label=gettext_lazy("Why, although it does not meet the criteria"),
        max_length=500,
        error_messages={"required": labels.REFUSALS["not_qualified"]},
    )

    def __init__(
        self, data: Any = None, *, by: Membership, is_qualified: bool, initial: dict[str, Any] | None = None
    ) -> None:
        """Take who converts it, and whether it meets the criteria; otherwise the reason is needed."""
        super().__init__(data, initial=initial)
        self.by = by
        self.fields["why"].required = not is_qualified

    def clean_account(self) -> Account | None:
        """Find the customer among those one may see; none is a new one."""
        typed = self.cleaned_data["account"]
        if not typed:
            return None
        picked = accounts_queries.picked(self.by, typed)
        if picked is None:
            raise ValidationError(_("Choose a customer from the list."), code="account")
        return picked


class MergeForm(VersionForm):
    """Into which lead."""

    into = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class CriteriaForm(VersionForm):
    """What the organization asks of a lead."""

    budget_from = MoneyField(label=gettext_lazy("Budget from"), required=False)
    months = WholeField(
        label=gettext_lazy("Purchase within, in months"),
        min_value=1,
        max_value=LONGEST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    musts = forms.MultipleChoiceField(
        label=gettext_lazy("A no means: drop it"),
        choices=[(each, labels.ASKED[str(each)]) for each in Criterion if each != Criterion.DECISION],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def criteria(self) -> Criteria:
        """Return what was typed, as the action takes it."""
        typed = self.cleaned_data
        musts = frozenset(Criterion(each) for each in typed["musts"])
        return Criteria(typed["budget_from"] or 0, typed["months"], musts)


def standing_criteria(setting: LeadSetting) -> dict[str, Any]:
    """Return what the form starts with."""
    return {
        "version": setting.version,
        "budget_from": setting.budget_from or None,
        "months": setting.months,
        "musts": setting.musts,
    }


class WebFormForm(forms.Form):
    """A form on the organization's own site: its name, and who gets its leads."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    owner: Any = forms.ModelChoiceField(Membership.objects, label=gettext_lazy("Its leads go to"), empty_label=None)
    is_active = forms.BooleanField(label=gettext_lazy("Takes leads"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, web_form: WebForm | None = None) -> None:
        """Take the form that is changed; a new one is on."""
        names = ("name", "owner", "is_active", "version")
        super().__init__(data, initial={name: getattr(web_form, name) for name in names} if web_form else {})
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = queries.web_form_owners(web_form.owner_id if web_form else 0)
        if web_form is None:
            del fields["is_active"], fields["version"]
