"""Teams and memberships count their changes, so that a stale form is noticed; the tree has no greatest depth."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_audit_append_only")]

    operations = [
        migrations.AddField("membership", "version", models.PositiveIntegerField(default=1)),
        migrations.AddField("team", "version", models.PositiveIntegerField(default=1)),
        migrations.AlterField("team", "path", models.TextField(db_collation="C", editable=False)),
    ]
