"""How others do it: mark as sent, then send. The negative control of the kill test."""

import os
import time

import django
from django.utils import timezone


def main() -> None:
    """Goes on until it is killed."""
    from notifications.channels.email.smtp import SmtpSender
    from notifications.engine.states import State
    from notifications.models import Message
    from notifications.queries import verdicts

    sender = SmtpSender()
    while True:
        for message in Message.objects.due(now=timezone.now()).select_related("patient__site", "appointment__site")[
            :10
        ]:
            mine = Message.objects.filter(pk=message.pk, state=State.SCHEDULED).update(
                state=State.SENDING, lease_until=timezone.now()
            )
            if mine:
                Message.objects.filter(pk=message.pk).update(
                    state=State.ACCEPTED, lease_until=None, next_try_at=None, settled_at=timezone.now()
                )
                sender.send(sender.compose(message, verdicts.about(message)), str(message.pk))
        time.sleep(0.01)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    main()
