"""An index of what was won, by when it was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0019_members_without_part"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "won")),
                fields=["organization", "closed_at", "until_at", "from_at"],
                include=("opportunity", "owner", "amount", "stage"),
                name="spell_won",
            ),
        ),
    ]
