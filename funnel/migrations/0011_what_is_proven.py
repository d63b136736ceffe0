"""Gives the standard evidence its kinds, and says how far what is open is proven: so far nobody judged anything."""

from django.db import migrations

KINDS = """
    UPDATE funnel_evidenceitem SET kind = standard.kind
    FROM (VALUES ('opportunity_plan', 'document'), ('key_people', 'person'), ('size', 'amount'), ('schedule', 'date'),
                 ('budget', 'amount'), ('budget_clear', 'amount'), ('relationship_built', 'person'),
                 ('requirements_confirmed', 'document'), ('vision_shared', 'person'), ('verbal_approval', 'person'),
                 ('signed_agreement', 'document'), ('deployment_under_way', 'date')) AS standard (code, kind)
    WHERE funnel_evidenceitem.code = standard.code
"""
# Where no item was ever edited the standard ones hold, and the first of them stands in the first stage.
PROVEN = """
    UPDATE funnel_opportunity SET proven_stage = LEAST(funnel_opportunity.stage, demanded.first)
    FROM (SELECT organization_id, COALESCE(MIN(stage) FILTER (WHERE is_active), 7) AS first
          FROM funnel_evidenceitem GROUP BY organization_id) AS demanded
    WHERE demanded.organization_id = funnel_opportunity.organization_id AND demanded.first > 1
          AND funnel_opportunity.stage > 1
"""


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0010_evidence_judged"),
    ]

    operations = [
        migrations.RunSQL(sql=KINDS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=PROVEN, reverse_sql=migrations.RunSQL.noop),
    ]
