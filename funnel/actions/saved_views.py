"""Saved views of board and table: each belongs to whoever made it; others may use it, nobody else changes it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from funnel.models import DefaultView, SavedView
from funnel.saved_views import VIEWS_EACH, Place, Shared, checked_name, kept
from tenants import audit
from tenants.actions.locking import locked, refuse_stale
from tenants.errors import Refused
from tenants.models import Membership


@transaction.atomic
def save_view(
    name: str, *, place: Place, query: Mapping[str, str], shared: Shared, by: Membership, at: datetime
) -> SavedView:
    """Keep what narrows, groups and sorts board or table under a name; the same name again replaces one's own.

    The same again leaves no trace.

    :param shared: with whom; TEAM is the team of whoever saves it.
    :raises Refused: `view_name_empty`, `view_name_too_long`, `view_too_long`, `too_many_views`, `no_team`.
    """
    name, text = checked_name(name), kept(query)
    Membership.objects.in_current_organization().select_for_update(no_key=True, of=("self",)).get(pk=by.pk)
    mine = SavedView.objects.filter(by=by)
    found: SavedView | None = mine.filter(name=name).first()
    if found is None and mine.count() >= VIEWS_EACH:
        raise Refused("too_many_views", limit=VIEWS_EACH)
    last = mine.aggregate(last=Max("position"))["last"]
    view = found or SavedView(by=by, name=name, position=0 if last is None else last + 1, version=0)
    was = (view.place, view.query, view.shared)
    view.place, view.query, view.updated_at = place, text, at
    _share(view, shared, by)
    if found is not None and was == (view.place, view.query, view.shared):
        return found
    view.version += 1
    view.save()
    audit.record("view.saved", view, by=by, at=at, shared=str(shared))
    return view


def _share(view: SavedView, shared: Shared, by: Membership) -> None:
    if shared == Shared.TEAM and by.team_id is None:
        raise Refused("no_team")
    view.shared, view.team = shared, by.team if shared == Shared.TEAM else None


def _own(view: SavedView, by: Membership) -> SavedView:
    view = locked(SavedView.objects.all(), view.pk)
    if view.by_id != by.pk:
        raise Refused("not_your_view")
    return view


@transaction.atomic
def change_view(view: SavedView, *, name: str, shared: Shared, seen: int, by: Membership, at: datetime) -> SavedView:
    """Call one's own view something else, or share it with others.

    :raises Stale: it was changed since.
    :raises Refused: as `save_view`; `not_your_view`, `view_name_taken`.
    """
    view, name = _own(view, by), checked_name(name)
    refuse_stale(view, seen, "name", "shared", by=by)
    was = (view.name, view.shared)
    view.name, view.updated_at = name, at
    _share(view, shared, by)
    if was == (view.name, view.shared):
        return view
    view.version += 1
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as twice:
        raise Refused("view_name_taken") from twice
    both = {
        key: [old, new]
        for key, old, new in zip(("name", "shared"), was, (name, str(shared)), strict=True)
        if old != new
    }
    audit.record("view.changed", view, by=by, at=at, **both)
    return view


@transaction.atomic
def delete_view(view: SavedView, *, by: Membership, at: datetime) -> None:
    """Delete one's own view; whoever opened board or table with it opens them plain again.

    :raises Refused: `not_your_view`.
    """
    view = _own(view, by)
    audit.record("view.deleted", view, by=by, at=at)
    view.delete()


@transaction.atomic
def move_view(view: SavedView, *, up: bool, by: Membership) -> None:
    """Move one's own view one place up or down; at the end it stays.

    :raises Refused: `not_your_view`.
    """
    _own(view, by)
    mine = list(
        SavedView.objects.select_for_update().filter(by=by, place=view.place).order_by("position", "name", "id")
    )
    at = next(index for index, each in enumerate(mine) if each.pk == view.pk)
    to = at + (-1 if up else 1)
    if not 0 <= to < len(mine):
        return
    mine[at], mine[to] = mine[to], mine[at]
    for position, each in enumerate(mine):
        each.position = position
    SavedView.objects.bulk_update(mine, ["position"])


@transaction.atomic
def choose_default(view: SavedView | None, *, place: Place, by: Membership) -> None:
    """Open board or table with a view from now on; None opens them plain."""
    if view is None:
        DefaultView.objects.filter(member=by, place=place).delete()
        return
    DefaultView.objects.update_or_create(member=by, place=place, defaults={"view": view})
