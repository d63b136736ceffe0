"""On which day a person was last met."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_search_rows_without_owner"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="last_met_on",
            field=models.DateField(editable=False, null=True),
        ),
    ]
