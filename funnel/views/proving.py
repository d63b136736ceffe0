"""Filing evidence, and taking it back."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from funnel import actions, labels, queries
from funnel.evidence import Kind, State
from funnel.forms import EvidenceForm
from funnel.models import Opportunity
from funnel.views.answers import conflict_here, dialog, read_write, refuse
from funnel.views.proofs import shown
from jobs.views import attachment
from tenants.errors import Refused, Stale
from tenants.formats import exact
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.web import OrgRequest, conflict, number, org_view


@org_view(Permission.FUNNEL_EDIT)
@read_write
def evidence(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """File a piece of evidence: its value, a note, a file."""
    found = queries.opportunity_or_404(request.membership, pk)
    try:
        item = queries.demanded_item(key)
    except Refused as refused:
        return item_refused(request, refused, found)
    filed, data = queries.filed_evidence(found, key), (request.POST, request.FILES)
    about: dict[str, Any] = {"item": item, "opportunity": found, "by": request.membership, "filed": filed}
    form = EvidenceForm(*data, **about) if request.method == "POST" else EvidenceForm(**about)
    if form.is_valid():
        try:
            actions.file_evidence(found, key, **form.values(), by=request.membership, at=request.now)
            return shown(request, found, _("Evidence filed: %(item)s") % {"item": item.label})
        except Stale as stale:
            version = None if request.FILES else stale.version  # a file is not sent once more
            return both_filings(request, stale, form, version=version)
        except Refused as refused:
            refuse(form, refused)
    status = 422 if request.method == "POST" else 200
    return dialog(request, "evidence", form=form, opportunity=found, item=item, filed=filed, status=status)


def item_refused(request: OrgRequest, refused: Refused, found: Opportunity) -> HttpResponse:
    """Say that the checklist does not ask for it (any more)."""
    return dialog(request, "refused", error=labels.refusal(refused), opportunity=found, status=422)


@org_view(Permission.FUNNEL_EDIT)
@require_POST
def evidence_withdraw(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Take a piece of evidence back."""
    found, item = queries.opportunity_or_404(request.membership, pk), queries.item_or_404(key)
    try:
        seen = number(request.POST.get("version"))
        actions.withdraw_evidence(found, key, seen=seen, by=request.membership, at=request.now)
    except Stale as stale:
        return conflict(request, [(_("Evidence"), _told(stale), _("Withdraw"))], stale)
    return shown(request, found, _("Evidence withdrawn: %(item)s") % {"item": item.label})


@org_view(Permission.FUNNEL_VIEW)
@require_safe
def evidence_file(request: OrgRequest, pk: int, key: str) -> HttpResponse:
    """Download the file of a piece of evidence: always as an attachment, never shown by the browser."""
    return attachment(queries.paper_or_404(queries.opportunity_or_404(request.membership, pk), key))


def both_filings(request: OrgRequest, stale: Stale, form: EvidenceForm, *, version: int | None = None) -> HttpResponse:
    """Answer 409 with what was filed or said meanwhile and what was typed, which can be sent again with a version."""
    typed = form.cleaned_data
    mine = {**typed, "contact": typed.get("new_contact") or typed.get("contact")}
    rows: list[tuple[Any, Any, Any]] = [(_("Verdict"), _verdict(stale), "")]
    if form.item.kind == Kind.RIVALS:
        named = [*form.stand, *typed.get("rivals", ()), *filter(None, [typed.get("new_rival")])]
        rows.append((_("Rivals"), _rivals(stale), labels.NO_RIVAL if typed.get("no_rival") else in_a_row(named)))
    rows += [
        (field.label, _words(stale.theirs[name]), _words(mine[name]))
        for name, field in form.fields.items()
        if name in stale.theirs and name not in {"rivals", "no_rival"}
    ]
    return conflict_here(request, [row for row in rows if row[1] != row[2]], stale, version=version)


def _rivals(stale: Stale) -> labels.Words:
    return labels.NO_RIVAL if stale.theirs["no_rival"] else in_a_row(stale.theirs["rivals"])


def _words(value: Any) -> str:
    return exact(value) if isinstance(value, int) else str(getattr(value, "name", value) or "")


def _verdict(stale: Stale) -> str:
    words = str(labels.STATES[State(stale.theirs["state"])])
    return f"{words}: {stale.theirs['word']}" if stale.theirs["word"] else words


def _told(stale: Stale) -> str:
    """Return in a line what stands now."""
    theirs = stale.theirs
    told = (_rivals(stale), *(theirs[name] for name in ("contact", "on", "file", "note")))
    return " · ".join([_verdict(stale), *(str(each) for each in told if each)])
