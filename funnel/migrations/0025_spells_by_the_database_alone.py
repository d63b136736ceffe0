"""Spells are written by the database alone: the trigger works with its owner's rights, and follows what is laid aside.

That the runtime role may not write them stands in the `migrate` command, with all that it may do.
"""

from django.db import migrations

_TELL = """
    CREATE OR REPLACE FUNCTION funnel_tell_what_changed() RETURNS trigger LANGUAGE plpgsql {rights} AS $$
    BEGIN {guard}
        PERFORM funnel_tell_spells(
            organization_id,
            array_agg(DISTINCT opportunity_id),
            CASE WHEN {whole} bool_or(undoes_id IS NOT NULL) THEN '-infinity' ELSE min(occurred_at) END
        ) FROM {touched} GROUP BY organization_id;
        RETURN NULL;
    END $$;
"""
# Policies do not bind the owner: that these rows are of one's own organization was seen when they were written to the
# log, behind its wall, and every statement of funnel_tell_spells names the organization. No other table may call it.
_WITH_OWNERS_RIGHTS = _TELL.format(
    rights="SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp",
    guard="""
        IF TG_RELID <> 'public.funnel_change'::regclass THEN
            RAISE EXCEPTION 'spells are told of funnel_change alone' USING ERRCODE = 'insufficient_privilege';
        END IF;""",
    whole="TG_OP = 'DELETE' OR",
    touched="touched",
)
_AS_CALLER = _TELL.format(rights="", guard="", whole="", touched="added")


class Migration(migrations.Migration):
    dependencies = [("funnel", "0024_spells_without_statistics")]

    operations = [
        migrations.RunSQL(
            f"""
            DROP TRIGGER tells_spells ON funnel_change;
            {_WITH_OWNERS_RIGHTS}
            CREATE TRIGGER tells_spells AFTER INSERT ON funnel_change REFERENCING NEW TABLE AS touched
                FOR EACH STATEMENT EXECUTE FUNCTION funnel_tell_what_changed();
            CREATE TRIGGER forgets_spells AFTER DELETE ON funnel_change REFERENCING OLD TABLE AS touched
                FOR EACH STATEMENT EXECUTE FUNCTION funnel_tell_what_changed();
            """,
            f"""
            DROP TRIGGER forgets_spells ON funnel_change;
            DROP TRIGGER tells_spells ON funnel_change;
            {_AS_CALLER}
            CREATE TRIGGER tells_spells AFTER INSERT ON funnel_change REFERENCING NEW TABLE AS added
                FOR EACH STATEMENT EXECUTE FUNCTION funnel_tell_what_changed();
            """,
        )
    ]
