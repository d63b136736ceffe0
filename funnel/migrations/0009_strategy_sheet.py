"""The strategy sheet: who decides, the rivals, what is missing; and to which competitor an opportunity was lost."""

import django.contrib.postgres.fields
import django.db.models.deletion
import tenants.models
import tenants.scoping
import tenants.walls
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_contact_last_met"),
        ("funnel", "0008_what_was_closed"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="DecisionRole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=10, verbose_name="Role")),
                (
                    "also",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                (
                    "influence",
                    models.PositiveSmallIntegerField(default=2, verbose_name="Influence"),
                ),
                ("attitude", models.SmallIntegerField(blank=True, null=True, verbose_name="Attitude to us")),
                ("win", models.CharField(blank=True, max_length=500, verbose_name="What a win is for them")),
                ("last_met_on", models.DateField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-influence", "id"],
            },
        ),
        migrations.CreateModel(
            name="InformationGap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=200, verbose_name="What we do not know")),
                ("answer", models.CharField(blank=True, max_length=500, verbose_name="What we found out")),
                ("sought_until", models.DateField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("request_key", models.UUIDField(editable=False, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Rival",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("strengths", models.TextField(blank=True, max_length=2000, verbose_name="Their strengths")),
                ("weaknesses", models.TextField(blank=True, max_length=2000, verbose_name="Their weaknesses")),
                ("answer", models.TextField(blank=True, max_length=2000, verbose_name="Our answer")),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Strategy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("strengths", models.TextField(blank=True, max_length=2000, verbose_name="Strengths")),
                ("weaknesses", models.TextField(blank=True, max_length=2000, verbose_name="Weaknesses")),
                ("openings", models.TextField(blank=True, max_length=2000, verbose_name="Opportunities")),
                ("threats", models.TextField(blank=True, max_length=2000, verbose_name="Threats")),
                ("ucv", models.TextField(blank=True, max_length=2000, verbose_name="Unique customer value")),
                ("ladder", models.CharField(blank=True, max_length=20, verbose_name="Relationship ladder")),
                ("win_how", models.TextField(blank=True, max_length=2000, verbose_name="How")),
                ("need", models.CharField(default="unknown", max_length=10)),
                ("compete", models.CharField(default="unknown", max_length=10)),
                ("verdict", models.CharField(blank=True, max_length=5, verbose_name="Go or no-go")),
                ("verdict_why", models.CharField(blank=True, max_length=500, verbose_name="Why")),
                ("verdict_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("updated_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="opportunity",
            name="funnel_opportunity_keys",
        ),
        migrations.AddField(
            model_name="opportunity",
            name="lost_to",
            field=tenants.models.TenantForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="won_from_us",
                to="accounts.account",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("lost_to__isnull", False)),
                fields=["organization", "lost_to"],
                name="opportunity_lost_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("account_id", "accounts_account"),
                    ("lost_to_id", "accounts_account"),
                    ("owner_id", "tenants_membership"),
                    ("product_id", "accounts_product"),
                    ("updated_by_id", "tenants_membership"),
                ),
                name="funnel_opportunity_keys",
            ),
        ),
        migrations.AddField(
            model_name="decisionrole",
            name="contact",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="roles", to="accounts.contact"
            ),
        ),
        migrations.AddField(
            model_name="decisionrole",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="funnel.opportunity"
            ),
        ),
        migrations.AddField(
            model_name="decisionrole",
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
            model_name="decisionrole",
            name="reports_to",
            field=tenants.models.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="reports",
                to="funnel.decisionrole",
            ),
        ),
        migrations.AddField(
            model_name="decisionrole",
            name="updated_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="informationgap",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="gaps", to="funnel.opportunity"
            ),
        ),
        migrations.AddField(
            model_name="informationgap",
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
            model_name="informationgap",
            name="sought_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="informationgap",
            name="updated_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="rival",
            name="competitor",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rivalries", to="accounts.account"
            ),
        ),
        migrations.AddField(
            model_name="rival",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="rivals", to="funnel.opportunity"
            ),
        ),
        migrations.AddField(
            model_name="rival",
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
            model_name="rival",
            name="updated_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="strategy",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="strategies", to="funnel.opportunity"
            ),
        ),
        migrations.AddField(
            model_name="strategy",
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
            model_name="strategy",
            name="updated_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="strategy",
            name="verdict_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="strategy",
            name="win_next",
            field=tenants.models.TenantForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="funnel.decisionrole",
            ),
        ),
        migrations.AddIndex(
            model_name="decisionrole",
            index=models.Index(
                condition=models.Q(("role", "eb")),
                fields=["organization", "opportunity"],
                include=("last_met_on", "attitude"),
                name="buyer_of_opportunity",
            ),
        ),
        migrations.AddIndex(
            model_name="decisionrole",
            index=models.Index(fields=["organization", "contact"], name="role_of_contact"),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.UniqueConstraint(
                fields=("organization", "opportunity", "contact"), name="person_once_on_a_sheet"
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
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
                name="decision_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "influence__in",
                        [
                            1,
                            2,
                            3,
                        ],
                    )
                ),
                name="influence_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "attitude__in",
                        [
                            -2,
                            -1,
                            0,
                            1,
                            2,
                        ],
                    ),
                    ("attitude", None),
                    _connector="OR",
                ),
                name="attitude_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reports_to", models.F("id")), _negated=True), ("reports_to", None), _connector="OR"
                ),
                name="nobody_reports_to_themselves",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_decisionrole_key"),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=tenants.walls.RowWall(name="funnel_decisionrole_wall"),
        ),
        migrations.AddConstraint(
            model_name="decisionrole",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("contact_id", "accounts_contact"),
                    ("opportunity_id", "funnel_opportunity"),
                    ("reports_to_id", "funnel_decisionrole"),
                    ("updated_by_id", "tenants_membership"),
                ),
                name="funnel_decisionrole_keys",
            ),
        ),
        migrations.AddIndex(
            model_name="informationgap",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["organization", "opportunity"],
                name="gap_open_of_opportunity",
            ),
        ),
        migrations.AddConstraint(
            model_name="informationgap",
            constraint=models.UniqueConstraint(
                condition=models.Q(("request_key__isnull", False)),
                fields=("organization", "request_key"),
                name="gap_request_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="informationgap",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_informationgap_key"),
        ),
        migrations.AddConstraint(
            model_name="informationgap",
            constraint=tenants.walls.RowWall(name="funnel_informationgap_wall"),
        ),
        migrations.AddConstraint(
            model_name="informationgap",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("opportunity_id", "funnel_opportunity"),
                    ("sought_by_id", "tenants_membership"),
                    ("updated_by_id", "tenants_membership"),
                ),
                name="funnel_informationgap_keys",
            ),
        ),
        migrations.AddIndex(
            model_name="rival",
            index=models.Index(fields=["organization", "competitor"], name="rival_by_competitor"),
        ),
        migrations.AddConstraint(
            model_name="rival",
            constraint=models.UniqueConstraint(fields=("organization", "opportunity", "competitor"), name="rival_once"),
        ),
        migrations.AddConstraint(
            model_name="rival",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_rival_key"),
        ),
        migrations.AddConstraint(
            model_name="rival",
            constraint=tenants.walls.RowWall(name="funnel_rival_wall"),
        ),
        migrations.AddConstraint(
            model_name="rival",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("competitor_id", "accounts_account"),
                    ("opportunity_id", "funnel_opportunity"),
                    ("updated_by_id", "tenants_membership"),
                ),
                name="funnel_rival_keys",
            ),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.UniqueConstraint(fields=("organization", "opportunity"), name="one_strategy"),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "ladder__in",
                        [
                            "",
                            "vendor",
                            "credible_source",
                            "problem_solver",
                            "trusted_adviser",
                        ],
                    )
                ),
                name="ladder_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["", "go", "no_go"])),
                name="verdict_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("verdict", ""), ("verdict_at", None)),
                    models.Q(models.Q(("verdict", ""), _negated=True), ("verdict_at__isnull", False)),
                    _connector="OR",
                ),
                name="verdict_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_strategy_key"),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=tenants.walls.RowWall(name="funnel_strategy_wall"),
        ),
        migrations.AddConstraint(
            model_name="strategy",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("opportunity_id", "funnel_opportunity"),
                    ("updated_by_id", "tenants_membership"),
                    ("verdict_by_id", "tenants_membership"),
                    ("win_next_id", "funnel_decisionrole"),
                ),
                name="funnel_strategy_keys",
            ),
        ),
    ]
