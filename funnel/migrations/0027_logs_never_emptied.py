"""The logs keep everything: the database refuses TRUNCATE too, of whoever owns the tables, cascades included."""

from django.db import migrations

LOGS = ("funnel_change", "funnel_withdrawnchange", "funnel_leadevent")


class Migration(migrations.Migration):
    dependencies = [("funnel", "0026_spells_due_with_their_stage"), ("tenants", "0002_audit_append_only")]

    operations = [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {log}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            f"DROP TRIGGER never_emptied ON {log};",
        )
        for log in LOGS
    ]
