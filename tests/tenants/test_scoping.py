"""The first lock: no scope, no rows."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from tenants.models import AuditEvent, Holiday, Team
from tenants.scoping import NoOrganization, working_for
from tests.cast import AT, Cast

pytestmark = pytest.mark.django_db


def test_outside_a_scope_every_use_raises(acme: Cast) -> None:
    for use in (
        lambda: Team.objects.exists(),
        lambda: Team.objects.create(name="x", path=""),
        lambda: Team(name="x", path="", organization=acme.org).save(),
        lambda: list(acme.rep.team.children.all()),
    ):
        with pytest.raises(NoOrganization):
            use()


def test_inside_a_scope_only_its_rows(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org):
        assert {team.organization_id for team in Team.objects.all()} == {acme.org.pk}
        assert not Team.objects.filter(pk=globex.team.pk).exists()


def test_the_database_alone_shows_nothing_foreign(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT organization_id FROM tenants_team")
        assert cursor.fetchall() == [(acme.org.pk,)]
        cursor.execute("UPDATE tenants_team SET name = 'mine' WHERE id = %s", [globex.team.pk])
        assert cursor.rowcount == 0


def test_without_an_organization_the_database_refuses(acme: Cast) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_team")


def test_a_row_for_another_organization_is_refused(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org), pytest.raises(DatabaseError), transaction.atomic():
        Holiday.objects.create(organization=globex.org, on=AT.date(), name="x")


def test_a_key_into_another_organization_is_refused(acme: Cast, globex: Cast) -> None:
    with working_for(acme.org):
        Team.objects.create(name="x", path="", parent=globex.team)
        with pytest.raises(IntegrityError):
            connection.check_constraints()


def test_the_audit_cannot_be_changed(acme: Cast) -> None:
    with working_for(acme.org):
        event = AuditEvent.objects.first()
        assert event is not None
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEvent.objects.update(verb="x")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AuditEvent.objects.all().delete()
