"""The pages of an import: choose a file, say what its columns are, see what would happen, import."""

import uuid
from itertools import islice
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from exchange import actions, labels, problems, queries
from exchange.forms import MappingForm, MappingNameForm, ReadingForm, UploadForm
from exchange.models import Import, SavedMapping
from exchange.rows import Cell
from exchange.staging import Outcome
from exchange.states import ImportState, Verdict
from exchange.survey import shown
from exchange.targets import TARGETS, targets
from exchange.views._shared import changed_since, is_grave, mine, page_of
from exchange.writing import write_csv
from tenants.errors import Refused, Stale
from tenants.labels import in_a_row
from tenants.permissions import Permission
from tenants.web import OrgRequest, go, is_swap, number, org_view, render_page

SHOWN_ROWS = 50
A_PAGE = 50


@org_view(Permission.IMPORT_RUN)
@require_GET
def imports(request: OrgRequest) -> HttpResponse:
    """List the imports one may see, newest first."""
    found = (
        Import.objects.visible_to(request.membership).select_related("by__user").defer("columns", "answers", "notes")
    )
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "exchange/imports.html", {"page_obj": page})


@org_view(Permission.IMPORT_RUN)
@require_http_methods(["GET", "POST"])
def import_new(request: OrgRequest) -> HttpResponse:
    """Choose a file and say what is in it."""
    if request.method != "POST":
        first = request.GET.get("target") or next((each.code for each in targets(request.membership)), "")
        form = UploadForm(by=request.membership, initial={"target": first, "request_key": uuid.uuid4()})
        return render_page(request, "exchange/import_new.html", {"form": form, "targets": targets(request.membership)})
    form = UploadForm(request.POST, request.FILES, by=request.membership)
    if form.is_valid():
        data = form.cleaned_data
        try:
            imported = actions.start(
                TARGETS[data["target"]],
                name=data["file"].name,
                content=data["file"].read(),
                by=request.membership,
                at=request.now,
                request_key=data["request_key"],
            )
        except problems.Refused as refused:
            form.add_error("file", labels.problem_words(refused.problem))
        else:
            return go(request, page_of(request, "import_detail", imported))
    return render_page(
        request, "exchange/import_new.html", {"form": form, "targets": targets(request.membership)}, status=422
    )


@org_view(Permission.IMPORT_RUN)
@require_GET
def import_template(request: OrgRequest, target: str) -> HttpResponse:
    """Download an empty file with the headings that a target knows."""
    if target not in TARGETS:
        raise Http404
    found = TARGETS[target]
    response = HttpResponse(
        b"".join(write_csv([str(found.words[field.code]) for field in found.fields], [])), content_type="text/csv"
    )
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{found.label}.csv")
    return response


@org_view(Permission.IMPORT_RUN)
@require_GET
def import_detail(request: OrgRequest, pk: int) -> HttpResponse:
    """Show how far an import is, or what it did; one that waits for the user leads to where it waits."""
    imported = mine(request, pk)
    waiting = {ImportState.MAPPING: "import_mapping", ImportState.CHECKED: "import_preview"}
    if imported.state in waiting or is_swap(request):  # a job has ended: look again
        return go(request, page_of(request, waiting.get(ImportState(imported.state), "import_detail"), imported))
    context: dict[str, Any] = {
        "imported": imported,
        "has_stopped": queries.has_stopped(imported),
        "running": imported.is_running,
        "own_job": imported.job is not None and imported.job.by_id == request.membership.pk,
    }
    if imported.state in {ImportState.DONE, ImportState.UNDONE} or imported.has_begun:
        context |= _outcome(request, imported)
    if imported.state == ImportState.DONE:
        context["form"] = MappingNameForm(initial={"name": queries.name_for(imported)})
    if imported.state == ImportState.REFUSED and imported.refusal:
        context["refusal"] = labels.problem_text(imported.refusal)
    return render_page(request, "exchange/import_detail.html", context)


@org_view(Permission.IMPORT_RUN)
@require_http_methods(["GET", "POST"])
def import_mapping(request: OrgRequest, pk: int) -> HttpResponse:
    """Say which column is what; then check every row without writing any."""
    imported = mine(request, pk)
    settled = {ImportState.READING, ImportState.REFUSED, ImportState.DONE, ImportState.UNDONE}
    if imported.state in settled or imported.has_begun or imported.purged_at or imported.is_running:
        return go(request, page_of(request, "import_detail", imported))
    if request.method != "POST":
        return _mapping_page(request, imported, _first_form(request, imported))
    if "ask" in request.POST:
        draft = MappingForm(imported=imported, by=request.membership, draft=request.POST)
        return _mapping_page(request, imported, draft)
    form = MappingForm(request.POST, imported=imported, by=request.membership)
    if not form.is_valid():
        return _mapping_page(request, imported, form, status=422)
    try:
        actions.settle(
            imported,
            mapping=form.mapping,
            answers=form.answers,
            seen=form.cleaned_data["version"],
            by=request.membership,
            at=request.now,
        )
    except (Stale, Refused):
        imported = mine(request, pk)
        rows = [(_("Columns"), _mapped(imported, imported.mapping), _mapped(imported, form.mapping))]
        return changed_since(request, imported, rows)
    return go(request, page_of(request, "import_detail", imported))


def _first_form(request: OrgRequest, imported: Import) -> MappingForm:
    """The form as it is proposed, or as the saved mapping says that was chosen."""
    draft = None
    if chosen := number(request.GET.get("saved", "")):
        saved = get_object_or_404(SavedMapping, pk=chosen, target=imported.target)
        draft = queries.as_draft(saved, imported)
    return MappingForm(imported=imported, by=request.membership, draft=draft)


def _mapped(imported: Import, mapping: dict[str, int]) -> str:
    words = imported.kind.words
    return in_a_row(
        f"{words[code]} = {imported.header_of(column)}" for code, column in mapping.items() if code in words
    )


def _mapping_page(request: OrgRequest, imported: Import, form: MappingForm, *, status: int = 200) -> HttpResponse:
    required = [field.code for field in imported.kind.fields if field.required and field.code not in form.chosen]
    context = {
        "imported": imported,
        "form": form,
        "reading": ReadingForm(imported=imported),
        "notes": [labels.problem_words(note) for note in imported.remarks],
        "same_file": queries.same_file(imported),
        "offers": queries.offers(imported),
        "chosen": number(request.GET.get("saved", "")),
        "missing": [imported.kind.words[code] for code in required],
        "unused": [
            imported.kind.words[field.code]
            for field in imported.kind.fields
            if field.code not in form.chosen and not field.required
        ],
    }
    return render_page(request, "exchange/import_mapping.html", context, partial="questions", status=status)


@org_view(Permission.IMPORT_RUN)
@require_POST
def import_reading(request: OrgRequest, pk: int) -> HttpResponse:
    """Read the file again in the way the user says."""
    imported = mine(request, pk)
    form = ReadingForm(request.POST, imported=imported)
    if form.is_valid():
        try:
            actions.reread(imported, by=request.membership, at=request.now, **form.cleaned_data)
        except problems.Refused as refused:
            form.add_error(None, labels.problem_text(refused.problem))
        except Refused:
            form.add_error(None, _("This import is under way; its file cannot be read anew."))
        else:
            return go(request, page_of(request, "import_detail", imported))
    return render_page(request, "exchange/import_reading.html", {"imported": imported, "reading": form}, status=422)


@org_view(Permission.IMPORT_RUN)
@require_GET
def import_preview(request: OrgRequest, pk: int) -> HttpResponse:
    """Show what would happen to each row."""
    imported = mine(request, pk)
    if imported.state != ImportState.CHECKED:
        return go(request, page_of(request, "import_detail", imported))
    context = {"imported": imported, **_outcome(request, imported)}
    return render_page(request, "exchange/import_preview.html", context)


def _outcome(request: OrgRequest, imported: Import) -> dict[str, Any]:
    """Counts, reasons, remarks, and the first rows of one verdict or of all."""
    chosen = request.GET.get("rows", "")
    verdict = chosen if chosen in set(Verdict) else ""
    tally = imported.tally
    sources = imported.sources()
    rows = [
        _row(imported, [row.cells[source.column] for source in sources], outcome)
        for row, outcome in islice(imported.outcomes(verdict), SHOWN_ROWS)
    ]
    writes = tally.verdicts.get(Verdict.CREATED, 0) + tally.verdicts.get(Verdict.UPDATED, 0)
    rest = max(0, (tally.verdicts.get(verdict, 0) if verdict else tally.total) - len(rows))
    return {
        "chosen": verdict,
        "figures": [
            {"code": code, "label": label, "count": (count := tally.verdicts.get(code, 0)), "text": f"{count:,}"}
            for code, label in labels.VERDICTS.items()
        ],
        "total": imported.total,
        "writes": writes,
        "writes_text": f"{writes:,}",
        "reasons": labels.reasons(tally.reasons, imported.kind.problems),
        "remarks": labels.remarks(tally.remarks, imported.kind.remarks),
        "headers": [imported.kind.words[source.field.code] for source in sources],
        "rows": rows,
        "rest": rest,
        "rest_text": f"{rest:,}",
    }


def _row(imported: Import, cells: list[Cell], outcome: Outcome) -> dict[str, Any]:
    """A row as the preview shows it."""
    return {
        "number": outcome.number,
        "verdict": outcome.verdict,
        "verdict_label": labels.VERDICTS[outcome.verdict],
        "cells": [shown(cell) for cell in cells],
        "problems": [labels.problem_text(problem, imported.kind.problems) for problem in outcome.problems],
        "remarks": [labels.remark_short(code, imported.kind.remarks) for code in outcome.remarks],
    }


@org_view(Permission.IMPORT_RUN, fresh=is_grave)
@require_POST
def import_run(request: OrgRequest, pk: int) -> HttpResponse:
    """Import what was checked, or go on where an import stopped."""
    imported = mine(request, pk)
    seen = number(request.POST.get("version", ""))
    try:
        actions.run(imported, seen=seen, by=request.membership, at=request.now)
    except Stale:
        rows = [(_("Columns"), _mapped(imported, imported.mapping), _("as you saw them before"))]
        return changed_since(request, imported, rows)
    except Refused:
        pass  # it runs, or is over: its page says so
    return go(request, page_of(request, "import_detail", imported))


@org_view(Permission.IMPORT_RUN)
@require_GET
def import_rejects(request: OrgRequest, pk: int) -> HttpResponse:
    """Download the rejected rows with their reasons, to be mended and chosen again."""
    imported = mine(request, pk)
    if imported.rejects is None:
        raise Http404
    response = HttpResponse(bytes(imported.rejects.content), content_type="text/csv")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=imported.rejects.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
