"""What PostgreSQL is told about every tenant table: the second lock, written once.

Foreign-key checks bypass row-level security, so every key between tenant tables (and to a
membership) carries the organization too.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import BaseConstraint, Model, UniqueConstraint

POLICY = "organization_wall"
CONDITION = "organization_id = current_setting('app.organization')::bigint"


class RowWall(BaseConstraint):
    """Row-level security, enabled and forced, with exactly one policy."""

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Defer to after the table exists; nothing stands inside CREATE TABLE."""
        assert model is not None  # noqa: S101  # Django's signature is wider than its use
        assert schema_editor is not None  # noqa: S101
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Statement:  # type: ignore[override]  # Django's own constraints return statements too
        """Return the statements that raise the wall."""
        assert model is not None  # noqa: S101
        table = model._meta.db_table
        return _statement(
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY {POLICY} ON "{table}" USING ({CONDITION}) WITH CHECK ({CONDITION})',
        )

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Statement:  # type: ignore[override]  # as above
        """Return the statements that take the wall down."""
        assert model is not None  # noqa: S101
        table = model._meta.db_table
        return _statement(
            f'DROP POLICY {POLICY} ON "{table}"',
            f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowWall) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


class OrganizationKeys(BaseConstraint):
    """Composite foreign keys `(organization_id, x_id)`: a row may only point inside its own organization.

    `keys` is part of the migration, so a new foreign key makes makemigrations write a new one.
    """

    def __init__(self, *, name: str, keys: tuple[tuple[str, str], ...] = ()) -> None:
        """Take pairs of (column, target table)."""
        super().__init__(name=name)
        self.keys = tuple(sorted((column, table) for column, table in keys))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """Return what a migration writes down."""
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, "keys": self.keys}

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Defer to after every table of the migration exists."""
        self.create_sql(model, schema_editor)
        return ""

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Statement:  # type: ignore[override]  # as above
        """Return nothing at once; the keys follow at the migration's end, when their targets stand."""
        assert model is not None  # noqa: S101
        assert schema_editor is not None  # noqa: S101
        table = model._meta.db_table
        for column, target in self.keys:
            schema_editor.deferred_sql.append(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{_key_name(table, column)}" '
                f'FOREIGN KEY (organization_id, "{column}") REFERENCES "{target}" (organization_id, id) '
                "DEFERRABLE INITIALLY DEFERRED"
            )
        return _statement("SELECT 1")

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Statement:  # type: ignore[override]  # as above
        """Return the statements that drop the keys."""
        assert model is not None  # noqa: S101
        table = model._meta.db_table
        drops = [f'ALTER TABLE "{table}" DROP CONSTRAINT "{_key_name(table, column)}"' for column, _ in self.keys]
        return _statement(*(drops or ["SELECT 1"]))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrganizationKeys) and (other.name, other.keys) == (self.name, self.keys)

    def __hash__(self) -> int:
        return hash((self.name, self.keys))


def _key_name(table: str, column: str) -> str:
    return f"{table}_{column}_org"[-63:]


def _statement(*parts: str) -> Statement:
    return Statement("%(sql)s", sql=";\n".join(parts))


def raise_walls(model: type[Model], *, rows: bool, inside: tuple[type[Model], ...]) -> None:
    """Add to `model` its organization key, its composite keys to models of `inside`, and (`rows`) the row wall."""
    table = model._meta.db_table
    keys = tuple(
        (str(field.column), field.related_model._meta.db_table)
        for field in model._meta.local_fields
        if field.is_relation and isinstance(field.related_model, type) and issubclass(field.related_model, inside)
    )
    walls: list[BaseConstraint] = [UniqueConstraint(fields=["organization", "id"], name=f"{table}_key")]
    if rows:
        walls.append(RowWall(name=f"{table}_wall"))
    if keys:
        walls.append(OrganizationKeys(name=f"{table}_keys", keys=keys))
    model._meta.constraints = [*model._meta.constraints, *walls]
    model._meta.original_attrs["constraints"] = model._meta.constraints
