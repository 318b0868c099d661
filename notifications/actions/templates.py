"""The clinic's own texts, in place of the shipped ones."""

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Busy, InvalidInput, Stale
from core.text import storable
from notifications.channels import words
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Channel
from notifications.models import Template

LONGEST = 1000
"""Characters of a text; what fits into two messages has fewer than 310."""


class NotMailed(Busy):
    """The mail server could not be reached, or did not take the mail."""

    code = "not_mailed"


class UnfitText(InvalidInput):
    """The text may not be sent as it is. ``detail["problems"]``: list of {pointer, message}, one for each thing to put right."""

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
    _fit(name=name, language=language, body=body)
    body = body.strip()
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


def send_test(*, name: str, language: str, body: str, by: User) -> str:
    """Mails the text, filled with an example, to the address of whoever asks. Gives that address.

    Raises ``UnfitText``, ``NotMailed``, ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    written = _fit(name=name, language=language, body=body)
    try:
        send_mail(
            subject="How a text reads",
            message=words.example(name=name, language=language, body=written) + "\n",
            from_email=settings.DEFAULT_FROM_EMAIL,
            recipient_list=[by.email],
        )
    except (OSError, AnymailError):
        raise NotMailed("The mail server did not take the test. Nothing was changed. Try again in a moment.") from None
    return by.email


def _fit(*, name: str, language: str, body: str) -> str:
    """The body as it may be used. Raises ``UnfitText``, ``InvalidInput``."""
    body = body.strip()
    if name not in words.NAMES or language not in LANGUAGES:
        raise InvalidInput("There is no such text.", pointer="name")
    if len(body) > LONGEST:
        raise _unfit([f"It is longer than {LONGEST} characters."])
    problems = words.problems(name=name, body=body) if storable(body) else ["It has a character that cannot be stored."]
    if body and problems:
        raise _unfit(problems)
    return body or words.shipped(name, language)


def _unfit(sentences: list[str]) -> UnfitText:
    problems = [{"pointer": "body", "code": UnfitText.code, "message": sentence} for sentence in sentences]
    return UnfitText(sentences[0], pointer="body", detail={"problems": problems})


def _changed(version: int) -> TextChanged:
    return TextChanged(
        "Somebody else changed this text meanwhile. Look at it again.", detail={"current": {"version": version}}
    )
