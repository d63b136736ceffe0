"""The spells of the logs there are, organization by organization and some thousand opportunities at a time."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0014_spells_told")]

    operations = [
        migrations.RunSQL(
            """
            SET LOCAL statement_timeout = 0;
            SELECT funnel_tell_spells(organization_id, array_agg(id), '-infinity')
            FROM funnel_opportunity GROUP BY organization_id, id / 5000;
            """,
            "DELETE FROM funnel_spell;",
        )
    ]
