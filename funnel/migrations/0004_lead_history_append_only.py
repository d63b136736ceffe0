"""The history of a lead keeps everything: the database itself refuses update and delete."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0003_leads"), ("tenants", "0002_audit_append_only")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON funnel_leadevent
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            "DROP TRIGGER append_only ON funnel_leadevent;",
        )
    ]
