"""Indexes that hold what a period closed, and whether a forecast counts what is open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0007_first_of_each_stage"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="opportunity",
            name="opportunity_open",
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["organization", "stage", "owner", "expected_close_on"],
                include=("amount", "health", "category"),
                name="opportunity_open",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("status", "open"), _negated=True),
                fields=["organization", "closed_at", "owner", "stage"],
                include=("status", "amount"),
                name="opportunity_closed",
            ),
        ),
    ]
