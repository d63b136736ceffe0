"""A next action may find out something that we do not know about an opportunity."""

import django.db.models.deletion
import tenants.models
import tenants.walls
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_contact_last_met"),
        ("activities", "0001_initial"),
        ("funnel", "0009_strategy_sheet"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="nextaction",
            name="activities_nextaction_keys",
        ),
        migrations.AddField(
            model_name="nextaction",
            name="gap",
            field=tenants.models.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="next_actions",
                to="funnel.informationgap",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextaction",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("account_id", "accounts_account"),
                    ("created_by_id", "tenants_membership"),
                    ("gap_id", "funnel_informationgap"),
                    ("opportunity_id", "funnel_opportunity"),
                    ("owner_id", "tenants_membership"),
                ),
                name="activities_nextaction_keys",
            ),
        ),
    ]
