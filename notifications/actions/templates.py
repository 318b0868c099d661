"""The clinic's own texts, in place of the shipped ones."""

from django.db import IntegrityError, transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput, Stale
from core.text import storable
from notifications.channels import words
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Channel
from notifications.models import Template


class UnfitText(InvalidInput):
    """The text may not be sent as it is. ``detail["problems"]`` has a sentence for each thing to put right."""

    code = "unfit_text"


class TextChanged(Stale):
    """Somebody else changed the text meanwhile. ``detail["current"]`` has the version."""

    code = "text_changed"


def publish(*, name: str, language: str, body: str, version: int, by: User) -> Template:
    """Puts the clinic's own words in the place of a text message's; an empty ``body`` brings the shipped ones back.

    ``version`` is the edition the caller saw, 0 for the shipped text. Messages of the next batch use it.
    Raises ``UnfitText``, ``TextChanged``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    body = body.strip()
    if name not in words.NAMES or language not in LANGUAGES:
        raise InvalidInput("There is no such text.", pointer="name")
    problems = words.problems(name=name, body=body) if storable(body) else ["It has a character that cannot be stored."]
    if body and problems:
        raise UnfitText(problems[0], pointer="body", detail={"problems": problems})
    try:
        with transaction.atomic(), audit.acting(by):
            of = Template.objects.filter(channel=Channel.SMS, name=name, language=language)
            newest = of.order_by("-version").values_list("version", flat=True).first() or 0
            if newest != version:
                raise _changed(newest)
            return Template.objects.create(
                channel=Channel.SMS, name=name, language=language, version=version + 1, body=body, by=by
            )
    except IntegrityError:
        raise _changed(version + 1) from None


def _changed(version: int) -> TextChanged:
    return TextChanged(
        "Somebody else changed this text meanwhile. Look at it again.", detail={"current": {"version": version}}
    )
