"""What stood as the part of somebody on a sales team becomes a part of the joint plan."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0017_commitments_plans_discounts")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO funnel_planpart (organization_id, opportunity_id, member_id, text, version)
            SELECT organization_id, opportunity_id, member_id, part, 1 FROM funnel_opportunitymember WHERE part <> '';
            """,
            """
            UPDATE funnel_opportunitymember AS helper SET part = left(plan.text, 120)
            FROM funnel_planpart AS plan
            WHERE plan.organization_id = helper.organization_id AND plan.opportunity_id = helper.opportunity_id
                AND plan.member_id = helper.member_id;
            DELETE FROM funnel_planpart;
            """,
        )
    ]
