"""Saved views: what they keep, who may use and change them, that they show nobody more, and hostile names."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from funnel import actions, queries
from funnel.columns import MOST, SORTED, read_columns, written
from funnel.filters import VIEW_PARAMS, read
from funnel.models import DefaultView, SavedView
from funnel.saved_views import QUERY_LENGTH, VIEWS_EACH, Place, Shared, checked_name, kept, params
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.scoping import working_for
from tests.cast import Cast
from tests.funnel.factories import DAY, make_opportunity

Login = Callable[[Membership], Client]


@given(st.dictionaries(st.sampled_from([*VIEW_PARAMS, "page", "view", "on", "mode"]), st.text(max_size=20), max_size=9))
def test_a_view_keeps_exactly_what_the_filters_read(query: dict[str, str]) -> None:
    text = kept(query)
    again = params(text)
    assert kept(again) == text
    assert not {"page", "view", "on", "mode"} & set(again)
    assert read(again) == read({name: value for name, value in query.items() if name in VIEW_PARAMS})


def test_a_view_has_its_limits() -> None:
    with pytest.raises(Refused, match="view_too_long"):
        kept({"q": "x" * QUERY_LENGTH})
    with pytest.raises(Refused, match="view_name_empty"):
        checked_name(" \u200b\u202e ")
    with pytest.raises(Refused, match="view_name_too_long"):
        checked_name("x" * 61)
    assert checked_name("  Mine\u202e\nnow ") == "Mine now"


@given(st.lists(st.sampled_from([*SORTED, "nonsense"])))
def test_columns_are_known_ones_in_their_order(codes: list[str]) -> None:
    found = read_columns(written(codes))
    assert set(found) <= set(codes) & set(SORTED)
    assert len(found) <= MOST
    assert list(found) == [code for code in SORTED if code in found]
    assert read_columns("x," * 400) == ()


@pytest.fixture
def _scope(acme: Cast) -> Iterator[None]:
    with working_for(acme.org):
        yield


pytestmark_db = [pytest.mark.django_db, pytest.mark.usefixtures("_scope")]


def url(cast: Cast, path: str = "table/") -> str:
    return f"/o/{cast.org.slug}/funnel/{path}"


def save(by: Membership, name: str = "Mine", query: str = "stage=2", **facts: Any) -> SavedView:
    facts = {"place": Place.TABLE, "shared": Shared.ME, **facts}
    return actions.save_view(name, query=QueryDict(query), by=by, at=timezone.now(), **facts)


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_views_are_used_by_whom_they_are_shared_with(acme: Cast) -> None:
    mine = save(acme.rep)
    team = save(acme.rep, "Team", shared=Shared.TEAM)
    every = save(acme.rep, "All", shared=Shared.EVERYONE)
    top = save(acme.executive, "Top", shared=Shared.TEAM)

    def seen(who: Membership) -> set[str]:
        return {view.name for view in queries.saved_views(who, Place.TABLE)}

    assert seen(acme.rep) == {"Mine", "Team", "All", "Top"}
    assert seen(acme.rep2) == seen(acme.manager) == {"Team", "All", "Top"}
    assert seen(acme.partner) == {"All", "Top"}
    assert seen(acme.colleague) == {"All"}
    assert [view.pk for view in queries.saved_views(acme.rep, Place.TABLE)] == [mine.pk, team.pk, every.pk, top.pk]
    assert queries.saved_views(acme.rep, Place.BOARD) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_a_view_of_somebody_shows_only_what_its_reader_may_see(acme: Cast, login: Login) -> None:
    make_opportunity(acme.rep, "Near")
    make_opportunity(acme.partner, "Far")
    save(acme.executive, "Everything", query="status=all", shared=Shared.EVERYONE)
    for who, count in ((acme.executive, 2), (acme.rep, 1), (acme.partner, 1)):
        page = login(who).get(url(acme))
        address = next(tab["address"] for tab in page.context["tabs"])
        assert login(who).get(address).context["totals"].count == count


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_saving_again_replaces_and_only_its_maker_changes_it(acme: Cast) -> None:
    first = save(acme.rep)
    again = save(acme.rep, query="stage=3&page=7&view=9")
    assert (again.pk, again.query, again.version) == (first.pk, "stage=3", 2)
    now: Any = {"at": timezone.now()}
    for refused in (
        lambda: actions.change_view(again, name="Theirs", shared=Shared.ME, seen=2, by=acme.manager, **now),
        lambda: actions.delete_view(again, by=acme.manager, **now),
        lambda: actions.move_view(again, up=True, by=acme.manager),
    ):
        with pytest.raises(Refused, match="not_your_view"):
            refused()
    with pytest.raises(Stale):
        actions.change_view(again, name="New", shared=Shared.ME, seen=1, by=acme.rep, **now)
    save(acme.rep, "Other")
    with pytest.raises(Refused, match="view_name_taken"):
        actions.change_view(again, name="Other", shared=Shared.ME, seen=2, by=acme.rep, **now)
    with pytest.raises(Refused, match="no_team"):
        save(acme.colleague, shared=Shared.TEAM)
    changed = actions.change_view(again, name="New", shared=Shared.TEAM, seen=2, by=acme.rep, **now)
    assert AuditEvent.objects.latest("id").data == {"name": ["Mine", "New"], "shared": ["me", "team"]}
    assert (changed.name, changed.team_id) == ("New", acme.team.pk)
    actions.choose_default(changed, place=Place.TABLE, by=acme.rep2)
    actions.delete_view(changed, by=acme.rep, **now)
    assert not DefaultView.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_nobody_keeps_more_than_fifty(acme: Cast) -> None:
    for number in range(VIEWS_EACH):
        save(acme.rep, f"View {number}")
    with pytest.raises(Refused, match="too_many_views"):
        save(acme.rep, "One more")
    save(acme.rep, "View 3", query="stage=4")


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_the_order_is_ones_own(acme: Cast) -> None:
    first, second, third = (save(acme.rep, name) for name in ("a", "b", "c"))
    actions.move_view(third, up=True, by=acme.rep)
    actions.move_view(first, up=True, by=acme.rep)
    actions.move_view(second, up=False, by=acme.rep)
    assert [view.name for view in queries.saved_views(acme.rep, Place.TABLE)] == ["a", "c", "b"]
    actions.move_view(first, up=False, by=acme.rep)
    assert [view.name for view in queries.saved_views(acme.rep, Place.TABLE)] == ["c", "a", "b"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_pages_save_open_change_and_delete(acme: Cast, login: Login) -> None:
    make_opportunity(acme.rep)
    client = login(acme.rep)
    shown = client.get(url(acme, "?group=category&due=this_quarter"))
    assert "Save view" in shown.content.decode()
    form = {"query": "group=category&due=this_quarter", "name": "Quarter", "shared": "team", "is_default": "on"}
    saved = client.post(url(acme, "board/views/new/"), form)
    assert saved.status_code == 303
    view = SavedView.objects.get()
    first = client.get(url(acme, ""))
    assert first.status_code == 302
    assert f"view={view.pk}" in first["Location"]
    page = client.get(first["Location"])
    assert page.context["grouped"] == "category"
    assert [tab["is_on"] for tab in page.context["tabs"]] == [True]
    assert client.get(url(acme, "?view=")).status_code == 200
    assert login(acme.rep2).get(url(acme, "")).status_code == 200
    edit = url(acme, f"views/{view.pk}/")
    assert client.post(edit, {"name": "", "shared": "me", "version": 1}).status_code == 422
    assert client.post(edit, {"name": "Mine", "shared": "me", "version": 1}).status_code == 303
    assert client.get(url(acme, "")).status_code == 200  # no longer the first
    assert client.post(edit, {"name": "Again", "shared": "me", "version": 1}).status_code == 409
    assert login(acme.rep2).get(edit).status_code == 404
    assert login(acme.rep2).post(url(acme, f"views/{view.pk}/delete/")).status_code == 404
    assert client.post(url(acme, f"views/{view.pk}/move/"), {"to": "up"}).status_code == 303
    assert client.post(url(acme, f"views/{view.pk}/delete/")).status_code == 303
    assert not SavedView.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_whoever_may_use_a_view_may_open_the_page_with_it(acme: Cast, login: Login) -> None:
    view = save(acme.manager, "Team", shared=Shared.TEAM)
    client = login(acme.rep)
    edit = url(acme, f"views/{view.pk}/")
    assert 'name="name"' not in client.get(edit).content.decode()
    assert client.post(edit, {"is_default": "on", "name": "Stolen", "shared": "me"}).status_code == 303
    view.refresh_from_db()
    assert view.name == "Team"
    assert f"view={view.pk}" in client.get(url(acme))["Location"]
    assert client.post(url(acme, f"views/{view.pk}/delete/")).status_code == 422


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_hostile_names_and_addresses_stay_text(acme: Cast, login: Login) -> None:
    client = login(acme.rep)
    name = "<img src=x onerror=alert(1)> \"'&{{7*7}}"
    form = {
        "query": urlencode({"q": "<script>", "in_region": '"><b>', "evil": "javascript:1"}),
        "name": name,
        "shared": "everyone",
    }
    assert client.post(url(acme, "table/views/new/"), form).status_code == 303
    view = SavedView.objects.get()
    assert "evil" not in view.query
    text = login(acme.executive).get(url(acme)).content.decode()
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    for bad in ("", "\u202e", "x" * 61):
        answer = client.post(url(acme, "table/views/new/"), {**form, "name": bad})
        assert answer.status_code == 422
    too_long = client.post(url(acme, "table/views/new/"), {**form, "name": "Long", "query": "q=" + "x" * 2_000})
    assert too_long.status_code == 422
    assert "more than a view can keep" in too_long.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("_scope")
def test_columns_are_chosen_and_shown(acme: Cast, login: Login) -> None:
    make_opportunity(acme.rep, "Line", at=timezone.now() - DAY, source="Trade fair")
    client = login(acme.rep)
    several = client.get(url(acme, "table/?cols=amount&cols=source&cols=category"))
    assert several.status_code == 302
    page = client.get(several["Location"])
    assert [head.code for head in page.context["heads"]] == ["amount", "category", "source"]
    assert "Trade fair" in page.content.decode()
    everything = client.get(url(acme, "table/?cols=" + ",".join(SORTED)))
    assert len(everything.context["heads"]) == MOST
    for part in (tuple(SORTED)[:8], tuple(SORTED)[7:]):
        assert client.get(url(acme, "table/?status=all&cols=" + ",".join(part))).status_code == 200
