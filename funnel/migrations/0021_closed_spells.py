"""An index of what was closed, by when it was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("funnel", "0020_limits_with_the_stages"),
        ("tenants", "0004_invitation_name"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="spell",
            index=models.Index(
                condition=models.Q(("status", "open"), _negated=True),
                fields=["organization", "closed_at", "until_at", "from_at"],
                include=("opportunity", "owner", "amount", "status"),
                name="spell_closed",
            ),
        ),
    ]
