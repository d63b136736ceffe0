"""Evidence that is proven by who else competes: those on the strategy sheet, or that there is no rival."""

from django.db import migrations, models

_KNOWN = "fact document person date amount"


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0029_what_is_proven_is_logged"),
    ]

    operations = [
        migrations.AddField("evidence", "has_rivals", models.BooleanField(null=True)),
        migrations.RemoveConstraint("evidenceitem", "evidence_kind_known"),
        migrations.AddConstraint(
            "evidenceitem",
            models.CheckConstraint(
                condition=models.Q(kind__in=[*_KNOWN.split(), "rivals"]), name="evidence_kind_known"
            ),
        ),
    ]
