"""Each lock taken out in turn: what is left still shows nothing foreign. Without both the crawl does see, so it can."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connections, models, transaction

from tenants import web
from tenants.models import Membership, TenantForeignKey
from tenants.permissions import Permission
from tenants.scoping import TenantManager
from tests.cast import Cast
from tests.walls.crawl import Browser, crawl
from tests.walls.own import Own
from tests.walls.state import differences, state_of
from tests.walls.stranger import STRANGE, tenant_models
from tests.walls.words import canaries, canary, column_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def powerful(own: Own) -> Own:
    """One's own organization, in which the executive is admin too and so may do everything."""
    Membership.objects.filter(pk=own.cast.executive.pk).update(is_admin=True)
    return own


def as_owner(*statements: str) -> None:
    """Run statements as the owner of the tables."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def without_walls() -> Iterator[None]:
    """Take row-level security off every table."""
    tables = [model._meta.db_table for model in tenant_models()]
    as_owner(*(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY' for table in tables))
    try:
        yield
    finally:
        as_owner(*(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY' for table in tables))


@pytest.fixture
def second_lock_off() -> Iterator[None]:
    """Let the database show everything to everybody."""
    with without_walls():
        yield


@pytest.fixture
def first_lock_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every manager return all it can reach, and never raise."""
    monkeypatch.setattr(TenantManager, "get_queryset", models.Manager.get_queryset)


@pytest.fixture
def everything_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody do everything, and see all that their organization has."""
    monkeypatch.setattr(Membership, "visible_owner_ids", None)
    monkeypatch.setattr(Membership, "permissions", frozenset(Permission))
    for model in tenant_models():
        queryset = type(model._default_manager)._queryset_class  # type: ignore[attr-defined]  # Django's own name
        if hasattr(queryset, "visible_to"):
            monkeypatch.setattr(queryset, "visible_to", lambda rows, membership: rows)


def assert_nothing_foreign(own: Own, stranger: Cast, role: str = "executive") -> None:
    before = state_of(stranger.org)
    assert list(crawl(own, stranger, role, briefly=True)) == []
    assert differences(before, state_of(stranger.org)) == []


@pytest.mark.usefixtures("first_lock_off")
def test_without_the_managers_the_database_alone_shows_nothing(powerful: Own, stranger: Cast) -> None:
    assert_nothing_foreign(powerful, stranger)


@pytest.mark.usefixtures("second_lock_off")
def test_without_the_walls_the_managers_alone_show_nothing(powerful: Own, stranger: Cast) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_account WHERE id = %s", [STRANGE])
        assert cursor.fetchone() == (1,), "the second lock is not off"
    assert_nothing_foreign(powerful, stranger)


@pytest.mark.usefixtures("everything_visible")
def test_without_permissions_and_visibility_the_locks_still_show_nothing(own: Own, stranger: Cast) -> None:
    assert Browser(own.cast.partner).ask("GET", "/o/acme/settings/audit/").status == 200, "the patch does nothing"
    assert_nothing_foreign(own, stranger, "partner")


def test_a_door_that_does_not_look_at_the_address_still_shows_nothing(
    own: Own, stranger: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door lets a member in at any address: the rows are still those of their own organization."""

    careful = web.membership_or_404
    monkeypatch.setattr(web, "membership_or_404", lambda user, slug: careful(user, own.cast.org.slug))
    wrong = list(crawl(own, stranger, "executive", briefly=True))
    assert any("does not refuse" in each for each in wrong), "the patch does nothing"
    assert [each for each in wrong if "does not refuse" not in each] == []


@pytest.mark.usefixtures("first_lock_off", "second_lock_off")
def test_without_both_locks_the_crawl_sees_the_stranger_everywhere(powerful: Own, stranger: Cast) -> None:
    wrong = "\n".join(crawl(powerful, stranger, "executive", briefly=True))
    assert canaries(wrong) >= {
        canary(column)
        for column in (
            "accounts_account.name",
            "accounts_contact.name",
            "accounts_product.name",
            "activities_nextaction.text",
            "activities_visit.goal",
            "coaching_coachingsession.agreed",
            "exchange_import.file_name",
            "funnel_opportunity.name",
            "tenants_auditevent.target_name",
            "tenants_holiday.name",
            "tenants_invitation.email",
            "tenants_team.name",
        )
    }
    assert wrong.count("shows the stranger") > 40
    assert wrong.count("does not refuse") > 20


def keys() -> list[str]:
    """Return `table.column` of every key to a row of an organization."""
    inside: list[type[models.Model]] = [*tenant_models(), Membership]
    return [
        column_of(field)
        for model in inside
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    ]


def test_without_manager_wall_and_forms_the_keys_alone_refuse(own: Own, stranger: Cast) -> None:
    """As the owner, whom no policy binds: no row of one's own can be made to point to the stranger's."""
    taken, tried = [], 0
    for name in keys():
        table, column = name.split(".")
        with connections["owner"].cursor() as cursor, transaction.atomic(using="owner"):
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')  # what may only be appended to, too
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            mine = f'SELECT min(id) FROM "{table}" WHERE organization_id = {own.cast.org.pk}'
            try:
                with transaction.atomic(using="owner"):
                    cursor.execute(f'UPDATE "{table}" SET "{column}" = {STRANGE} WHERE id = ({mine})')
                    if cursor.rowcount:
                        taken.append(name)
            except IntegrityError:
                tried += 1
            transaction.set_rollback(True, using="owner")
    assert taken == []
    assert tried > 50
