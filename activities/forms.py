"""What people write about visits and next actions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from activities import labels
from activities.kinds import Kind, Result, VisitState
from activities.models import Visit
from activities.queries import Offer, Step, VisitFilter
from activities.times import FURTHEST, OLDEST, SLACK, Span, When, moment
from tenants import dates, formats
from tenants.errors import Refused
from tenants.forms.names import NameField
from tenants.models import Membership, Team

NOTHING = "none"
"""The choice of no follow-up."""


def with_fact(name: str, fact: str) -> str:
    """Return a chip's words: a name, a dot, a lesser fact."""
    return format_html('{}<i class="sep"></i>{}', name, fact) if fact else name


def day_choices(today: date) -> list[tuple[str, str]]:
    """Return the days offered for a tap, as they are called and dated: Next Wed 12/2."""
    language = get_language() or "en"
    return [
        (
            choice.on.isoformat(),
            f"{labels.CHOICES[choice.code]} {formats.short_date(choice.on, today, language, weekday=False)}",
        )
        for choice in dates.choices(today)
    ]


class MomentInput(forms.DateTimeInput):
    """A day and a time, as a phone asks for them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        """Show and take minutes, no seconds."""
        super().__init__(format="%Y-%m-%dT%H:%M")


class DueMixin(forms.Form):
    """A next step, and its day: tapped, or written in its words."""

    next_text = forms.CharField(
        label=_("Next step"), max_length=300, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def due(self, text: str, tapped: str, today: date) -> tuple[str, date | None]:
        """Return the step and its day; a tapped day counts before a written one, whose words then stay.

        :raises ValidationError: there is no day, or no step for the day.
        """
        if not text:
            if tapped:
                raise ValidationError(gettext("Write what is to be done on that day."), code="step_missing")
            return "", None
        written, rest = dates.parse_due(text, today)
        on = date.fromisoformat(tapped) if tapped else written
        if on is None:
            raise ValidationError(labels.refusal(Refused("next_without_date")), code="next_without_date")
        if on > today + FURTHEST:
            raise ValidationError(labels.refusal(Refused("due_too_far")), code="due_too_far")
        step = rest if written == on else text
        if not step:
            raise ValidationError(gettext("Write what is to be done on that day."), code="step_missing")
        if len(step) > 200:
            raise ValidationError(gettext("Say it in at most 200 characters."), code="max_length")
        return step, on


class VisitForm(DueMixin):
    """A visit that took place: with whom, how, when, with what result, and what is next."""

    opportunity = forms.ChoiceField(label=_("Opportunity"), required=False, widget=forms.RadioSelect)
    contacts = forms.MultipleChoiceField(label=_("Whom you met"), required=False, widget=forms.CheckboxSelectMultiple)
    new_contact = forms.BooleanField(label=_("New contact"), required=False)
    new_name = NameField(label=_("Name of the new contact"), max_length=120, required=False)
    new_position = forms.CharField(label=_("Position"), max_length=120, required=False)
    kind = forms.ChoiceField(label=_("How"), choices=list(labels.KINDS.items()), widget=forms.RadioSelect)
    when = forms.ChoiceField(label=_("When"), choices=list(labels.WHENS.items()), widget=forms.RadioSelect)
    when_at = forms.DateTimeField(label=_("Day and time"), required=False, widget=MomentInput())
    result = forms.ChoiceField(
        label=_("Result"),
        choices=list(labels.RESULTS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the result of the visit.")},
    )
    note = forms.CharField(
        label=pgettext_lazy("visit", "Notes"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "enterkeyhint": "enter"}),
    )
    commitment = forms.CharField(label=_("What the customer agreed to do"), max_length=300, required=False)
    next_on = forms.ChoiceField(label=_("By when"), required=False, widget=forms.RadioSelect)
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        offered: Offer,
        by: Membership,
        now: datetime,
        opportunity: int | None = None,
        planned: Visit | None = None,
    ) -> None:
        """Offer what the account has; `opportunity` and a planned visit say what is chosen at first."""
        self.offered, self.by, self.now = offered, by, now.astimezone(by.organization.zone)
        self.steps = {step.opportunity.pk: step for step in offered.steps}
        super().__init__(data, initial=_start(offered, opportunity, planned))
        language = get_language() or "en"
        amounts = {
            step.opportunity.pk: formats.compact(step.opportunity.amount, language) if step.opportunity.amount else ""
            for step in offered.steps
        }
        self._choices(
            "opportunity",
            [
                *(
                    (str(step.opportunity.pk), with_fact(step.opportunity.name, amounts[step.opportunity.pk]))
                    for step in offered.steps
                ),
                ("", _("No opportunity")),
            ],
        )
        self._choices(
            "contacts",
            [
                (str(contact.pk), with_fact(contact.name, contact.position or contact.department))
                for contact in offered.contacts
            ],
        )
        self._choices("next_on", [*day_choices(self.now.date()), (NOTHING, _("No follow-up needed"))])
        for step in offered.steps:
            if step.next is not None:
                self.fields[f"stage_{step.opportunity.pk}"] = self._stage_field(step)
        self.fields["when_at"].widget.attrs |= {
            "min": f"{self.now - OLDEST:%Y-%m-%dT%H:%M}",
            "max": f"{self.now:%Y-%m-%dT%H:%M}",
        }

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # a choice field

    @staticmethod
    def _stage_field(step: Step) -> forms.ChoiceField:
        """Return the question whether the stage changed, for one opportunity."""
        forward = gettext("Advance to %(stage)s") % {"stage": step.next.label if step.next else ""}
        return forms.ChoiceField(
            label=_("Did the stage change?"),
            required=False,
            initial="keep",
            widget=forms.RadioSelect,
            choices=[
                ("keep", gettext("Keep %(stage)s") % {"stage": step.stage.label}),
                *([] if step.is_blocked else [("advance", forward)]),
            ],
        )

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The stage questions with what each move would lack, as the page shows them."""
        chosen = str(self["opportunity"].value() or "")
        return [
            {"field": self[name], "step": step, "hidden": str(pk) != chosen, "when": f"opportunity={pk}"}
            for pk, step in self.steps.items()
            if (name := f"stage_{pk}") in self.fields
        ]

    def clean(self) -> dict[str, Any]:
        """Turn taps into a moment, people and a dated step."""
        data = super().clean() or {}
        self._clean_when(data)
        self._clean_people(data)
        self._clean_next(data)
        return data

    def _clean_when(self, data: dict[str, Any]) -> None:
        when = data.get("when")
        if when is None:
            return
        if when != When.OTHER:
            data["happened_at"] = moment(When(when), self.now)
            return
        at = data.get("when_at")
        if at is None:
            if "when_at" not in self.errors:
                self.add_error("when_at", gettext("Choose the day and time."))
        elif at > self.now + SLACK:
            self.add_error("when_at", labels.refusal(Refused("future")))
        elif at < self.now - OLDEST:
            self.add_error("when_at", labels.refusal(Refused("too_long_ago", days=OLDEST.days)))
        else:
            data["happened_at"] = at

    def _clean_people(self, data: dict[str, Any]) -> None:
        wanted = {int(pk) for pk in data.get("contacts", [])}
        data["people"] = [contact for contact in self.offered.contacts if contact.pk in wanted]
        name = (data.get("new_name") or "").strip()
        if data.get("new_contact") and not name:
            self.add_error("new_name", gettext("Write the name, or untick the new contact."))
        data["new_people"] = [(name, data.get("new_position", ""))] if data.get("new_contact") and name else []

    def _clean_next(self, data: dict[str, Any]) -> None:
        text, tapped = (data.get("next_text") or "").strip(), data.get("next_on") or ""
        if tapped == NOTHING:
            if text:
                self.add_error(
                    "next_on", gettext("You wrote a next step and chose no follow-up. Choose a day, or clear the step.")
                )
            data["step"] = ("", None)
            return
        if not text and not tapped:
            self.add_error("next_text", gettext("Write the next step, or choose “No follow-up needed”."))
            return
        try:
            data["step"] = self.due(text, tapped, self.now.date())
        except ValidationError as problem:
            self.add_error("next_text", problem)

    def record(self) -> dict[str, Any]:
        """Return what `log_visit` and `hold` take, from a form in order."""
        data = self.cleaned_data
        step = self.steps.get(int(data["opportunity"] or 0))
        advances = step is not None and step.next is not None and data.get(f"stage_{step.opportunity.pk}") == "advance"
        text, on = data["step"]
        return {
            "opportunity": step.opportunity if step else None,
            "contacts": data["people"],
            "new_contacts": data["new_people"],
            "kind": Kind(data["kind"]),
            "result": Result(data["result"]),
            "happened_at": data["happened_at"],
            "note": data["note"].strip(),
            "commitment": data["commitment"].strip(),
            "next_text": text,
            "next_on": on,
            "advance": (step.stage.stage, step.next.stage) if advances and step and step.next else None,
        }


def _start(offered: Offer, opportunity: int | None, planned: Visit | None) -> dict[str, Any]:
    """Return the likeliest answers: the opportunity one came from, or talked about last; a visit; just now."""
    if planned is not None:
        opportunity = planned.opportunity_id
    elif opportunity is None and offered.steps:
        opportunity = offered.steps[0].opportunity.pk
    start: dict[str, Any] = {
        "opportunity": str(opportunity or ""),
        "kind": planned.kind if planned else Kind.VISIT,
        "when": When.NOW,
        "request_key": uuid4(),
    }
    if planned is not None:
        start |= {
            "contacts": [str(met.contact_id) for met in planned.met.all()],
            "when": When.OTHER,
            "when_at": planned.happened_at,
            "version": planned.version,
        }
    return start


class PlanForm(forms.Form):
    """A visit to come: its goal, with whom, when."""

    opportunity = forms.ChoiceField(label=_("Opportunity"), required=False, widget=forms.RadioSelect)
    contacts = forms.MultipleChoiceField(
        label=_("Whom you will meet"), required=False, widget=forms.CheckboxSelectMultiple
    )
    kind = forms.ChoiceField(label=_("How"), choices=list(labels.KINDS.items()), widget=forms.RadioSelect)
    planned_at = forms.DateTimeField(
        label=_("When"), widget=MomentInput(), error_messages={"required": _("Choose the day and time.")}
    )
    goal = forms.CharField(
        label=_("Goal of the visit"),
        max_length=200,
        error_messages={"required": _("Write what you want the visit to bring.")},
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, offered: Offer, now: datetime, opportunity: int | None = None
    ) -> None:
        """Offer what the account has."""
        self.offered, self.now = offered, now
        self.steps = {step.opportunity.pk: step.opportunity for step in offered.steps}
        start = _start(offered, opportunity, None)
        super().__init__(data, initial={name: start[name] for name in ("opportunity", "kind", "request_key")})
        opportunities: Any = self.fields["opportunity"]
        opportunities.choices = [(str(pk), each.name) for pk, each in self.steps.items()] + [("", _("No opportunity"))]
        contacts: Any = self.fields["contacts"]
        contacts.choices = [
            (str(contact.pk), with_fact(contact.name, contact.position)) for contact in offered.contacts
        ]

    def clean_planned_at(self) -> datetime:
        """Take a time still to come, within three years."""
        at: datetime = self.cleaned_data["planned_at"]
        if at < self.now - SLACK:
            raise ValidationError(labels.refusal(Refused("planned_in_the_past")), code="planned_in_the_past")
        if at > self.now + FURTHEST:
            raise ValidationError(labels.refusal(Refused("due_too_far")), code="due_too_far")
        return at

    def record(self) -> dict[str, Any]:
        """Return what `plan_visit` takes, from a form in order."""
        data = self.cleaned_data
        wanted = {int(pk) for pk in data["contacts"]}
        return {
            "opportunity": self.steps.get(int(data["opportunity"] or 0)),
            "contacts": [contact for contact in self.offered.contacts if contact.pk in wanted],
            "kind": Kind(data["kind"]),
            "planned_at": data["planned_at"],
            "goal": data["goal"].strip(),
            "request_key": data["request_key"],
        }


class VisitEditForm(forms.Form):
    """What may be corrected: of a planned visit its time and goal, of one that took place what was written."""

    kind = forms.ChoiceField(label=_("How"), choices=list(labels.KINDS.items()), widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(label=_("When"), widget=MomentInput())
    goal = forms.CharField(label=_("Goal of the visit"), max_length=200, required=False)
    result = forms.ChoiceField(label=_("Result"), choices=list(labels.RESULTS.items()), widget=forms.RadioSelect)
    note = forms.CharField(
        label=pgettext_lazy("visit", "Notes"),
        max_length=5_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    commitment = forms.CharField(label=_("What the customer agreed to do"), max_length=300, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, visit: Visit) -> None:
        """Begin with what stands."""
        names = ("kind", "happened_at", "goal", "result", "note", "commitment", "version")
        super().__init__(data, initial={name: getattr(visit, name) for name in names})
        for name in ("result", "note", "commitment") if visit.state == VisitState.PLANNED else ("goal",):
            if name != "goal" or not visit.goal:
                del self.fields[name]

    def changes(self) -> dict[str, Any]:
        """Return the fields that `change_visit` takes. A time shown without its seconds and not touched stays."""
        changed = {name: self.cleaned_data[name] for name in self.fields if name != "version"}
        if "happened_at" not in self.changed_data:
            del changed["happened_at"]
        return changed


class ActionForm(DueMixin):
    """A next action written on its own."""

    next_on = forms.ChoiceField(label=_("By when"), required=False, widget=forms.RadioSelect)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date, text: str = "") -> None:
        """Offer the usual days."""
        self.today = today
        super().__init__(data, initial={"request_key": uuid4(), "next_text": text})
        self.fields["next_text"].required = True
        self.fields["next_text"].error_messages["required"] = _("Write what is to be done.")
        days: Any = self.fields["next_on"]
        days.choices = day_choices(today)

    def clean(self) -> dict[str, Any]:
        """Find the day."""
        data = super().clean() or {}
        if "next_text" in data:
            try:
                data["step"] = self.due(data["next_text"].strip(), data.get("next_on") or "", self.today)
            except ValidationError as problem:
                self.add_error("next_text", problem)
        return data


class PostponeForm(forms.Form):
    """Another day for a next action."""

    text = forms.CharField(label=_("Next action"), max_length=200)
    due_on = forms.DateField(label=_("By when"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    version = forms.IntegerField(widget=forms.HiddenInput)


class FilterForm(forms.Form):
    """The filter of the list of visits, as it stands in the address; what is not understood is left out."""

    span = forms.ChoiceField(choices=list(labels.SPANS.items()), required=False)
    person = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    team = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    kind = forms.ChoiceField(choices=[("", ""), *labels.KINDS.items()], required=False)
    result = forms.ChoiceField(choices=[("", ""), *labels.RESULTS.items()], required=False)
    first = forms.ChoiceField(choices=[("", ""), ("fsi", ""), ("fua", "")], required=False)
    state = forms.ChoiceField(choices=[("", ""), (VisitState.PLANNED, "")], required=False)

    def chosen(self) -> VisitFilter:
        """Return the filter."""
        self.is_valid()
        data = self.cleaned_data
        return VisitFilter(
            span=Span(data.get("span") or Span.MONTH),
            person=data.get("person"),
            team=data.get("team"),
            kind=data.get("kind") or "",
            result=data.get("result") or "",
            first=data.get("first") or "",
            state=data.get("state") or "",
        )


def team_choices(teams: list[Team]) -> list[tuple[int, str]]:
    """Return teams for a select, indented by depth."""
    return [(team.pk, "\u3000" * team.depth + team.name) for team in teams]
