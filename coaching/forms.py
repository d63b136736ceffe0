"""What is written in a review and in a one-on-one."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from activities.forms import DueMixin, day_choices
from coaching import labels
from coaching.decisions import Decision, Outcome
from coaching.models import CoachingSession, ReviewEntry


class DecisionForm(DueMixin):
    """A decision on one opportunity, a word on it, and the next action with its day in its words."""

    decision = forms.ChoiceField(
        choices=list(labels.DECISIONS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a decision.")},
    )
    comment = forms.CharField(max_length=2_000, required=False)
    version = forms.IntegerField(min_value=0)

    def __init__(self, data: Mapping[str, Any], *, today: date, entry: ReviewEntry | None) -> None:
        """Read a row of the meeting; `entry` is what was decided before in this review."""
        self.today, self.entry = today, entry
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        """Find the step and its day; the words of the step that stands already keep its day."""
        data = super().clean() or {}
        text = (data.get("next_text") or "").strip()
        action = self.entry.next_action if self.entry else None
        if action is not None and text == action.text:
            data["step"] = (text, action.due_on)
        else:
            try:
                data["step"] = self.due(text, "", self.today)
            except ValidationError as problem:
                self.add_error("next_text", problem)
        return data

    def record(self) -> dict[str, Any]:
        """Return what `decide` takes, from a form in order."""
        text, on = self.cleaned_data["step"]
        return {
            "seen": self.cleaned_data["version"],
            "decision": Decision(self.cleaned_data["decision"]),
            "comment": self.cleaned_data["comment"].strip(),
            "next_text": text,
            "next_on": on,
        }


class StartForm(forms.Form):
    """Which team is reviewed."""

    team = forms.IntegerField(required=False, min_value=1, max_value=2**62)


class EndForm(forms.Form):
    """What the leader adds to the minutes."""

    minutes = forms.CharField(
        label=_("Remarks for the minutes"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


AREA = {"rows": 3}


class SessionForm(DueMixin):
    """A one-on-one: what became of last time, what was found, what is agreed."""

    outcome = forms.ChoiceField(
        label=_("What became of it?"),
        choices=list(labels.OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what became of what was agreed last time.")},
    )
    outcome_note = forms.CharField(label=_("How it went"), max_length=2_000, required=False)
    worth_pursuing = forms.ChoiceField(
        label=_("Worth pursuing?"),
        choices=[("yes", pgettext_lazy("worth pursuing", "Yes")), ("no", pgettext_lazy("worth pursuing", "No"))],
        widget=forms.RadioSelect,
        required=False,
    )
    findings = forms.CharField(
        label=_("What we found"), max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    customer_commitment = forms.CharField(
        label=_("What the customer agreed to"), max_length=2_000, required=False, widget=forms.Textarea(attrs=AREA)
    )
    skill = forms.CharField(label=_("Skill to improve"), max_length=120, required=False)
    agreed = forms.CharField(
        label=_("What we agreed"),
        max_length=2_000,
        widget=forms.Textarea(attrs=AREA),
        error_messages={"required": _("Write what you agreed: the next session begins with it.")},
    )
    next_on = forms.ChoiceField(label=_("By when"), required=False, widget=forms.RadioSelect)
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date, previous: CoachingSession | None) -> None:
        """Ask for the outcome only where something was agreed before."""
        self.today = today
        super().__init__(data, initial={"request_key": uuid4(), "after": previous.pk if previous else 0})
        if previous is None:
            del self.fields["outcome"], self.fields["outcome_note"]
        days: Any = self.fields["next_on"]
        days.choices = day_choices(today)

    def clean(self) -> dict[str, Any]:
        """Find the step and its day."""
        data = super().clean() or {}
        try:
            data["step"] = self.due((data.get("next_text") or "").strip(), data.get("next_on") or "", self.today)
        except ValidationError as problem:
            self.add_error("next_text", problem)
        return data

    def record(self) -> dict[str, Any]:
        """Return what `hold_session` takes, from a form in order."""
        data = self.cleaned_data
        text, on = data["step"]
        return {
            **written(data),
            "outcome": Outcome(data["outcome"]) if data.get("outcome") else None,
            "next_text": text,
            "next_on": on,
            "after": data["after"] or 0,
            "request_key": data["request_key"],
        }


class SessionEditForm(forms.Form):
    """What may be corrected about a session."""

    outcome = SessionForm.base_fields["outcome"]
    outcome_note = SessionForm.base_fields["outcome_note"]
    worth_pursuing = SessionForm.base_fields["worth_pursuing"]
    findings = SessionForm.base_fields["findings"]
    customer_commitment = SessionForm.base_fields["customer_commitment"]
    skill = SessionForm.base_fields["skill"]
    agreed = SessionForm.base_fields["agreed"]
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, session: CoachingSession) -> None:
        """Begin with what stands."""
        start = {name: getattr(session, name) for name in self.base_fields}
        start["worth_pursuing"] = {True: "yes", False: "no", None: ""}[session.worth_pursuing]
        super().__init__(data, initial=start)
        if session.previous_id is None:
            del self.fields["outcome"], self.fields["outcome_note"]

    def changes(self) -> dict[str, Any]:
        """Return what `change_session` takes, from a form in order."""
        found = written(self.cleaned_data)
        if "outcome" in self.cleaned_data:
            found["outcome"] = self.cleaned_data["outcome"]
        return found


def written(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts of a session, and its yes or no."""
    names = ("outcome_note", "findings", "customer_commitment", "skill", "agreed")
    texts = {name: data[name].strip() for name in names if name in data}
    return {**texts, "worth_pursuing": {"yes": True, "no": False}.get(data["worth_pursuing"])}


def shown(name: str, value: Any) -> str:
    """Return a value of a session in words, for a conflict."""
    if name == "worth_pursuing":
        words = {True: pgettext("worth pursuing", "Yes"), False: pgettext("worth pursuing", "No")}
        return words.get(value, "")
    if name == "outcome":
        return str(labels.OUTCOMES[Outcome(value)]) if value else ""
    if name == "decision":
        return str(labels.DECISIONS[Decision(value)]) if value else ""
    return str(value or "")
