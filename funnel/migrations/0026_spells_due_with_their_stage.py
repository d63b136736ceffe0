"""The index of spells that are due holds their stage too: what moved in a forecast is added up from it alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0025_spells_by_the_database_alone"),
        ("tenants", "0006_daily_mail"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="spell",
            name="spell_due",
        ),
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "open"), models.Q(("category", "omitted"), _negated=True)),
                fields=["organization", "expected_close_on", "until_at", "from_at"],
                include=("opportunity", "owner", "amount", "priced", "stage"),
                name="spell_due",
            ),
        ),
    ]
