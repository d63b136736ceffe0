"""Copies what stands filed of size, budget and schedule to the opportunities; the budget of the later stage counts."""

from django.db import migrations

TOLD = """
    UPDATE funnel_opportunity o SET size = told.size, budget = told.budget, schedule_on = told.schedule_on
    FROM (SELECT e.organization_id, e.opportunity_id, max(e.amount) FILTER (WHERE i.code = 'size') AS size,
                 coalesce(max(e.amount) FILTER (WHERE i.code = 'budget_clear'),
                          max(e.amount) FILTER (WHERE i.code = 'budget')) AS budget,
                 max(e."on") FILTER (WHERE i.code = 'schedule') AS schedule_on
          FROM funnel_evidence e
          JOIN funnel_evidenceitem i ON i.organization_id = e.organization_id AND i.id = e.item_id
          WHERE e.state <> 'sent_back' AND i.code IN ('size', 'budget', 'budget_clear', 'schedule')
          GROUP BY e.organization_id, e.opportunity_id) told
    WHERE told.organization_id = o.organization_id AND told.opportunity_id = o.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0032_what_the_customer_told"),
    ]

    operations = [
        migrations.RunSQL(sql=TOLD, reverse_sql=migrations.RunSQL.noop),
    ]
