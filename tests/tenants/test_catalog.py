"""The second lock, read from the database's own catalog; and each guard broken once, to see it notice."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections, transaction

from tenants.models import Membership, TenantModel
from tests.tenants.catalog import QUESTIONS, wrong

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_wrong_with(question: str) -> None:
    assert wrong(connections["default"], question) == []


BREAKS = {
    "tables outside the walls that the settings do not name": "CREATE TABLE stray (id bigint)",
    "tables whose row-level security is not enabled and forced": (
        "ALTER TABLE tenants_holiday NO FORCE ROW LEVEL SECURITY"
    ),
    "tables whose policy is not exactly the wall": "CREATE POLICY second ON tenants_holiday USING (true)",
    "tables in which a row may belong to nobody": (
        "ALTER TABLE tenants_holiday ALTER COLUMN organization_id DROP NOT NULL"
    ),
    "keys between tenant tables, or to a membership, without the organization": (
        "ALTER TABLE tenants_auditevent ADD CONSTRAINT narrow FOREIGN KEY (by_id) REFERENCES tenants_membership (id)"
    ),
    "unique keys that do not begin with the organization": "CREATE UNIQUE INDEX narrow ON tenants_holiday (name)",
    "views, whose owner's rights would bypass the policies": "CREATE VIEW peephole AS SELECT * FROM tenants_holiday",
    "functions that run with their owner's rights": (
        "CREATE FUNCTION peep() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM tenants_holiday'"
    ),
    "privileges the runtime role must not have": "GRANT TRUNCATE ON tenants_holiday TO {runtime}",
    "a log that can be rewritten or emptied": "ALTER TABLE tenants_auditevent DISABLE TRIGGER append_only",
}

MORE_BREAKS = [
    ("functions that run with their owner's rights", "ALTER FUNCTION funnel_tell_what_changed() RESET search_path"),
    ("privileges the runtime role must not have", "GRANT UPDATE (until_at) ON funnel_spell TO {runtime}"),
    ("privileges the runtime role must not have", "GRANT DELETE ON funnel_spell TO {runtime}"),
    (
        "tables whose row-level security is not enabled and forced",
        "ALTER TABLE tenants_team DISABLE ROW LEVEL SECURITY",
    ),
    ("tables whose row-level security is not enabled and forced", "CREATE TABLE stray (organization_id bigint)"),
    ("tables whose policy is not exactly the wall", "DROP POLICY organization_wall ON tenants_team"),
    (
        "tables whose policy is not exactly the wall",
        (
            "ALTER POLICY organization_wall ON tenants_team "
            "USING (organization_id = nullif(current_setting('app.organization', true), '')::bigint)"
        ),
    ),
    ("tables whose policy is not exactly the wall", "ALTER POLICY organization_wall ON tenants_team WITH CHECK (true)"),
    ("a log that can be rewritten or emptied", "DROP TRIGGER append_only ON tenants_auditevent"),
    ("a log that can be rewritten or emptied", "ALTER TABLE funnel_change DISABLE TRIGGER never_emptied"),
    ("views, whose owner's rights would bypass the policies", "CREATE MATERIALIZED VIEW p AS SELECT 1 AS one"),
]


@pytest.fixture
def as_owner() -> Iterator[None]:
    """Whatever the owner breaks here is whole again afterwards."""
    with transaction.atomic(using="owner"):
        yield
        transaction.set_rollback(True, using="owner")


@pytest.mark.parametrize(("question", "damage"), [*BREAKS.items(), *MORE_BREAKS])
@pytest.mark.usefixtures("as_owner")
def test_the_guard_notices(question: str, damage: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(damage.format(runtime=settings.DATABASES["default"]["USER"]))
    assert wrong(connections["owner"], question) != []


def test_the_guard_would_notice_too_strong_a_role() -> None:
    question = "strength the runtime role must not have"
    assert wrong(connections["owner"], question, runtime=str(settings.DATABASES["owner"]["USER"])) != []


def test_every_guard_is_broken_once() -> None:
    assert {*BREAKS, "strength the runtime role must not have"} == set(QUESTIONS)


def test_every_foreign_key_of_the_models_stands_in_the_database() -> None:
    """Django leaves these constraints out (`db_constraint=False`), so nothing else would miss them."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, (SELECT attname FROM pg_attribute"
            " WHERE attrelid = conrelid AND attnum = conkey[2]), confrelid::regclass::text"
            " FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 2"
        )
        standing = set(cursor.fetchall())
    wanted = {
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in apps.get_models()
        if issubclass(model, TenantModel | Membership)
        for field in model._meta.local_fields
        if field.is_relation
        and isinstance(field.related_model, type)
        and issubclass(field.related_model, TenantModel | Membership)
    }
    assert wanted
    assert wanted <= standing
