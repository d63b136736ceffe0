"""Whether a person wants the daily summary by e-mail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0005_invitation_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="daily_mail",
            field=models.BooleanField(default=True, verbose_name="Daily summary by e-mail"),
        ),
    ]
