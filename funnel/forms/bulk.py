"""What people say of a change of many opportunities."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from funnel import labels, queries
from funnel.bulk import BulkKind, Choice, Fate, stages_offered
from funnel.forms.evidence import EvidenceForm
from funnel.forms.opportunities import day_field
from funnel.models import BulkChange
from funnel.queries.bulk import Line
from funnel.stages import GRACE, LONGEST_GRACE, Category, StageRow
from tenants.labels import in_a_row
from tenants.models import Membership


class BulkForm(forms.Form):
    """What is changed, and to what; `pk` or `all` with the filters say of which."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Change"), choices=list(labels.BULK_KINDS.items()), widget=forms.RadioSelect
    )
    stage = forms.TypedChoiceField(label=gettext_lazy("Stage"), coerce=int, required=False)
    owner: Any = forms.ModelChoiceField(
        Membership.objects, label=gettext_lazy("Owner"), required=False, empty_label=gettext_lazy("Choose…")
    )
    close = day_field(label=gettext_lazy("Expected close"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Forecast category"), required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, by: Membership, stages: list[StageRow]) -> None:
        """Take who changes, and the stages."""
        super().__init__(data, initial={"kind": BulkKind.STAGE, "request_key": uuid4()})
        fields: dict[str, Any] = self.fields
        offered = set(stages_offered())
        fields["stage"].choices = [("", "—"), *((row.stage, row.label) for row in stages if row.stage in offered)]
        fields["owner"].queryset = queries.owners_in_sight(by)
        for name in fields:
            fields[name].asked_for = True  # the one that is shown; the kind says which
        fields["category"].choices = [
            ("", _("By stage")),
            *((code, labels.CATEGORIES[code]) for code in Category if code != Category.CLOSED),
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen kind of change needs."""
        typed: dict[str, Any] = super().clean() or {}
        kind = typed.get("kind")
        if kind in {BulkKind.STAGE, BulkKind.OWNER, BulkKind.CLOSE} and kind not in self.errors and not typed.get(kind):
            self.add_error(kind, ValidationError(_("Choose what it should be."), code="required"))
        return typed

    @property
    def to(self) -> int | str:
        """What it is changed to, as the action takes it."""
        value = self.cleaned_data[self.cleaned_data["kind"]]
        if isinstance(value, date):
            return value.isoformat()
        return value.pk if isinstance(value, Membership) else value


class LineForm(forms.Form):
    """What is answered for one of many alone: the evidence it lacks, a reason and a day of its own, an exception."""

    ask = forms.BooleanField(label=gettext_lazy("Ask for an exception"), required=False)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    until = day_field(label=gettext_lazy("Evidence will be there by"), required=False)

    def __init__(
        self, data: Any = None, *, line: Line, today: date, filings: Sequence[EvidenceForm] = (), lost: str = ""
    ) -> None:
        """Take the line and the forms of its evidence.

        :param lost: what was typed for evidence that somebody else filed meanwhile.
        """
        super().__init__(data, prefix=str(line.pk))
        self.line, self.today, self.filings, self.lost = line, today, filings, lost
        if line.fate != Fate.BLOCKED:
            del self.fields["ask"]
        if line.fate == Fate.BACK:
            del self.fields["until"]

    def clean(self) -> dict[str, Any]:
        """Ask for a day in reach, and for no mistake in what is filed."""
        typed: dict[str, Any] = super().clean() or {}
        if until := typed.get("until"):
            _ask_day(self, until, today=self.today)
        if self.lost:
            words = _("Filed by somebody else meanwhile; what you typed was not filed: %(text)s")
            self.add_error(None, ValidationError(words % {"text": self.lost}, code="stale"))
        if [each for each in self.filings if not each.is_valid()]:
            self.add_error(None, ValidationError(_("See what is missing below."), code="evidence"))
        return typed

    @property
    def own(self) -> tuple[str, str]:
        """Why and until when, as typed for this one; '' where nothing was."""
        typed = self.cleaned_data
        until = typed.get("until")
        return (typed.get("why") or "").strip(), until.isoformat() if until else ""


def _ask_day(form: forms.Form, until: date | None, *, today: date) -> None:
    """Say below the day that it is not to come, or too far away."""
    if until is None or until < today:
        form.add_error("until", ValidationError(_("Choose a day to come."), code="over"))
    elif until > today + LONGEST_GRACE:
        days = LONGEST_GRACE.days
        form.add_error("until", ValidationError(_("At most %(days)s days from now.") % {"days": days}))


class ChoiceForm(forms.Form):
    """The answers a change of many asks for: of all of them, and of those that were opened their own (`lines`)."""

    why = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)
    until = day_field(label=gettext_lazy("Evidence will be there by"), required=False)
    go = forms.MultipleChoiceField(required=False)
    go_all = forms.BooleanField(label=gettext_lazy("Go on without it, all of them"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        bulk: BulkChange,
        plan: queries.Plan,
        today: date,
        lines: Sequence[LineForm] = (),
    ) -> None:
        """Take the change, what would happen, and the forms of the lines that were opened."""
        super().__init__(data, initial={"until": today + GRACE})
        self.plan, self.today = plan, today
        self.lines = {each.line.pk: each for each in lines}
        self.asks_back = plan.of(Fate.BACK) > 0
        self.asks_without = plan.of(Fate.LACKS) > 0
        fields: dict[str, Any] = self.fields
        fields["go"].choices = [(str(pk), str(pk)) for pk, _version in bulk.asked]
        fields["why"].asked_for = self.asks_back or self.asks_without

    def clean(self) -> dict[str, Any]:
        """Going back needs a reason; going on without evidence, or asking to, a reason and a day: of each or of all."""
        typed: dict[str, Any] = super().clean() or {}
        wrong = [each for each in self.lines.values() if not each.is_valid()]
        if wrong:
            names = in_a_row(each.line.name for each in wrong)
            self.add_error(None, ValidationError(_("See below: %(names)s") % {"names": names}, code="lines"))
        going = None if typed.get("go_all") else {int(pk) for pk in typed.get("go", ())}
        without = self.plan.of(Fate.LACKS) if going is None else len(going)
        own = [each for each in self.lines.values() if each not in wrong]
        goes = [each for each in own if each.line.fate == Fate.LACKS and (going is None or each.line.pk in going)]
        asks = [each for each in own if each.cleaned_data.get("ask")]
        back = [each for each in own if each.line.fate == Fate.BACK]
        reasons = self.plan.of(Fate.BACK) + without + len(asks)
        if reasons > sum(bool(each.own[0]) for each in (*goes, *asks, *back)) and not (typed.get("why") or "").strip():
            self.add_error("why", ValidationError(_("Say why."), code="required"))
        if without + len(asks) > sum(bool(each.own[1]) for each in (*goes, *asks)) and "until" not in self.errors:
            _ask_day(self, typed.get("until"), today=self.today)
        return typed

    def filings(self) -> list[EvidenceForm]:
        """Return the evidence that was typed."""
        return [each for line in self.lines.values() for each in line.filings if each.has_changed()]

    def choice(self) -> Choice:
        """Return the answers as the action takes them."""
        typed = self.cleaned_data
        until = typed["until"].isoformat() if typed.get("until") else ""
        without = None if typed["go_all"] else frozenset(map(int, typed["go"]))
        own = {pk: each.own for pk, each in self.lines.items() if any(each.own)}
        asking = frozenset(pk for pk, each in self.lines.items() if each.cleaned_data.get("ask"))
        return Choice(typed["why"].strip(), until, without, own, asking)
