"""A row of the change log may go when it stands, word for word, among the withdrawn ones; those keep everything."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0005_withdrawn_changes"), ("tenants", "0002_audit_append_only")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_unless_laid_aside() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND EXISTS (
                    SELECT FROM funnel_withdrawnchange w
                    WHERE w.organization_id = OLD.organization_id AND w.change_id = OLD.id
                    AND (w.opportunity_id, w.kind, w.old, w.new, w.percent, w.by_id, w.why, w.occurred_at,
                         w.recorded_at, w.undoes_id)
                        IS NOT DISTINCT FROM
                        (OLD.opportunity_id, OLD.kind, OLD.old, OLD.new, OLD.percent, OLD.by_id, OLD.why,
                         OLD.occurred_at, OLD.recorded_at, OLD.undoes_id)
                ) THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
            END $$;
            DROP TRIGGER append_only ON funnel_change;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON funnel_change
                FOR EACH ROW EXECUTE FUNCTION refuse_unless_laid_aside();
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON funnel_withdrawnchange
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER append_only ON funnel_withdrawnchange;
            DROP TRIGGER append_only ON funnel_change;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON funnel_change
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            DROP FUNCTION refuse_unless_laid_aside();
            """,
        )
    ]
