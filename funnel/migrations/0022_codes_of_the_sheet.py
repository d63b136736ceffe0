"""What can only be a code of ours is held by the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_contact_last_met"),
        ("funnel", "0021_closed_spells"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "also__contained_by",
                        [
                            "eb",
                            "user",
                            "technical",
                            "sponsor",
                            "coach",
                            "opponent",
                        ],
                    )
                ),
                name="other_roles_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "compete__in",
                        ["unknown", "yes", "no"],
                    ),
                    (
                        "need__in",
                        ["unknown", "yes", "no"],
                    ),
                ),
                name="need_and_compete_known",
            ),
        ),
    ]
