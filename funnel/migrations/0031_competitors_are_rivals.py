"""Has the standard item about competitors ask who they are. What was filed in words stays as it is, and proves that."""

from django.db import migrations

ASKED = "UPDATE funnel_evidenceitem SET kind = 'rivals' WHERE code = 'competitors' AND kind = 'fact'"
# Back: what was filed keeps in words who competes, and that nobody does.
TOLD = """
    UPDATE funnel_evidence SET note = left(concat_ws(E'\\n', nullif(note, ''),
        (SELECT string_agg(a.name, ', ' ORDER BY r.id) FROM funnel_rival r
         JOIN accounts_account a ON a.organization_id = r.organization_id AND a.id = r.competitor_id
         WHERE r.organization_id = funnel_evidence.organization_id
               AND r.opportunity_id = funnel_evidence.opportunity_id)), 2000)
    WHERE has_rivals
"""
FACT = "UPDATE funnel_evidenceitem SET kind = 'fact' WHERE kind = 'rivals'"


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0030_rivals_as_evidence"),
    ]

    operations = [
        migrations.RunSQL(sql=migrations.RunSQL.noop, reverse_sql=TOLD),
        migrations.RunSQL(sql=ASKED, reverse_sql=FACT),
    ]
