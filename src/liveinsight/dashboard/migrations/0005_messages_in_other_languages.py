from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0004_kind_of_alert_messages")]

    operations = [
        migrations.AddField(
            model_name="alertmessage",
            name="news",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="auditline",
            name="values",
            field=models.JSONField(default=dict),
        ),
    ]
