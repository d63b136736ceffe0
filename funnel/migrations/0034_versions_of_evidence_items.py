"""Whoever edits the words of an evidence item is told of another edit since."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("funnel", "0033_what_was_told_before")]

    operations = [
        migrations.AddField(model_name="evidenceitem", name="version", field=models.PositiveIntegerField(default=1))
    ]
