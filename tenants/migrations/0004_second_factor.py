"""An organization may require a second factor of its members."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_versions")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="second_factor_required",
            field=models.BooleanField(default=False),
        ),
    ]
