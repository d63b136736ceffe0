"""A stored forecast keeps how much of its weighted pipeline was proven; of evenings before this nobody knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0002_health"),
    ]

    operations = [
        migrations.AddField(
            model_name="forecastsnapshot",
            name="open_proven",
            field=models.BigIntegerField(null=True),
        ),
    ]
