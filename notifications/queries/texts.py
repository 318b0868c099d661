"""The clinic's own texts, with their editions."""

from notifications.engine.states import Channel
from notifications.models import Template


def editions(name: str, channel: Channel = Channel.SMS) -> list[Template]:
    """Every edition of one text's words in all languages, newest first. One query."""
    return list(
        Template.objects.filter(channel=channel, name=name).select_related("by").order_by("language", "-version")
    )
