from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0007_phone_calls"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state__in", ["dead", "expired", "uncertain", "undelivered"])),
                fields=["state"],
                name="notifications_message_stuck",
            ),
        ),
    ]
