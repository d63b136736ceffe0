"""Pages of pipeline reviews and one-on-one coaching."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from coaching import actions, labels, queries
from coaching.forms import DecisionForm, EndForm, SessionEditForm, SessionForm, StartForm, shown
from coaching.models import CoachingSession, Review, who_walks
from forecasting.labels import BUCKETS, period_label
from funnel import filters
from funnel.labels import GUIDES
from funnel.models import Opportunity
from funnel.queries import of_health
from funnel.stages import Stage
from tenants.charts import Change
from tenants.errors import Refused, Stale
from tenants.permissions import Permission
from tenants.web import OrgRequest, announce, conflict, go, number, org_view, render_page, to_page

PER_PAGE = 50


# Pipeline review --------------------------------------------------------------------------------


def _led(request: OrgRequest, pk: int) -> Review:
    """Return a review that one may lead."""
    rows = Review.objects.run_by(request.membership).select_related("team", "leader__user")
    found: Review = get_object_or_404(rows, pk=pk)
    return found


@org_view(Permission.REVIEW_RUN)
def review(request: OrgRequest) -> HttpResponse:
    """Start a review, or go on with the one that is running."""
    running = queries.running_of(request.membership)
    if running is not None:
        return go(request, to_page(request, "coaching:meeting", running.pk))
    form = StartForm(request.POST if request.method == "POST" else request.GET)
    form.is_valid()
    teams = queries.teams_to_review(request.membership)
    team = next((team for team in teams if team.pk == form.cleaned_data.get("team")), None)
    refused = ""
    if request.method == "POST":
        try:
            started = actions.start_review(by=request.membership, at=request.now, team=team)
        except Refused as problem:
            refused = labels.refusal(problem)
        else:
            return go(request, to_page(request, "coaching:meeting", started.pk))
    context = {
        "teams": teams,
        "team": team,
        "people": who_walks(request.membership, team),
        "refused": refused,
        "others": Review.objects.run_by(request.membership).running().select_related("team", "leader__user"),
        "past": queries.ended_reviews(request.membership)[:10],
    }
    return render_page(request, "coaching/start.html", context, status=422 if refused else 200)


@org_view(Permission.REVIEW_RUN)
@require_safe
def meeting(request: OrgRequest, pk: int) -> HttpResponse:
    """Walk through one person's opportunities."""
    found = _led(request, pk)
    if not found.is_running:
        return go(request, to_page(request, "coaching:minutes", found.pk))
    person = number(request.GET.get("person")) or None
    page, wanted = number(request.GET.get("page")) or None, filters.read(request.GET)
    among = of_health(wanted)
    shown_meeting = queries.meeting(
        found, request.membership, today=request.today, person=person, page=page, among=among
    )
    seat, mode = shown_meeting.seat, request.GET.get("mode", "")
    kept = [("person", seat.person.pk if seat else ""), *([("mode", mode)] if mode else [])]
    context = {**_meeting_context(request, shown_meeting, person), "filters": wanted, "kept": kept}
    return render_page(request, "coaching/meeting.html", context)


def _meeting_context(request: OrgRequest, shown_meeting: queries.Meeting, asked: int | None = None) -> dict[str, Any]:
    """Return what the meeting and its fragments show."""
    seat = shown_meeting.seat
    return {
        "meeting": shown_meeting,
        "review": shown_meeting.review,
        "seat": seat,
        "period_label": period_label(shown_meeting.period),
        "pulse": shown_meeting.pulse,
        "follow": request.GET.get("mode") == "projector" and asked is None,
        "spent": seat.spent(request.now) if seat else 0,
        "minutes_each": queries.MINUTES_EACH,
    }


@org_view(Permission.REVIEW_RUN)
@require_GET
def pulse(request: OrgRequest, pk: int) -> HttpResponse:
    """Answer what a screen has not seen yet, out of band: rows, roster, decisions; 304 when nothing happened."""
    found = _led(request, pk)
    follow = request.GET.get("follow") == "1"
    person = number(request.GET.get("person")) or None
    now = queries.pulse(found, person)
    tag = f'"{now.tag}"'
    if request.headers.get("If-None-Match") == tag:
        return _tagged(HttpResponse(status=304), tag)
    if not found.is_running or (follow and now.current and now.current != person):
        return HttpResponse(headers={"HX-Refresh": "true"})
    page = number(request.GET.get("page")) or None
    shown_meeting = queries.meeting(found, request.membership, today=request.today, person=person, page=page)
    changed = shown_meeting.decided_after(number(request.GET.get("since")), but=None if follow else request.membership)
    context = {**_meeting_context(request, shown_meeting), "changed": changed, "follow": follow}
    return _tagged(render_page(request, "coaching/pulse.html", context), tag)


def _tagged(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@org_view(Permission.REVIEW_RUN)
@require_safe
def beside(request: OrgRequest, pk: int, person: int) -> HttpResponse:
    """Show a person's funnel and what changed since the last review."""
    found = _led(request, pk)
    row = queries.walker_or_404(found, person)
    shown_beside = queries.beside(found, row.person, request.membership, today=request.today)
    steps = [Change(label, delta) for label, delta, _count in _buckets(shown_beside)]
    return render_page(request, "coaching/beside.html", {"beside": shown_beside, "steps": steps})


def _buckets(found: queries.Beside) -> list[tuple[str, int, int]]:
    return [(str(BUCKETS[bucket]), delta, count) for bucket, delta, count in found.changes.buckets if delta]


@org_view(Permission.REVIEW_RUN)
@require_POST
def turn(request: OrgRequest, pk: int) -> HttpResponse:
    """Turn to another person."""
    found = _led(request, pk)
    row = queries.walker_or_404(found, number(request.POST.get("to")))
    try:
        actions.turn_to(found, row.person, by=request.membership, at=request.now)
    except Refused as refused:
        messages.error(request, labels.refusal(refused))
    address = to_page(request, "coaching:meeting", found.pk)
    mode = "&mode=projector" if request.POST.get("mode") == "projector" else ""
    return go(request, f"{address}?person={row.person_id}{mode}")


@org_view(Permission.REVIEW_RUN)
@require_POST
def review_entry(request: OrgRequest, pk: int, opportunity: int) -> HttpResponse:
    """Take a decision on one opportunity; answers with its row."""
    found = _led(request, pk)
    rows = Opportunity.objects.visible_to(request.membership).select_related("account", "owner__user")
    about: Opportunity = get_object_or_404(rows, pk=opportunity)
    queries.walker_or_404(found, about.owner_id)
    form = DecisionForm(request.POST, today=request.today, entry=queries.entry_of(found, about))
    refused = ""
    if form.is_valid():
        try:
            actions.decide(found, about, by=request.membership, at=request.now, **form.record())
        except Refused as problem:
            refused = labels.refusal(problem)
        except Stale as stale:
            return _stale_entry(request, stale, form)
        else:
            return _saved(request, found, about)
    errors = [refused] if refused else [message for field in form.errors.values() for message in field]
    deal = queries.deal(found, about, request.membership, today=request.today)
    context = {
        "deal": deal,
        "review": found,
        "errors": errors,
        "typed": form,
        "active": True,
    }
    return render_page(request, "coaching/refused.html", context, status=422)


def _saved(request: OrgRequest, found: Review, about: Opportunity) -> HttpResponse:
    """Answer a browser with the meeting; htmx with the row, and what else changed, out of band."""
    page = number(request.GET.get("page")) or 1
    if not request.htmx:
        return go(
            request,
            f"{to_page(request, 'coaching:meeting', found.pk)}?person={about.owner_id}&page={page}#row-{about.pk}",
        )
    shown_meeting = queries.meeting(found, request.membership, today=request.today, person=about.owner_id, page=page)
    here = [deal for deal in shown_meeting.deals if deal.opportunity.pk == about.pk]
    deal = here[0] if here else queries.deal(found, about, request.membership, today=request.today)
    follow = request.POST.get("follow") == "1"
    context = {**_meeting_context(request, shown_meeting), "deal": deal, "saved": True, "follow": follow}
    return announce(render_page(request, "coaching/saved.html", context), "review:saved", pk=about.pk)


def _stale_entry(request: OrgRequest, stale: Stale, form: DecisionForm) -> HttpResponse:
    mine = form.record()
    names = (
        ("decision", gettext("Decision")),
        ("next_text", gettext("Next action")),
        ("comment", gettext("Comment")),
    )
    rows = [(label, shown(name, stale.theirs[name]), shown(name, mine[name])) for name, label in names]
    return conflict(request, rows, stale, version=stale.version)


@org_view(Permission.REVIEW_RUN)
def end(request: OrgRequest, pk: int) -> HttpResponse:
    """End a review: its minutes stand and go out."""
    found = _led(request, pk)
    form = EndForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        actions.end_review(found, by=request.membership, at=request.now, minutes=form.cleaned_data["minutes"].strip())
        messages.success(request, gettext("The review has ended; everyone who walked through was told."))
        return go(request, to_page(request, "coaching:minutes", found.pk))
    context = {"review": found, "form": form, "minutes": queries.minutes(found, request.membership)}
    status = 422 if form.is_bound else 200
    answer = render_page(request, "coaching/end.html", context, partial="dialog", status=status)
    if form.is_bound and request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#dialog", "innerHTML"
    return answer


@org_view(Permission.COACHING_VIEW)
@require_safe
def minutes(request: OrgRequest, pk: int) -> HttpResponse:
    """Read what a review decided; who walked through reads their own part."""
    rows = Review.objects.visible_to(request.membership).select_related("team", "leader__user")
    found: Review = get_object_or_404(rows, pk=pk)
    written = queries.minutes(found, request.membership)
    counts = [(label, written.counts[code]) for code, label in labels.DECISIONS.items() if code in written.counts]
    return render_page(request, "coaching/minutes.html", {"review": found, "minutes": written, "counts": counts})


@org_view(Permission.COACHING_VIEW)
@require_safe
def reviews(request: OrgRequest) -> HttpResponse:
    """List the reviews one may read."""
    page = Paginator(queries.past_reviews(request.membership), PER_PAGE).get_page(request.GET.get("page"))
    return render_page(request, "coaching/reviews.html", {"page": page})


# One-on-one -------------------------------------------------------------------------------------


@org_view(Permission.COACHING_VIEW)
@require_safe
def sessions(request: OrgRequest) -> HttpResponse:
    """List the one-on-one sessions one may read."""
    person = number(request.GET.get("person")) or None
    page = Paginator(queries.sessions(request.membership, person=person), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "person": person, "people": queries.coached(request.membership)}
    return render_page(request, "coaching/sessions.html", context)


@org_view(Permission.COACHING_RUN)
def session_new(request: OrgRequest, pk: int) -> HttpResponse:
    """Hold a one-on-one on an opportunity: it begins with what was agreed last time."""
    about = _coachable(request, pk)
    again = queries.recorded(request.POST.get("request_key", ""), by=request.membership)
    if again is not None:
        return go(request, to_page(request, "coaching:session", again.pk))
    previous = queries.last_session(about)
    form = SessionForm(request.POST if request.method == "POST" else None, today=request.today, previous=previous)
    if form.is_valid():
        try:
            held = actions.hold_session(about, by=request.membership, at=request.now, **form.record())
        except Refused as refused:
            form.add_error(None, labels.refusal(refused))
        except Stale as stale:
            rows = [(gettext("Agreed last time"), stale.theirs["agreed"], previous.agreed if previous else "")]
            return conflict(request, rows, stale)
        else:
            messages.success(request, gettext("One-on-one recorded"))
            return go(request, to_page(request, "coaching:session", held.pk))
    context = {"form": form, "opportunity": about, "previous": previous, **_guide(about)}
    context["is_own"] = about.owner_id == request.membership.pk
    status = 422 if form.is_bound else 200
    return render_page(request, "coaching/session_form.html", context, partial="form", status=status)


def _coachable(request: OrgRequest, pk: int) -> Opportunity:
    rows = Opportunity.objects.visible_to(request.membership).with_card()
    found: Opportunity = get_object_or_404(rows, pk=pk)
    return found


def _guide(about: Opportunity) -> dict[str, Any]:
    """Return what the method asks in this stage, and which evidence of it is missing."""
    stage = Stage(about.stage)
    return {"guide": GUIDES[stage], "stage": queries.stage_row(stage), "lacking": queries.lacking(about)}


def _readable(request: OrgRequest) -> QuerySet[CoachingSession]:
    return queries.sessions(request.membership).select_related("previous")


@org_view(Permission.COACHING_VIEW)
@require_safe
def session(request: OrgRequest, pk: int) -> HttpResponse:
    """Read a one-on-one."""
    found: CoachingSession = get_object_or_404(_readable(request), pk=pk)
    before, after = queries.chain_of(found)
    context = {
        "session": found,
        "before": before,
        "after": after,
        "stage": queries.stage_row(Stage(found.stage)),
        "may_change": _may_change(request, found),
    }
    return render_page(request, "coaching/session.html", context)


def _may_change(request: OrgRequest, found: CoachingSession) -> bool:
    return request.membership.can(Permission.COACHING_RUN) and found.coach_id == request.membership.pk


@org_view(Permission.COACHING_RUN)
def session_edit(request: OrgRequest, pk: int) -> HttpResponse:
    """Correct what was written; only the coach may."""
    found: CoachingSession = get_object_or_404(_readable(request), pk=pk)
    if not _may_change(request, found):
        raise PermissionDenied
    form = SessionEditForm(request.POST if request.method == "POST" else None, session=found)
    if form.is_valid():
        seen, fields = form.cleaned_data["version"], form.changes()
        try:
            actions.change_session(found, seen=seen, by=request.membership, at=request.now, fields=fields)
        except Stale as stale:
            rows = [
                (str(form.fields[name].label), shown(name, stale.theirs[name]), shown(name, mine))
                for name, mine in fields.items()
                if stale.theirs[name] != mine
            ]
            return conflict(request, rows, stale, version=stale.version)
        messages.success(request, gettext("Saved"))
        return go(request, to_page(request, "coaching:session", found.pk))
    status = 422 if form.is_bound else 200
    context = {"form": form, "session": found}
    return render_page(request, "coaching/session_edit.html", context, partial="form", status=status)


@org_view(Permission.COACHING_VIEW)
@require_safe
def of_opportunity(request: OrgRequest, pk: int) -> HttpResponse:
    """Show the one-on-one sessions on an opportunity."""
    about = _coachable(request, pk)
    context = {
        "opportunity": about,
        "sessions": queries.sessions_of(request.membership, about),
        "may_start": request.membership.can(Permission.COACHING_RUN)
        and about.owner_id != request.membership.pk
        and about.status == "open",
    }
    return render_page(request, "coaching/panel.html", context)
