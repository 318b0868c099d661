"""What is held back at present."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from notifications.models import Message, Pause


def in_force() -> list[Pause]:
    """The pauses nobody has lifted, oldest first. One query; two when there are any."""
    with connection.cursor() as cursor:
        # asked before every group of requests, and answered with "none" almost always
        cursor.execute("SELECT EXISTS (SELECT FROM notifications_pause WHERE lifted_at IS NULL)")
        (there,) = cursor.fetchone()
    return list(Pause.objects.in_force().select_related("site", "by").order_by("since", "pk")) if there else []


def held_back(pauses: Iterable[Pause]) -> Q:
    """The condition under which a message is held back by one of these."""
    condition = Q(pk__in=[])
    for pause in pauses:
        fits = ~Q(pk=None)
        if pause.site_id:
            fits &= (
                Q(appointment__site=pause.site_id)
                | Q(appointment=None, change_set__site=pause.site_id)
                | Q(appointment=None, change_set=None, patient__site=pause.site_id)
            )
        if pause.channel:
            fits &= Q(channel=pause.channel)
        if pause.step:
            fits &= Q(step=pause.step)
        condition |= fits
    return condition


def holding(message: Message, pauses: Iterable[Pause]) -> Pause | None:
    """The first of these that holds this message back. No query with ``appointment``, ``change_set``
    and ``patient`` loaded.
    """
    subject = message.appointment or message.change_set
    site = subject.site_id if subject else message.patient.site_id
    for pause in pauses:
        if (
            pause.site_id in {None, site}
            and pause.channel in {"", message.channel}
            and pause.step in {"", message.step}
        ):
            return pause
    return None
