"""An invitation knows how the invited person is called, if that was typed beside the address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_second_factor"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="name",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="Name"),
            preserve_default=False,
        ),
    ]
