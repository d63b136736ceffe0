"""What happens to an import besides its way through: stopped, gone on with, undone, deleted, purged, remembered."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions as accounts_actions
from accounts.models import Account, Product
from exchange import actions, tasks
from exchange.actions import reading
from exchange.models import Import, ImportChunk, SavedMapping
from exchange.states import KEPT_DAYS, ImportState
from jobs import running
from jobs.models import StoredFile
from jobs.states import State
from tenants.errors import Refused, Stale
from tenants.models import AuditEvent, Membership
from tenants.permissions import Role
from tenants.scoping import working_for
from tests.cast import Cast
from tests.exchange.factories import bring_in, checked, finished, make_csv, make_import

pytestmark = pytest.mark.django_db
Login = Callable[[Membership], Client]
PRODUCTS = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(35)])


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 10)


@pytest.fixture
def inside(acme: Cast) -> Iterator[None]:
    """The scope of acme."""
    with working_for(acme.org):
        yield


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(f"exchange:{name}", args=[cast.org.slug, *args])


def stopped(cast: Cast, *, by: Membership | None = None) -> Import:
    """An import of 35 rows that was stopped after 10."""
    by = by or cast.executive
    with working_for(cast.org):
        imported = checked(make_import("products", PRODUCTS, by=by), by=by)
        imported = actions.run(imported, seen=imported.version, by=by, at=timezone.now())
        running.run(imported.job, seconds=0)
        actions.stop(imported, by=by, at=timezone.now())
        return finished(imported)


def done(cast: Cast, rows: int = 3) -> Import:
    with working_for(cast.org):
        data = make_csv(["產品", "定價"], *[[f"產品 {n}", n] for n in range(rows)])
        return bring_in("products", data, by=cast.executive)


# -- stop and go on -------------------------------------------------------------------------------


@pytest.mark.usefixtures("inside")
def test_stopped_at_the_border_of_a_chunk_and_gone_on_with_by_another(acme: Cast) -> None:
    imported = stopped(acme, by=acme.manager)
    assert (imported.state, imported.position, imported.tally.total) == (ImportState.IMPORTING, 1, 10)
    assert Product.objects.count() == 10
    assert len(list(imported.outcomes())) == 10
    with pytest.raises(Refused, match="import_not_running"):
        actions.stop(imported, by=acme.executive, at=timezone.now())
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_running"):  # two people at once
        actions.run(imported, seen=imported.version, by=acme.manager, at=timezone.now())
    imported = finished(imported)
    assert (imported.state, imported.tally.verdicts) == (ImportState.DONE, {"created": 35})
    assert Product.objects.count() == 35
    assert len(imported.ledger().of("product")) == 35
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"import.stopped", "import.resumed"} <= verbs


@pytest.mark.usefixtures("inside")
def test_stopped_twice_is_stopped_once(acme: Cast) -> None:
    imported = checked(make_import("products", PRODUCTS, by=acme.executive), by=acme.executive)
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    for _ in range(2):
        actions.stop(imported, by=acme.executive, at=timezone.now())
        imported.refresh_from_db()
    imported = finished(imported)
    assert imported.job.state == State.CANCELLED
    assert AuditEvent.objects.filter(verb="import.stopped").count() == 1
    assert (imported.position, Product.objects.count()) == (0, 0)


@pytest.mark.usefixtures("inside")
def test_columns_stay_once_rows_are_written(acme: Cast) -> None:
    imported = stopped(acme)
    who: Any = {"by": acme.executive, "at": timezone.now()}
    with pytest.raises(Refused, match="import_begun"):
        actions.settle(imported, mapping={"name": 1}, answers={}, seen=imported.version, **who)
    with pytest.raises(Refused, match="import_begun"):
        actions.reread(imported, header_row=1, **who)
    with pytest.raises(Stale):
        actions.run(imported, seen=imported.version - 1, **who)


@pytest.mark.usefixtures("inside")
def test_an_undo_is_not_stopped_in_between(acme: Cast) -> None:
    imported = done(acme)
    imported = actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="undo_not_stopped"):
        actions.stop(imported, by=acme.executive, at=timezone.now())


@pytest.mark.usefixtures("inside")
def test_whoever_may_not_import_any_more_imports_no_further_row(acme: Cast) -> None:
    imported = checked(make_import("products", PRODUCTS, by=acme.manager), by=acme.manager)
    imported = actions.run(imported, seen=imported.version, by=acme.manager, at=timezone.now())
    running.run(imported.job, seconds=0)
    Membership.objects.filter(pk=acme.manager.pk).update(role=Role.REP)
    imported = finished(imported)
    assert (imported.job.state, imported.job.error) == (State.FAILED, "importer_gone")
    assert Product.objects.count() == 10
    imported = finished(actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now()))
    assert (imported.state, Product.objects.count()) == (ImportState.DONE, 35)


@pytest.mark.usefixtures("inside")
def test_a_member_deactivated_meanwhile_imports_no_further_row(acme: Cast) -> None:
    imported = checked(make_import("products", PRODUCTS, by=acme.manager), by=acme.manager)
    imported = actions.run(imported, seen=imported.version, by=acme.manager, at=timezone.now())
    running.run(imported.job, seconds=0)
    Membership.objects.filter(pk=acme.manager.pk).update(is_active=False)
    imported = finished(imported)
    assert imported.job.state in {State.CANCELLED, State.FAILED}
    assert Product.objects.count() == 10
    imported = actions.undo(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    assert finished(imported).state == ImportState.UNDONE
    assert not Product.objects.exists()


# -- pages ----------------------------------------------------------------------------------------


def test_the_page_of_a_stopped_import_says_what_is_written(acme: Cast, login: Login) -> None:
    imported = stopped(acme)
    client = login(acme.executive)
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "Stopped after 10 of 35 rows" in page
    assert url(acme, "import_undo", imported.pk) in page
    assert client.get(url(acme, "import_mapping", imported.pk)).status_code == 303
    response = client.post(url(acme, "import_run", imported.pk), {"version": imported.version})
    assert response.status_code == 303
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "jobs/" in page
    assert client.post(url(acme, "import_stop", imported.pk)).status_code == 303
    with working_for(acme.org):
        finished(imported)
    assert client.post(url(acme, "import_stop", imported.pk)).status_code == 409


def test_an_executive_sees_and_stops_the_import_of_a_manager(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        imported = checked(make_import("products", PRODUCTS, by=acme.manager), by=acme.manager)
        imported = actions.run(imported, seen=imported.version, by=acme.manager, at=timezone.now())
    client = login(acme.executive)
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "Manager Acme started this" in page
    assert client.post(url(acme, "import_stop", imported.pk)).status_code == 303
    with working_for(acme.org):
        assert finished(imported).job.state == State.CANCELLED


def test_undo_says_first_what_it_does(acme: Cast, login: Login) -> None:
    imported = done(acme)
    client = login(acme.executive)
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "Undo this import" in page
    page = client.get(url(acme, "import_undo", imported.pk)).content.decode()
    assert "Removed again" in page
    assert '<td class="num">3</td><td class="num">0</td>' in page
    assert client.post(url(acme, "import_undo", imported.pk), {"version": "77"}).status_code == 409
    assert client.post(url(acme, "import_undo", imported.pk), {"version": "x"}).status_code == 409
    assert client.post(url(acme, "import_undo", imported.pk), {"version": imported.version}).status_code == 303
    assert client.post(url(acme, "import_undo", imported.pk), {"version": imported.version}).status_code == 409
    with working_for(acme.org):
        finished(imported)
    page = client.get(url(acme, "import_detail", imported.pk)).content.decode()
    assert "Undone by Executive Acme" in page
    page = client.get(url(acme, "import_undo", imported.pk)).content.decode()
    assert "It was undone already." in page


def test_undo_says_who_stands_in_the_way(acme: Cast, login: Login) -> None:
    with working_for(acme.org):
        imported = bring_in("accounts", make_csv(["客戶"], ["台積電"], ["鴻海"]), by=acme.executive)
        account = Account.objects.get(name="台積電")
        accounts_actions.create_contact(account, by=acme.rep, at=timezone.now(), name="陳怡君")
    client = login(acme.executive)
    response = client.post(url(acme, "import_undo", imported.pk), {"version": imported.version})
    assert response.status_code == 409
    page = response.content.decode()
    assert "cannot be undone: 1 time" in page
    assert "since then: Contact" in page
    assert "Rep Acme" in page
    with working_for(acme.org):
        assert Account.objects.count() == 2


# -- deleting and purging -------------------------------------------------------------------------


def test_deleting_an_import_leaves_what_it_brought(acme: Cast, login: Login) -> None:
    imported = done(acme)
    client = login(acme.executive)
    page = client.get(url(acme, "import_delete", imported.pk)).content.decode()
    assert "cannot be undone any more" in page
    assert client.post(url(acme, "import_delete", imported.pk), {"version": "77"}).status_code == 409
    assert client.post(url(acme, "import_delete", imported.pk), {"version": imported.version}).status_code == 303
    assert client.get(url(acme, "import_detail", imported.pk)).status_code == 404
    with working_for(acme.org):
        assert Product.objects.count() == 3
        assert not ImportChunk.objects.exists()
        assert not StoredFile.objects.exists()
        assert AuditEvent.objects.filter(verb="import.deleted").count() == 1


@pytest.mark.usefixtures("inside")
def test_a_running_import_is_not_deleted(acme: Cast) -> None:
    imported = checked(make_import("products", PRODUCTS, by=acme.executive), by=acme.executive)
    imported = actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now())
    with pytest.raises(Refused, match="import_running"):
        actions.delete(imported, seen=imported.version, by=acme.executive, at=timezone.now())


def test_the_night_purges_what_is_old_and_the_page_had_said_so(acme: Cast, login: Login) -> None:
    old, never, new = done(acme), None, None
    with working_for(acme.org):
        never = make_import("products", make_csv(["產品"], ["a"]), by=acme.executive)
        rejected = bring_in("products", make_csv(["產品", "定價"], ["", 1], ["b", 1]), by=acme.executive)
        long_ago = timezone.now() - timedelta(days=KEPT_DAYS, minutes=1)
        for imported in (old, never, rejected):
            Import.objects.filter(pk=imported.pk).update(created_at=long_ago)
        Import.objects.filter(pk__in=[old.pk, rejected.pk]).update(finished_at=long_ago)
        type(old.job).objects.update(created_at=long_ago)
        new = bring_in("products", make_csv(["產品"], ["c"]), by=acme.executive)
        assert actions.purge(at=timezone.now() - timedelta(minutes=5)) == 0
    tasks.purge()
    with working_for(acme.org):
        assert set(Import.objects.values_list("pk", flat=True)) == {old.pk, rejected.pk, new.pk}
        assert set(ImportChunk.objects.values_list("imported_id", flat=True)) == {new.pk}
        assert StoredFile.objects.count() == 1
        assert Product.objects.count() == 5
        old.refresh_from_db()
        with pytest.raises(Refused, match="import_purged"):
            actions.undo(old, seen=old.version, by=acme.executive, at=timezone.now())
    client = login(acme.executive)
    page = client.get(url(acme, "import_detail", old.pk)).content.decode()
    assert "were removed from here on" in page
    assert client.get(url(acme, "imports")).status_code == 200


# -- saved mappings -------------------------------------------------------------------------------


def save(client: Client, cast: Cast, imported: Import, name: str) -> Any:
    return client.post(url(cast, "mapping_save", imported.pk), {"name": name})


def test_a_saved_mapping_fills_in_the_next_file_with_the_same_headings(acme: Cast, login: Login) -> None:
    headings = ["X", "Y"]
    with working_for(acme.org):
        imported = make_import("products", make_csv(headings, ["one", 1]), by=acme.executive)
        imported.mapping = {"name": 0, "list_price": 1}
        imported = checked(imported, by=acme.executive)
        imported = finished(actions.run(imported, seen=imported.version, by=acme.executive, at=timezone.now()))
    client = login(acme.executive)
    assert save(client, acme, imported, " ").status_code == 422
    assert save(client, acme, imported, "x" * 81).status_code == 422
    assert save(client, acme, imported, "ERP export").status_code == 303
    assert save(client, acme, imported, "ERP export").status_code == 303
    with working_for(acme.org):
        assert SavedMapping.objects.get().columns == {"name": "X", "list_price": "Y"}
        same = make_import("products", make_csv(headings, ["two", 2]), by=acme.manager)
        assert same.mapping == {"name": 0, "list_price": 1}
        other = make_import("products", make_csv(["Z", "X"], ["two", 2]), by=acme.manager)
        assert other.mapping.get("list_price") is None
    client = login(acme.manager)
    page = client.get(url(acme, "import_mapping", same.pk)).content.decode()
    assert "filled in below" in page
    page = client.get(url(acme, "import_mapping", other.pk)).content.decode()
    assert "This file lacks: Y" in page
    with working_for(acme.org):
        saved = SavedMapping.objects.get()
    page = client.get(url(acme, "import_mapping", other.pk) + f"?saved={saved.pk}").content.decode()
    assert '<option value="name" selected' in page.partition('aria-label="X goes to"')[2].partition("</select>")[0]
    assert client.get(url(acme, "import_mapping", other.pk) + "?saved=987654").status_code == 404


def test_saved_mappings_are_renamed_and_deleted(acme: Cast, login: Login) -> None:
    imported = done(acme)
    client = login(acme.executive)
    save(client, acme, imported, "A")
    save(client, acme, imported, "B")
    with working_for(acme.org):
        a, b = SavedMapping.objects.order_by("name")
    assert client.get(url(acme, "mappings")).status_code == 200
    response = client.post(url(acme, "mapping_rename", a.pk), {"name": "B", "version": a.version})
    assert response.status_code == 422
    assert "Another mapping has this name" in response.content.decode()
    assert client.post(url(acme, "mapping_rename", a.pk), {"name": "C", "version": "9"}).status_code == 409
    assert client.post(url(acme, "mapping_rename", a.pk), {"name": "C", "version": a.version}).status_code == 303
    assert client.post(url(acme, "mapping_delete", b.pk)).status_code == 303
    with working_for(acme.org):
        assert list(SavedMapping.objects.values_list("name", flat=True)) == ["C"]
        verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"import_mapping.saved", "import_mapping.renamed", "import_mapping.deleted"} <= verbs


def test_mappings_and_imports_of_another_organization_are_not_there(acme: Cast, globex: Cast, login: Login) -> None:
    imported = done(globex)
    with working_for(globex.org):
        theirs = actions.save_mapping(imported, name="A", by=globex.executive, at=timezone.now())
    with working_for(acme.org):
        ours = make_import("products", make_csv(["產品"], ["a"]), by=acme.executive)
    client = login(acme.executive)
    for name in ("mapping_rename", "mapping_delete"):
        assert client.post(url(acme, name, theirs.pk), {"name": "x", "version": 1}).status_code == 404
    for name in ("import_stop", "import_undo", "import_delete", "mapping_save"):
        assert client.post(url(acme, name, imported.pk), {"name": "x", "version": 1}).status_code == 404
    assert client.get(url(acme, "import_mapping", ours.pk) + f"?saved={theirs.pk}").status_code == 404
    with working_for(acme.org):
        assert not SavedMapping.objects.exists()


def test_colleagues_do_not_see_each_others_imports(acme: Cast, login: Login) -> None:
    imported = done(acme)
    client = login(acme.manager)
    for name in ("import_stop", "import_undo", "import_delete", "mapping_save"):
        assert client.post(url(acme, name, imported.pk), {"name": "x", "version": 1}).status_code == 404
