"""Each lock alone: with the first taken off the second still holds, and the other way round."""

import contextlib
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, models, transaction
from django.test import Client
from django.urls import reverse

from tenants import actions
from tenants.backend.base import DatabaseWrapper
from tenants.models import AuditEvent, ExchangeRate, Holiday, Invitation, Membership, Team, TenantModel
from tenants.permissions import Role
from tenants.scoping import NoOrganization, TenantManager, current_organization_id, reading, working_for
from tests.cast import AT, Cast

OURS: list[type[TenantModel]] = [AuditEvent, ExchangeRate, Holiday, Invitation, Team]


def furnish(cast: Cast) -> None:
    """Put a row into each table of this app."""
    with working_for(cast.org):
        actions.invite(
            cast.org, emails=["new@x.example"], role=Role.REP, team=None, is_admin=False, by=cast.admin, at=AT
        )
        actions.add_rate(cast.org, currency="USD", on=AT.date(), rate=Decimal(32), by=cast.admin, at=AT)
        actions.add_days_to_calendar(
            cast.org, first=AT.date(), last=AT.date(), name="x", is_working=False, by=cast.admin, at=AT
        )


@pytest.fixture
def both(acme: Cast, globex: Cast) -> tuple[Cast, Cast]:
    """Both organizations, furnished."""
    furnish(acme)
    furnish(globex)
    return acme, globex


# The first lock off: the managers filter nothing --------------------------------------------------


@pytest.fixture
def first_lock_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every manager return everything it can reach."""
    monkeypatch.setattr(TenantManager, "get_queryset", models.Manager.get_queryset)


@pytest.mark.django_db
@pytest.mark.usefixtures("first_lock_off")
@pytest.mark.parametrize("model", OURS)
def test_without_the_first_lock_the_database_shows_nothing_foreign(
    both: tuple[Cast, Cast], model: type[TenantModel]
) -> None:
    acme, globex = both
    with working_for(acme.org):
        assert {row.organization_id for row in model.objects.all()} == {acme.org.pk}
        assert not model.objects.filter(organization=globex.org).exists()
        assert model.objects.filter(organization_id__in=[acme.org.pk, globex.org.pk]).count() == model.objects.count()


@pytest.mark.django_db
@pytest.mark.usefixtures("first_lock_off")
@pytest.mark.parametrize("model", [Holiday, ExchangeRate, Invitation])
def test_without_the_first_lock_the_database_changes_nothing_foreign(
    both: tuple[Cast, Cast], model: type[TenantModel]
) -> None:
    acme, globex = both
    with working_for(globex.org):
        theirs = model.objects.get()
    with working_for(acme.org):
        assert model.objects.filter(pk=theirs.pk).update(organization=acme.org) == 0
        assert model.objects.filter(pk=theirs.pk).delete()[0] == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(organization=globex.org)


@pytest.mark.django_db
@pytest.mark.usefixtures("first_lock_off")
def test_without_the_first_lock_and_without_a_scope_the_database_refuses(both: tuple[Cast, Cast]) -> None:
    for model in OURS:
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.count()


@pytest.mark.django_db
@pytest.mark.usefixtures("first_lock_off")
def test_without_the_first_lock_pages_still_show_nothing_foreign(
    both: tuple[Cast, Cast], login: Callable[[Membership], Client]
) -> None:
    acme, globex = both
    client = login(acme.admin)
    assert client.get(reverse("tenants:team", args=[acme.org.slug, globex.team.pk])).status_code == 404
    page = client.get(reverse("tenants:audit", args=[acme.org.slug])).content.decode()
    assert "Acme" in page
    assert "Globex" not in page


# The second lock off: the owner's role bypasses every policy --------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("model", OURS)
def test_without_the_second_lock_the_managers_show_nothing_foreign(
    both: tuple[Cast, Cast], model: type[TenantModel]
) -> None:
    acme, globex = both
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT organization_id FROM "{model._meta.db_table}"')  # our own name
        assert {pk for (pk,) in cursor.fetchall()} == {acme.org.pk, globex.org.pk}, "the second lock is not off"
    with working_for(acme.org):
        assert {row.organization_id for row in model.objects.using("owner")} == {acme.org.pk}
        assert not model.objects.using("owner").filter(organization=globex.org).exists()
    with pytest.raises(NoOrganization):
        model.objects.using("owner").count()


# Both on ------------------------------------------------------------------------------------------


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_app_refuses_to_work_as_the_owner() -> None:
    wrapper = DatabaseWrapper({**connections["owner"].settings_dict}, alias="default")
    with contextlib.closing(wrapper), pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        wrapper.connect()


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_app_works_as_the_runtime_role() -> None:
    wrapper = DatabaseWrapper({**connections["default"].settings_dict}, alias="default")
    with contextlib.closing(wrapper):
        wrapper.connect()
        assert wrapper.is_usable()


def _backend() -> tuple[int, str | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), current_setting('app.organization', true)")
        pid, organization = cursor.fetchone()
    return pid, organization


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_connection_that_is_used_again_has_forgotten_the_organization(acme: Cast) -> None:
    with reading(acme.org):
        pid, during = _backend()
        assert Team.objects.exists()
    assert during == str(acme.org.pk)
    assert _backend() in {(pid, ""), (pid, None)}
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_team")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_request_leaves_no_organization_behind(acme: Cast, login: Callable[[Membership], Client]) -> None:
    client = login(acme.admin)
    for name, status in [("people", 200), ("person", 404)]:
        args = [acme.org.slug] + ([0] if name == "person" else [])
        assert client.get(reverse(f"tenants:{name}", args=args)).status_code == status
        assert current_organization_id() is None
        assert _backend()[1] in {"", None}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_runs_on_commit_keeps_to_the_scope_around_it(acme: Cast, globex: Cast) -> None:
    seen: list[int | None] = []

    def after() -> None:
        seen.append(current_organization_id())
        with pytest.raises(DatabaseError):
            list(Team.objects.all())  # no transaction: nothing names the organization, so the database refuses

    def after_everything() -> None:
        seen.append(current_organization_id())
        with pytest.raises(NoOrganization):
            list(Team.objects.all())

    with working_for(acme.org), transaction.atomic(), working_for(globex.org):
        transaction.on_commit(after)
    with transaction.atomic(), working_for(globex.org):
        transaction.on_commit(after_everything)
    assert seen == [acme.org.pk, None]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_nested_scope_and_a_savepoint_give_the_organization_back(acme: Cast, globex: Cast) -> None:
    with reading(acme.org):
        with contextlib.suppress(ValueError), transaction.atomic(), working_for(globex.org):
            assert {team.organization_id for team in Team.objects.all()} == {globex.org.pk}
            raise ValueError
        assert {team.organization_id for team in Team.objects.all()} == {acme.org.pk}
        with (
            contextlib.suppress(DatabaseError),
            transaction.atomic(),
            working_for(globex.org),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1 / 0")
        assert {team.organization_id for team in Team.objects.all()} == {acme.org.pk}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_runtime_role_cannot_take_the_walls_down(acme: Cast) -> None:
    for statement in (
        "TRUNCATE tenants_holiday",
        "ALTER TABLE tenants_team DISABLE ROW LEVEL SECURITY",
        "DROP POLICY organization_wall ON tenants_team",
        "SET row_security = off; SELECT * FROM tenants_team",
        "CREATE TABLE public.mine (id bigint)",
        "ALTER TABLE tenants_auditevent DISABLE TRIGGER append_only",
    ):
        with pytest.raises(DatabaseError), reading(acme.org), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _no_scope_survives() -> Iterator[None]:
    yield
    assert current_organization_id() is None
