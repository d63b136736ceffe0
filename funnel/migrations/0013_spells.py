"""Spells: the change log as one asks it; and a change that only the exchange rate made."""

import django.db.models.deletion
import tenants.models
import tenants.scoping
import tenants.walls
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0012_approvals"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Spell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("status", models.CharField(max_length=10)),
                ("stage", models.PositiveSmallIntegerField()),
                ("stage_entered_at", models.DateTimeField()),
                ("left_to", models.PositiveSmallIntegerField(null=True)),
                ("percent", models.PositiveSmallIntegerField()),
                ("category", models.CharField(max_length=10)),
                ("amount", models.BigIntegerField(null=True)),
                ("priced", models.PositiveSmallIntegerField()),
                ("expected_close_on", models.DateField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="change",
            name="change_kind_known",
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "created",
                            "amount",
                            "rate",
                            "expected_close",
                            "stage",
                            "owner",
                            "category",
                            "won",
                            "lost",
                            "abandoned",
                            "reopened",
                        ],
                    )
                ),
                name="change_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="spell",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="spells",
                to="funnel.opportunity",
            ),
        ),
        migrations.AddField(
            model_name="spell",
            name="organization",
            field=models.ForeignKey(
                default=tenants.scoping.current_organization_id,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenants.organization",
            ),
        ),
        migrations.AddField(
            model_name="spell",
            name="owner",
            field=tenants.models.TenantForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["organization", "until_at", "from_at"],
                include=("opportunity", "stage", "percent", "category", "owner", "amount", "expected_close_on"),
                name="spell_open",
            ),
        ),
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "open"), models.Q(("category", "omitted"), _negated=True)),
                fields=["organization", "expected_close_on", "until_at", "from_at"],
                include=("opportunity", "owner", "amount", "priced"),
                name="spell_due",
            ),
        ),
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("left_to__isnull", False)),
                fields=["organization", "stage", "stage_entered_at"],
                include=("until_at", "left_to", "opportunity", "owner"),
                name="spell_left",
            ),
        ),
        migrations.AddConstraint(
            model_name="spell",
            constraint=models.UniqueConstraint(
                fields=("organization", "opportunity", "from_at"), name="one_spell_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="spell",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_spell_key"),
        ),
        migrations.AddConstraint(
            model_name="spell",
            constraint=tenants.walls.RowWall(name="funnel_spell_wall"),
        ),
        migrations.AddConstraint(
            model_name="spell",
            constraint=tenants.walls.OrganizationKeys(
                keys=(("opportunity_id", "funnel_opportunity"), ("owner_id", "tenants_membership")),
                name="funnel_spell_keys",
            ),
        ),
    ]
