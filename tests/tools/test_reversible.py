"""Migrations go backward as they go forward."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader


@pytest.mark.django_db(databases=["owner"])
def test_every_migration_of_ours_can_be_taken_back() -> None:
    """What it would tell the database is written down, not said: a state that cannot be gone back to shows here."""
    connection = connections["owner"]
    loader = MigrationLoader(connection)
    ours = {config.label for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR}
    state = loader.project_state(())
    stuck = {}
    plan = dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf))
    for key in plan:
        migration = loader.graph.nodes[key]
        if key[0] in ours:
            try:
                with connection.schema_editor(collect_sql=True, atomic=False) as editor:
                    migration.unapply(state.clone(), editor, collect_sql=True)
            except Exception as trouble:
                stuck[key] = repr(trouble)
        migration.mutate_state(state, preserve=False)
    assert stuck == {}
