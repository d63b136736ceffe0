"""Indexes that hand over the first of each stage in their order, and hold what figures add up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0006_log_laid_aside"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="opportunity",
            name="opportunity_open",
        ),
        migrations.RemoveIndex(
            model_name="opportunity",
            name="opportunity_won",
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["organization", "stage", "owner", "expected_close_on"],
                include=("amount", "health"),
                name="opportunity_open",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                models.F("organization"),
                models.Case(
                    models.When(health="risk", then=models.Value(0)),
                    models.When(health="watch", then=models.Value(1)),
                    default=models.Value(2),
                    output_field=models.IntegerField(),
                ),
                models.OrderBy(models.F("amount"), descending=True, nulls_last=True),
                models.F("id"),
                condition=models.Q(("status", "open")),
                name="opportunity_first",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                models.F("organization"),
                models.F("stage"),
                models.Case(
                    models.When(health="risk", then=models.Value(0)),
                    models.When(health="watch", then=models.Value(1)),
                    default=models.Value(2),
                    output_field=models.IntegerField(),
                ),
                models.OrderBy(models.F("amount"), descending=True, nulls_last=True),
                models.F("id"),
                condition=models.Q(("status", "open")),
                name="opportunity_first_of_stage",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("status", "won")),
                fields=["organization", "closed_at", "owner"],
                include=("amount", "id"),
                name="opportunity_won",
            ),
        ),
    ]
