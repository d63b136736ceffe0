"""Evidence has a value by its kind and a verdict; how far an opportunity is proven; going on without evidence."""

import django.db.models.deletion
import tenants.models
import tenants.scoping
import tenants.walls
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_search_rows_without_owner"),
        ("funnel", "0009_strategy_sheet"),
        ("jobs", "0002_stored_file_without_owner"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="StageOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stage", models.PositiveSmallIntegerField()),
                ("why", models.CharField(max_length=500)),
                ("until", models.DateField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="evidence",
            name="funnel_evidence_keys",
        ),
        migrations.RemoveIndex(
            model_name="opportunity",
            name="opportunity_open",
        ),
        migrations.AddField(
            model_name="evidence",
            name="amount",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="contact",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.contact"
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="file",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.storedfile"
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="judged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="judged_by",
            field=tenants.models.TenantForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="evidence",
            name="state",
            field=models.CharField(default="filed", max_length=10),
        ),
        migrations.AddField(
            model_name="evidence",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="evidence",
            name="word",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="evidenceitem",
            name="kind",
            field=models.CharField(default="fact", max_length=10, verbose_name="Kind"),
        ),
        migrations.AddField(
            model_name="opportunity",
            name="proven_stage",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name="evidence",
            name="note",
            field=models.TextField(blank=True, max_length=2000, verbose_name="Note"),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("state", "filed")),
                fields=["organization", "at"],
                include=("opportunity", "item"),
                name="evidence_to_verify",
            ),
        ),
        migrations.AddIndex(
            model_name="opportunity",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["organization", "stage", "owner", "expected_close_on"],
                include=("amount", "health", "category", "proven_stage"),
                name="opportunity_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "filed",
                            "verified",
                            "sent_back",
                            "confirmed",
                        ],
                    )
                ),
                name="evidence_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("judged_at", None), ("judged_by", None), ("state", "filed")),
                    models.Q(
                        ("judged_at__isnull", False),
                        ("judged_by__isnull", False),
                        (
                            "state__in",
                            (
                                "verified",
                                "sent_back",
                                "confirmed",
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="verdict_has_its_judge",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sent_back"), _negated=True),
                    models.Q(("word", ""), _negated=True),
                    _connector="OR",
                ),
                name="sent_back_with_a_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0), ("amount", None), _connector="OR"),
                name="evidence_amount_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=tenants.walls.OrganizationKeys(
                keys=(
                    ("by_id", "tenants_membership"),
                    ("contact_id", "accounts_contact"),
                    ("file_id", "jobs_storedfile"),
                    ("item_id", "funnel_evidenceitem"),
                    ("judged_by_id", "tenants_membership"),
                    ("opportunity_id", "funnel_opportunity"),
                ),
                name="funnel_evidence_keys",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidenceitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "fact",
                            "document",
                            "person",
                            "date",
                            "amount",
                        ],
                    )
                ),
                name="evidence_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="opportunity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "proven_stage__in",
                        [
                            1,
                            2,
                            3,
                            4,
                            5,
                            6,
                            7,
                        ],
                    )
                ),
                name="opportunity_proven_stage_known",
            ),
        ),
        migrations.AddField(
            model_name="stageoverride",
            name="by",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.membership"
            ),
        ),
        migrations.AddField(
            model_name="stageoverride",
            name="opportunity",
            field=tenants.models.TenantForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="funnel.opportunity"
            ),
        ),
        migrations.AddField(
            model_name="stageoverride",
            name="organization",
            field=models.ForeignKey(
                default=tenants.scoping.current_organization_id,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenants.organization",
            ),
        ),
        migrations.AddIndex(
            model_name="stageoverride",
            index=models.Index(fields=["organization", "opportunity", "stage"], name="override_of_opportunity"),
        ),
        migrations.AddConstraint(
            model_name="stageoverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "stage__in",
                        [
                            1,
                            2,
                            3,
                            4,
                            5,
                            6,
                            7,
                        ],
                    )
                ),
                name="override_stage_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="stageoverride",
            constraint=models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="override_says_why"),
        ),
        migrations.AddConstraint(
            model_name="stageoverride",
            constraint=models.UniqueConstraint(fields=("organization", "id"), name="funnel_stageoverride_key"),
        ),
        migrations.AddConstraint(
            model_name="stageoverride",
            constraint=tenants.walls.RowWall(name="funnel_stageoverride_wall"),
        ),
        migrations.AddConstraint(
            model_name="stageoverride",
            constraint=tenants.walls.OrganizationKeys(
                keys=(("by_id", "tenants_membership"), ("opportunity_id", "funnel_opportunity")),
                name="funnel_stageoverride_keys",
            ),
        ),
    ]
