"""The part stands in the joint plan now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("funnel", "0018_parts_of_the_plan")]

    operations = [migrations.RemoveField(model_name="opportunitymember", name="part")]
