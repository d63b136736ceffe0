"""An invitation knows when its mail could not be sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="mail_failed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
