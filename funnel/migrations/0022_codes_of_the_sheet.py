"""What can only be a code of ours is held by the database."""

import funnel.leads
import funnel.strategy
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
                            funnel.strategy.Role["EB"],
                            funnel.strategy.Role["USER"],
                            funnel.strategy.Role["TECHNICAL"],
                            funnel.strategy.Role["SPONSOR"],
                            funnel.strategy.Role["COACH"],
                            funnel.strategy.Role["OPPONENT"],
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
                        [funnel.leads.Answer["UNKNOWN"], funnel.leads.Answer["YES"], funnel.leads.Answer["NO"]],
                    ),
                    (
                        "need__in",
                        [funnel.leads.Answer["UNKNOWN"], funnel.leads.Answer["YES"], funnel.leads.Answer["NO"]],
                    ),
                ),
                name="need_and_compete_known",
            ),
        ),
    ]
