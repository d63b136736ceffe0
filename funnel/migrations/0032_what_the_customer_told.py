"""What the customer told of size, budget and schedule stands on the opportunity, so that lists sort and narrow by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0031_competitors_are_rivals"),
    ]

    operations = [
        migrations.AddField("opportunity", "size", models.BigIntegerField(null=True)),
        migrations.AddField("opportunity", "budget", models.BigIntegerField(null=True)),
        migrations.AddField("opportunity", "schedule_on", models.DateField(null=True)),
    ]
