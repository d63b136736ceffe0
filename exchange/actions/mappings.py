"""Mappings kept under a name, for the next file of the same kind."""

from datetime import datetime

from django.db import IntegrityError, transaction

from exchange.actions._locks import unlocked
from exchange.models import Import, SavedMapping, own_headings
from exchange.states import ImportState
from tenants import audit
from tenants.actions.locking import refuse_stale
from tenants.errors import Refused
from tenants.models import Membership

LONGEST_NAME = 80


@transaction.atomic
def save_mapping(imported: Import, *, name: str, by: Membership, at: datetime) -> SavedMapping:
    """Keep an import's columns and answers under a name; a name that is known already gets them anew,
    the same again leaves no trace.

    :raises Refused: name_missing, name_too_long; import_running; import_not_run: nothing came of it yet.
    """
    name = _checked(name)
    imported = unlocked(imported)
    if imported.state != ImportState.DONE or imported.purged_at is not None:
        raise Refused("import_not_run")
    found: SavedMapping
    found, made = SavedMapping.objects.select_for_update().get_or_create(
        target=imported.target, name=name, defaults={"by": by, "created_at": at, "updated_at": at}
    )
    was = (found.headings, found.columns, found.answers)
    found.headings = own_headings(imported.headers)
    found.columns = {code: imported.header_of(column) for code, column in imported.mapping.items()}
    found.answers = dict(imported.answers)
    if not made and was == (found.headings, found.columns, found.answers):
        return found
    found.updated_at = at
    found.version += 0 if made else 1
    found.save()
    audit.record("import_mapping.saved", found, by=by, at=at, columns=found.columns)
    return found


@transaction.atomic
def rename_mapping(mapping: SavedMapping, *, name: str, seen: int, by: Membership, at: datetime) -> SavedMapping:
    """Call a mapping something else.

    :raises Refused: name_missing, name_too_long, name_taken.
    :raises Stale: somebody changed it since version `seen`.
    """
    name = _checked(name)
    mapping = SavedMapping.objects.select_for_update().get(pk=mapping.pk)
    refuse_stale(mapping, seen, "name")
    if mapping.name == name:
        return mapping
    before, mapping.name = mapping.name, name
    mapping.version, mapping.updated_at = mapping.version + 1, at
    try:
        with transaction.atomic():
            mapping.save(update_fields=["name", "version", "updated_at"])
    except IntegrityError as error:
        raise Refused("name_taken") from error
    audit.record("import_mapping.renamed", mapping, by=by, at=at, changes={"name": [before, name]})
    return mapping


@transaction.atomic
def forget_mapping(mapping: SavedMapping, *, by: Membership, at: datetime) -> None:
    """Keep a mapping no more, which may be gone already; imports that used it are as they were."""
    if not SavedMapping.objects.select_for_update().filter(pk=mapping.pk).exists():
        return
    audit.record("import_mapping.deleted", mapping, by=by, at=at)
    mapping.delete()


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise Refused("name_missing")
    if len(name) > LONGEST_NAME:
        raise Refused("name_too_long")
    return name
