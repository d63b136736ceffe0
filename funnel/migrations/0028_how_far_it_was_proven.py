"""How far the evidence reached: a kind of row in the change log, and what the spells tell of it."""

from django.db import migrations, models

_TELL = """
-- Writes the spells of these opportunities anew, as far as a change at `since` or later touches them.
-- The same as as_it_stood(effective(events), when) of funnel/history.py; a property test holds them together.
CREATE OR REPLACE FUNCTION funnel_tell_spells(org bigint, opportunities bigint[], since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    undone bigint[] := ARRAY(
        SELECT undoes_id FROM funnel_change
        WHERE organization_id = org AND opportunity_id = ANY(opportunities) AND undoes_id IS NOT NULL
    );
BEGIN
    DELETE FROM funnel_spell
    WHERE organization_id = org AND opportunity_id = ANY(opportunities) AND until_at >= since;
    INSERT INTO funnel_spell
        (organization_id, opportunity_id, from_at, until_at, status, stage, stage_entered_at, left_to,
         percent, {columns} category, owner_id, amount, priced, expected_close_on, closed_at)
    SELECT * FROM (
        SELECT
            org, opportunity_id, occurred_at,
            coalesce(lead(occurred_at) OVER later, '9999-01-01T00:00:00Z') AS until_at,
            state->>'status', (state->>'stage')::smallint, stage_entered_at,
            CASE
                WHEN state->>'status' <> 'open' THEN NULL
                WHEN lead(state->>'status') OVER later IN ('lost', 'abandoned') THEN 0
                WHEN lead(state->>'status') OVER later = 'won' THEN 7
                WHEN lead(state->>'stage') OVER later <> state->>'stage'
                    THEN (lead(state->>'stage') OVER later)::smallint
            END,
            {values} state->>'category', (state->>'owner')::bigint, (state->>'amount')::bigint, priced,
            (state->>'expected_close')::date, (state->>'closed_at')::timestamptz
        FROM (
            SELECT *, max(occurred_at) FILTER (WHERE moved) OVER sofar AS stage_entered_at
            FROM (
                SELECT *, state->>'stage' IS DISTINCT FROM lag(state->>'stage') OVER sofar AS moved
                FROM (
                    SELECT
                        c.opportunity_id, c.occurred_at, c.id, c.percent,
                        jsonb_merged(
                            CASE c.kind
                                WHEN 'created' THEN c.new || jsonb_build_object('closed_at', NULL{percent})
                                WHEN 'stage' THEN jsonb_build_object('stage', c.new{percent})
                                WHEN 'amount' THEN jsonb_build_object('amount', c.new{percent})
                                WHEN 'rate' THEN jsonb_build_object('amount', c.new{percent})
                                WHEN 'expected_close' THEN jsonb_build_object('expected_close', c.new{percent})
                                WHEN 'owner' THEN jsonb_build_object('owner', c.new{percent})
                                WHEN 'category' THEN jsonb_build_object('category', c.new{percent})
                                {kind}
                                ELSE c.new{ended}
                            END
                        ) OVER sofar AS state,
                        count(*) FILTER (WHERE c.kind = 'amount') OVER sofar AS priced,
                        bool_or(c.kind = 'created') OVER sofar AS is_there,
                        lead(c.occurred_at) OVER sofar AS next_at
                    FROM funnel_change c
                    WHERE c.organization_id = org AND c.opportunity_id = ANY(opportunities)
                        AND c.undoes_id IS NULL
                        AND c.id NOT IN (SELECT unnest(undone))
                    WINDOW sofar AS (PARTITION BY c.opportunity_id ORDER BY c.occurred_at, c.id)
                ) AS merged
                WHERE is_there
                WINDOW sofar AS (PARTITION BY opportunity_id ORDER BY occurred_at, id)
            ) AS marked
            WINDOW sofar AS (PARTITION BY opportunity_id ORDER BY occurred_at, id)
        ) AS dated
        WHERE next_at IS DISTINCT FROM occurred_at
        WINDOW later AS (PARTITION BY opportunity_id ORDER BY occurred_at, id)
    ) AS told
    WHERE until_at >= since;
END $$;
"""
_WITH_PROOF = _TELL.format(
    columns="proven_to, proven_percent,",
    values="""(state->>'percent')::smallint, (state->'proven'->>'stage')::smallint,
            CASE
                WHEN (state->>'stage')::smallint <= coalesce((state->'proven'->>'stage')::smallint, 1)
                    THEN (state->>'percent')::smallint
                WHEN state->'proven'->>'stage' IS NOT NULL
                    THEN least((state->>'percent')::smallint, (state->'proven'->>'percent')::smallint)
            END,""",
    percent=", 'percent', c.percent",
    ended=" || jsonb_build_object('percent', c.percent)",
    kind="WHEN 'proven' THEN jsonb_build_object('proven', c.new)",
)
_WITHOUT = _TELL.format(columns="", values="percent,", percent="", ended="", kind="")
_KINDS = [
    *("created", "amount", "rate", "expected_close", "stage", "owner", "category"),
    *("won", "lost", "abandoned", "reopened"),
]


class Migration(migrations.Migration):
    dependencies = [("funnel", "0027_logs_never_emptied")]

    operations = [
        migrations.RemoveConstraint(model_name="change", name="change_kind_known"),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [*_KINDS, "proven"])), name="change_kind_known"
            ),
        ),
        migrations.AddField(model_name="spell", name="proven_to", field=models.PositiveSmallIntegerField(null=True)),
        migrations.AddField(
            model_name="spell", name="proven_percent", field=models.PositiveSmallIntegerField(null=True)
        ),
        migrations.RemoveIndex(model_name="spell", name="spell_open"),
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["organization", "until_at", "from_at"],
                include=(
                    *("opportunity", "stage", "percent", "category", "owner", "amount", "expected_close_on"),
                    "proven_percent",
                ),
                name="spell_open",
            ),
        ),
        migrations.RunSQL(_WITH_PROOF, _WITHOUT),
    ]
