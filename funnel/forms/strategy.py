"""What people type on a strategy sheet."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from funnel import labels, queries
from funnel.leads import Answer, Criterion
from funnel.models import DecisionRole, Opportunity, Rival, Strategy
from funnel.models.strategy import LONG
from funnel.strategy import Attitude, Influence
from tenants.forms.names import NameField
from tenants.models import Membership

UNKNOWN = "unknown"
_YES_NO = [(answer, labels.ANSWERS[answer]) for answer in (Answer.YES, Answer.NO, Answer.UNKNOWN)]


def _text(label: Any, rows: int = 3, limit: int = LONG) -> forms.CharField:
    return forms.CharField(label=label, max_length=limit, required=False, widget=forms.Textarea(attrs={"rows": rows}))


class RoleForm(forms.Form):
    """What a person is in the customer's decision; without one it also asks who."""

    contact: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Person"), required=False, empty_label=gettext_lazy("Choose…")
    )
    new_name = NameField(label=gettext_lazy("Name of a new contact"), max_length=120, required=False)
    new_position = forms.CharField(label=gettext_lazy("Position"), max_length=120, required=False)
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Role"), choices=list(labels.ROLES.items()), widget=forms.CheckboxSelectMultiple
    )
    influence = forms.TypedChoiceField(
        label=gettext_lazy("Influence"),
        choices=[(int(code), words) for code, words in labels.INFLUENCES.items()],
        coerce=lambda value: Influence(int(value)),
        widget=forms.RadioSelect,
    )
    attitude = forms.TypedChoiceField(
        label=gettext_lazy("Attitude to us"),
        choices=[(UNKNOWN if code is None else int(code), words) for code, words in labels.ATTITUDES.items()],
        coerce=lambda value: None if value == UNKNOWN else Attitude(int(value)),
        widget=forms.RadioSelect,
    )
    win = _text(gettext_lazy("What a win is for them"), rows=2, limit=500)
    reports_to = forms.TypedChoiceField(label=gettext_lazy("Reports to"), coerce=int, empty_value=None, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, *, by: Membership, opportunity: Opportunity, role: DecisionRole | None = None
    ) -> None:
        """Take who fills it in, and the person on the sheet that is changed, if one is."""
        super().__init__(data, initial=standing_role(role))
        fields: dict[str, Any] = self.fields
        superiors = queries.superiors_for(opportunity, role)
        fields["reports_to"].choices = [("", _("Nobody on this sheet")), *superiors]
        if role is not None:
            del fields["contact"], fields["new_name"], fields["new_position"]
            return
        fields["contact"].queryset = queries.not_on_sheet(by, opportunity)
        fields["contact"].asked_for = fields["new_name"].asked_for = True  # one of both
        fields["contact"].label_from_instance = _with_position
        if not queries.may_add_contact(by, opportunity):
            del fields["new_name"], fields["new_position"]

    def facts(self) -> dict[str, Any]:
        """Return what the action takes."""
        taken = dict(self.cleaned_data)
        del taken["version"]
        name, position = taken.pop("new_name", ""), taken.pop("new_position", "")
        if name:
            taken["new_contact"] = {"name": name, "position": position}
        return taken


def _with_position(contact: Any) -> str:
    return f"{contact.name} ({contact.position})" if contact.position else str(contact.name)


def standing_role(role: DecisionRole | None) -> dict[str, Any]:
    """Return what the form starts with."""
    if role is None:
        return {"influence": int(Influence.MEDIUM), "attitude": UNKNOWN}
    return {
        "roles": [role.role, *role.also],
        "influence": role.influence,
        "attitude": UNKNOWN if role.attitude is None else role.attitude,
        "win": role.win,
        "reports_to": role.reports_to_id,
        "version": role.version,
    }


class AdoptForm(forms.Form):
    """The name of whom opportunities were lost to, who is to be kept as a competitor."""

    name = NameField(max_length=200)


class RivalForm(forms.Form):
    """A competitor for the same opportunity; without one it also asks which."""

    competitor: Any = forms.ModelChoiceField(
        None, label=gettext_lazy("Competitor"), required=False, empty_label=gettext_lazy("Choose…")
    )
    new_name = NameField(label=gettext_lazy("Name of a new competitor"), max_length=200, required=False)
    strengths = _text(gettext_lazy("Their strengths"))
    weaknesses = _text(gettext_lazy("Their weaknesses"))
    answer = _text(gettext_lazy("Our answer"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, by: Membership, may_add: bool, rival: Rival | None = None) -> None:
        """Take who fills it in, whether they may keep a new competitor, and the rival that is changed, if one is."""
        names = ("strengths", "weaknesses", "answer", "version")
        super().__init__(data, initial={name: getattr(rival, name) for name in names} if rival else {})
        fields: dict[str, Any] = self.fields
        if rival is not None:
            del fields["competitor"], fields["new_name"]
            return
        fields["competitor"].queryset = queries.competitors_for(by)
        if not may_add:
            del fields["new_name"]

    def facts(self) -> dict[str, Any]:
        """Return what the action takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class SheetPartForm(forms.Form):
    """One part of the sheet."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, row: Strategy, opportunity: Opportunity) -> None:
        """Take the sheet as it stands."""
        initial = {name: getattr(row, name) for name in self.base_fields}
        super().__init__(data, initial=initial)

    def facts(self) -> dict[str, Any]:
        """Return what the action takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class SwotForm(SheetPartForm):
    """Strengths, weaknesses, opportunities, threats."""

    strengths = _text(dict(labels.SWOT)["strengths"])
    weaknesses = _text(dict(labels.SWOT)["weaknesses"])
    openings = _text(dict(labels.SWOT)["openings"])
    threats = _text(dict(labels.SWOT)["threats"])


class ValueForm(SheetPartForm):
    """What this customer gets from us alone, and what we are to them."""

    ucv = _text(gettext_lazy("Value this customer gets from us and from no rival"), rows=4)
    ladder = forms.ChoiceField(
        label=gettext_lazy("What are we to this customer?"),
        choices=[*labels.LADDER.items(), ("", pgettext_lazy("attitude", "Not known"))],
        required=False,
        widget=forms.RadioSelect,
    )


class NextForm(SheetPartForm):
    """Whom to win next, and how."""

    win_next = forms.TypedChoiceField(label=gettext_lazy("Whom?"), coerce=int, empty_value=None, required=False)
    win_how = _text(gettext_lazy("How?"))

    def __init__(self, data: Any = None, *, row: Strategy, opportunity: Opportunity) -> None:
        """Take the sheet as it stands."""
        super().__init__(data, row=row, opportunity=opportunity)
        fields: dict[str, Any] = self.fields
        people = [(person.row.pk, person.name) for person in queries.people_on(opportunity)]
        fields["win_next"].choices = [("", _("Nobody chosen yet")), *people]
        self.initial["win_next"] = row.win_next_id


class ProcedureForm(forms.Form):
    """How the customer decides on the purchase."""

    buying_procedure = forms.ChoiceField(
        label=gettext_lazy("How do they decide?"),
        choices=[*labels.PROCEDURES.items(), ("", pgettext_lazy("attitude", "Not known"))],
        required=False,
        widget=forms.RadioSelect,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


PARTS: dict[str, type[SheetPartForm]] = {"swot": SwotForm, "value": ValueForm, "next": NextForm}


class GapForm(forms.Form):
    """Something we do not know; of one that is noted also what was found out."""

    text = NameField(label=gettext_lazy("What do we not know?"), max_length=200)
    answer = _text(gettext_lazy("What did we find out?"), limit=500)
    is_known = forms.BooleanField(label=gettext_lazy("We know it now"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, is_new: bool, initial: dict[str, Any]) -> None:
        """Take whether it is a new one."""
        super().__init__(data, initial=initial)
        for name in ("answer", "is_known", "version") if is_new else ("request_key",):
            del self.fields[name]


class GoForm(forms.Form):
    """Go or no-go, by the organization's criteria."""

    need = forms.ChoiceField(label=labels.CRITERIA[Criterion.NEED], choices=_YES_NO, widget=forms.RadioSelect)
    compete = forms.ChoiceField(label=labels.CRITERIA[Criterion.COMPETE], choices=_YES_NO, widget=forms.RadioSelect)
    verdict = forms.ChoiceField(
        label=gettext_lazy("Go or no-go"), choices=list(labels.VERDICTS.items()), widget=forms.RadioSelect
    )
    why = _text(gettext_lazy("Why"), limit=500)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, row: Strategy) -> None:
        """Take the sheet as it stands."""
        names = {"need": row.need, "compete": row.compete, "verdict": row.verdict, "why": row.verdict_why}
        super().__init__(data, initial={**names, "version": row.version})
