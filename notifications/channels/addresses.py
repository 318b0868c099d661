"""Where the links in messages lead: pages of this installation, which ``web.urls`` serves under these paths."""

from django.conf import settings

from notifications.models import Link
from notifications.models.link import Purpose

PATHS = {
    Purpose.VISIT: "v/{token}",
    Purpose.PLAN: "v/{token}",
    Purpose.OFFER: "v/{token}",
    Purpose.CALENDAR: "calendar/{token}.ics",
    Purpose.STOP_EMAIL: "stop/{token}",
}


def of_link(link: Link) -> str:
    """The full address of a link; short, as it goes into texts, and without a name."""
    return f"{settings.PUBLIC_URL}/{PATHS[Purpose(link.purpose)].format(token=link.token)}"
