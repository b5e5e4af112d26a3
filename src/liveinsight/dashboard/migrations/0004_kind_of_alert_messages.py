from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0003_imported_totals")]

    operations = [
        migrations.AddField(
            model_name="alertmessage",
            name="kind",
            field=models.CharField(default="began", max_length=16),
        ),
    ]
