"""The clinic's own texts, in place of the shipped ones."""

from django.db import IntegrityError, transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import Busy, InvalidInput, Stale
from core.text import storable
from notifications.channels import words
from notifications.channels.email import own_words, staff
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Channel
from notifications.models import Template

LONGEST = {Channel.SMS: 1000, Channel.EMAIL: 2000}
"""Characters; what fits into two text messages has fewer than 310."""


class NotMailed(Busy):
    """The mail server could not be reached, or did not take the mail."""

    code = "not_mailed"


class UnfitText(InvalidInput):
    """The text may not be sent as it is. ``detail["problems"]``: list of {pointer, message}, one for each thing to put right."""

    code = "unfit_text"


class TextChanged(Stale):
    """Somebody else changed the text meanwhile. ``detail["current"]`` has the version."""

    code = "text_changed"


def publish(
    *,
    name: str,
    language: str,
    body: str,
    version: int,
    by: User,
    channel: Channel = Channel.SMS,
    subject: str = "",
) -> Template:
    """Puts the clinic's own words in the place of a text message's or mail's; an empty ``body`` brings the shipped ones back.

    ``subject`` is for mails; an empty one is the shipped one. ``version`` is the edition the caller saw, 0 for the shipped text. Messages of the next batch use it.
    Raises ``UnfitText``, ``TextChanged``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    body, subject = body.strip(), subject.strip()
    _fit(channel=channel, name=name, language=language, subject=subject, body=body)
    try:
        with transaction.atomic(), audit.acting(by):
            of = Template.objects.filter(channel=channel, name=name, language=language)
            newest = of.order_by("-version").values_list("version", flat=True).first() or 0
            if newest != version:
                raise _changed(newest)
            return Template.objects.create(
                channel=channel,
                name=name,
                language=language,
                version=version + 1,
                subject=subject if body else "",
                body=body,
                by=by,
            )
    except IntegrityError:
        raise _changed(version + 1) from None


def send_test(
    *, name: str, language: str, body: str, by: User, channel: Channel = Channel.SMS, subject: str = ""
) -> str:
    """Mails the text, filled with an example, to the address of whoever asks. Gives that address.

    Raises ``UnfitText``, ``NotMailed``, ``InvalidInput``, ``NotAllowed``.
    """
    require(by, Permission.EDIT_TEMPLATES)
    body, subject = body.strip(), subject.strip()
    _fit(channel=channel, name=name, language=language, subject=subject, body=body)
    if channel == Channel.EMAIL:
        if not body:
            raise _unfit([("body", "Write something first: a test is of the clinic's own words.")])
        title, written = own_words.example(name=name, language=language, subject=subject, body=body)
    else:
        body = body or words.shipped(name, language)
        title, written = "", words.example(name=name, language=language, body=body) + "\n"
    return mail_test(subject=title or "How a text reads", body=written, by=by)


def mail_test(*, subject: str, body: str, by: User) -> str:
    """Mails words that are being tried to the address of whoever asks. Gives that address. Raises ``NotMailed``."""
    if not staff.mail(subject=subject, body=body, to=by.email):
        raise NotMailed("The mail server did not take the test. Nothing was changed. Try again in a moment.")
    return by.email


def _fit(*, channel: Channel, name: str, language: str, subject: str, body: str) -> None:
    """Raises ``UnfitText``, ``InvalidInput``."""
    names = {Channel.SMS: words.NAMES, Channel.EMAIL: own_words.NAMES}.get(channel, ())
    if name not in names or language not in LANGUAGES:
        raise InvalidInput("There is no such text.", pointer="name")
    if len(body) > LONGEST[channel]:
        raise _unfit([("body", f"It is longer than {LONGEST[channel]} characters.")])
    if len(subject) > own_words.LONGEST_SUBJECT:
        raise _unfit([("subject", f"It is longer than {own_words.LONGEST_SUBJECT} characters.")])
    if not storable(body) or not storable(subject):
        raise _unfit([("body", "It has a character that cannot be stored.")])
    if subject and channel != Channel.EMAIL:
        raise _unfit([("subject", "A text message has no subject.")])
    if body and (wrong := problems(channel=channel, name=name, subject=subject, body=body)):
        raise _unfit(wrong)
    if subject and not body:
        raise _unfit([("body", "Write the mail as well; a subject alone cannot be changed.")])


def problems(*, channel: Channel, name: str, body: str, subject: str = "") -> list[tuple[str, str]]:
    """What is wrong with words, as pairs of the field and a sentence; empty when they may be used."""
    if channel == Channel.EMAIL:
        return own_words.problems(name=name, subject=subject, body=body)
    return [("body", sentence) for sentence in words.problems(name=name, body=body)]


def _unfit(found: list[tuple[str, str]]) -> UnfitText:
    problems = [{"pointer": at, "code": UnfitText.code, "message": sentence} for at, sentence in found]
    return UnfitText(found[0][1], pointer=found[0][0], detail={"problems": problems})


def _changed(version: int) -> TextChanged:
    return TextChanged(
        "Somebody else changed this text meanwhile. Look at it again.", detail={"current": {"version": version}}
    )
