"""What is open starts its record of what is proven today; of the time before, only that Discover asks for nothing less.

Its claimed percentage stays what the last row made it. Backwards, the log forgets what the old code cannot read.
"""

from django.db import migrations

_SEED = """
SET LOCAL statement_timeout = 0;
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT organization_id AS org, array_agg(id) AS ids FROM funnel_opportunity WHERE status = 'open'
        GROUP BY organization_id, id / 5000
    LOOP
        INSERT INTO funnel_change
            (organization_id, opportunity_id, kind, old, new, percent, why, occurred_at, recorded_at)
        SELECT o.organization_id, o.id, 'proven', NULL,
            jsonb_build_object('stage', o.proven_stage, 'percent', coalesce(g.percent, standard.percent)),
            s.percent, '', now(), now()
        FROM funnel_opportunity o
        JOIN funnel_spell s ON s.organization_id = o.organization_id AND s.opportunity_id = o.id
            AND s.until_at = '9999-01-01T00:00:00Z'
        JOIN (VALUES (1, 0), (2, 10), (3, 20), (4, 40), (5, 60), (6, 80), (7, 100)) AS standard (stage, percent)
            ON standard.stage = o.proven_stage
        LEFT JOIN funnel_stagesetting g ON g.organization_id = o.organization_id AND g.stage = o.proven_stage
        WHERE o.organization_id = part.org AND o.id = ANY(part.ids);
    END LOOP;
END $$;
UPDATE funnel_spell SET proven_percent = percent WHERE stage = 1 AND proven_percent IS NULL;
"""
_FORGET = """
SET LOCAL statement_timeout = 0;
ALTER TABLE funnel_change DISABLE TRIGGER append_only;
DELETE FROM funnel_change WHERE kind = 'proven';
UPDATE funnel_change SET new = new - 'proven' WHERE kind = 'created' AND new ? 'proven';
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE funnel_change ENABLE TRIGGER append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("funnel", "0028_how_far_it_was_proven")]

    operations = [migrations.RunSQL(_SEED, _FORGET)]
