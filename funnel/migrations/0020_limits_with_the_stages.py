"""Limits of the columns stand with the other settings of a stage."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0019_members_without_part"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="stagesetting",
            name="most_amount",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="stagesetting",
            name="most_count",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="stagesetting",
            constraint=models.CheckConstraint(
                condition=models.Q(("most_amount__gt", 0), ("most_amount", None), _connector="OR"),
                name="most_amount_positive",
            ),
        ),
        migrations.DeleteModel(
            name="StageLimit",
        ),
    ]
