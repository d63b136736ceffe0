"""The audit keeps everything: the database refuses TRUNCATE too, of whoever owns the table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_daily_mail")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER never_emptied BEFORE TRUNCATE ON tenants_auditevent
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            "DROP TRIGGER never_emptied ON tenants_auditevent;",
        )
    ]
