"""What is decided on a lead: its step, its answers, what comes next, and what becomes of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from funnel import actions, labels, queries
from funnel.forms import AnswersForm, ConvertForm, DropForm, LeadNoteForm, LeadStepForm, MergeForm, ReopenForm
from funnel.leads import LeadStatus, Standing, Step
from funnel.models import Lead
from funnel.views.answers import dialog, read_write, refuse, url_of
from funnel.views.leads import lead_answer
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, go, org_view


def _told(request: OrgRequest, stale: Stale, label: str, theirs: Any, mine: Any) -> HttpResponse:
    return conflict(request, [(label, theirs, mine)], stale)


def _stands(stale: Stale) -> labels.Words:
    """Return in words where the lead stands now."""
    status = LeadStatus(stale.theirs["status"])
    step = Step(stale.theirs["step"])
    return labels.LEAD_STEPS[step] if status == LeadStatus.OPEN else labels.LEAD_STATUSES[status]


def _done(request: OrgRequest, found: Lead, text: str) -> HttpResponse:
    messages.success(request, text)
    return go(request, url_of(request, "lead", found.pk))


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def lead_move(request: OrgRequest, pk: int) -> HttpResponse:
    """Move a lead to another step; what the steps left behind ask and nobody answered is said first."""
    found = queries.lead_or_404(request.membership, pk)
    form = LeadStepForm(request.POST)
    if not form.is_valid():
        return dialog(request, "leads/refused", error=_("Choose a step."), lead=found, status=422)
    left, to = Step(form.cleaned_data["left"]), Step(form.cleaned_data["step"])
    why, words = form.cleaned_data["why"], labels.LEAD_STEPS
    try:
        actions.move_lead(found, left=left, to=to, by=request.membership, at=request.now, why=why)
    except Stale as stale:
        return _told(request, stale, _("Step"), _stands(stale), words[to])
    except Refused as refused:
        if refused.code not in {"reason_needed", "lead_incomplete"}:
            return dialog(request, "leads/refused", error=labels.refusal(refused), lead=found, status=422)
        missing: Any = refused.data.get("missing", [])
        context = {"lacks": [labels.ASKED[ask] for ask in missing], "tried": "why" in request.POST}
        return dialog(request, "leads/step", lead=found, left=left, to=to, label=words[to], status=422, **context)
    return _done(request, found, _("%(from)s → %(to)s") % {"from": words[left], "to": words[to]})


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_answers(request: OrgRequest, pk: int) -> HttpResponse:
    """Answer the organization's criteria."""
    found = queries.lead_or_404(request.membership, pk)
    given = queries.answer_notes(found)
    form = AnswersForm(request.POST if request.method == "POST" else None, given=given, version=found.version)
    if request.method != "POST":
        return dialog(request, "leads/answers", form=form, lead=found)
    if form.is_valid():
        seen = form.cleaned_data["version"]
        try:
            actions.answer_criteria(found, form.given(), seen=seen, by=request.membership, at=request.now)
            return _done(request, found, _("Saved"))
        except Stale as stale:
            return conflict(request, _differing(form), stale, version=found.version)
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "leads/answers", form=form, lead=found, status=422)


def _differing(form: AnswersForm) -> list[Any]:
    """Return (label, theirs, mine) of each answer and note that differs from what stands now."""
    pairs = [(form.fields[name], form.cleaned_data[name]) for name in form.cleaned_data if name != "version"]
    words: dict[Any, Any] = dict(labels.ANSWERS)
    return [
        (field.label, words.get(field.initial, field.initial), words.get(mine, mine))
        for field, mine in pairs
        if field.initial != mine
    ]


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def lead_note(request: OrgRequest, pk: int) -> HttpResponse:
    """Write down what happened, and what comes next."""
    found = queries.lead_or_404(request.membership, pk)
    form = LeadNoteForm(request.POST, today=request.today)
    if form.is_valid():
        try:
            actions.note_lead(found, by=request.membership, at=request.now, **form.cleaned_data)
            return _done(request, found, _("Saved"))
        except Refused as refused:
            refuse(form, refused)
    return lead_answer(request, found, note=form, status=422)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_drop(request: OrgRequest, pk: int) -> HttpResponse:
    """Drop a lead, with the reason."""
    found = queries.lead_or_404(request.membership, pk)
    form = DropForm(request.POST if request.method == "POST" else None, initial={"version": found.version})
    if request.method != "POST":
        return dialog(request, "leads/drop", form=form, lead=found)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            decided = {"seen": typed["version"], "reason": typed["reason"], "note": typed["note"]}
            actions.drop_lead(found, by=request.membership, at=request.now, **decided)
            return _done(request, found, _("Lead dropped: %(name)s") % {"name": found})
        except Stale as stale:
            return _told(request, stale, _("Lead"), _stands(stale), labels.LEAD_STATUSES[LeadStatus.DROPPED])
        except Refused as refused:
            form.add_error("note" if refused.code == "drop_note_needed" else None, labels.refusal(refused))
    return dialog(request, "leads/drop", form=form, lead=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_resume(request: OrgRequest, pk: int) -> HttpResponse:
    """Take a dropped lead up again, with the reason."""
    found = queries.lead_or_404(request.membership, pk)
    form = ReopenForm(request.POST if request.method == "POST" else None, initial={"version": found.version})
    if request.method != "POST":
        return dialog(request, "leads/resume", form=form, lead=found)
    if form.is_valid():
        seen, why = form.cleaned_data["version"], form.cleaned_data["why"]
        try:
            actions.resume_lead(found, seen=seen, why=why, by=request.membership, at=request.now)
            return _done(request, found, _("Taken up again: %(name)s") % {"name": found})
        except Stale as stale:
            return _told(request, stale, _("Lead"), _stands(stale), labels.LEAD_STATUSES[LeadStatus.OPEN])
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "leads/resume", form=form, lead=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@read_write
def lead_convert(request: OrgRequest, pk: int) -> HttpResponse:
    """Make account, contact and opportunity of a lead; what is there already can be chosen."""
    found = queries.lead_or_404(request.membership, pk)
    context = _offer(request, found)
    if request.method != "POST":
        return dialog(request, "leads/convert", form=_convert_form(request, found, context), **context)
    form = ConvertForm(request.POST, by=request.membership, is_qualified=context["is_qualified"])
    if form.is_valid():
        try:
            made = _convert(request, found, form)
            messages.success(request, _("Opportunity opened: %(name)s") % {"name": made.opportunity.name})
            return go(request, url_of(request, "opportunity", made.opportunity.pk))
        except Stale as stale:
            return _told(request, stale, _("Lead"), _stands(stale), labels.LEAD_STATUSES[LeadStatus.CONVERTED])
        except Refused as refused:
            refuse(form, refused)
    return dialog(request, "leads/convert", form=form, status=422, **context)


def _offer(request: OrgRequest, found: Lead) -> dict[str, Any]:
    """Return what the dialog shows: the customers it may belong to, and how it stands against the criteria."""
    matches = queries.customer_twins(request.membership, found.keys, found.company)
    told = queries.lead_page(request.membership, found, today=request.today)
    return {
        "lead": found,
        "matches": [(twin, queries.same_person(found, twin.account)) for twin in matches if twin.seen],
        "hidden": [twin for twin in matches if not twin.seen],
        "told": told,
        "is_qualified": told.verdict.standing == Standing.QUALIFIED,
    }


def _convert_form(request: OrgRequest, found: Lead, offer: dict[str, Any]) -> ConvertForm:
    """Return the form as it starts: the first customer that matches, the need as the name."""
    name = (found.need.splitlines() or [found.company])[0][:80]
    initial = {"version": found.version, "name": name, "amount": found.budget, "expected_close_on": found.buys_on}
    initial["account"] = offer["matches"][0][0].account.pk if offer["matches"] else ""
    return ConvertForm(by=request.membership, is_qualified=offer["is_qualified"], initial=initial)


def _convert(request: OrgRequest, found: Lead, form: ConvertForm) -> Any:
    typed = dict(form.cleaned_data)
    seen, account = typed.pop("version"), typed["account"]
    contact = queries.same_person(found, account) if account else None
    return actions.convert(found, seen=seen, contact=contact, by=request.membership, at=request.now, **typed)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def lead_merge(request: OrgRequest, pk: int) -> HttpResponse:
    """Merge a lead into another one that is the same."""
    found = queries.lead_or_404(request.membership, pk)
    form = MergeForm(request.POST)
    if not form.is_valid():
        return dialog(request, "leads/refused", error=_("Choose a lead."), lead=found, status=422)
    into = queries.lead_or_404(request.membership, form.cleaned_data["into"])
    try:
        seen = form.cleaned_data["version"]
        kept = actions.merge(found, into, seen=seen, by=request.membership, at=request.now)
        return _done(request, kept, _("Merged into %(name)s") % {"name": kept})
    except Stale as stale:
        return _told(request, stale, _("Lead"), _stands(stale), labels.LEAD_STATUSES[LeadStatus.MERGED])
    except Refused as refused:
        return dialog(request, "leads/refused", error=labels.refusal(refused), lead=found, status=422)
