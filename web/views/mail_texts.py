"""The words of e-mails: reading them, writing the clinic's own, trying them out."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, NotFound
from notifications.actions import templates
from notifications.channels import words
from notifications.channels.email import own_words
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Channel
from notifications.queries import texts
from web.access import StaffRequest
from web.mail_parts import MailPart
from web.numbers import version_of


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Every mail, and in which languages the clinic has its own."""
    in_use = words.Editions(Channel.EMAIL)
    parts = []
    for name in own_words.NAMES:
        own = [in_use.own(name, language) for language in LANGUAGES]
        parts.append(
            [
                MailPart(name, language, "", "", each.version if each else 0)
                for language, each in zip(LANGUAGES, own, strict=True)
            ]
        )
    return render(request, "web/texts/mails.html", {"section": "messages", "mails": parts})


@require_GET
def mail(request: StaffRequest, name: str) -> HttpResponse:
    """One mail in every language: the clinic's own words, how they read, and their editions."""
    return _page(request, name)


@require_POST
def edit(request: StaffRequest, name: str, language: str) -> HttpResponse:
    """Shows how new words would read, mails them to whoever asks, or puts them in use."""
    if name not in own_words.NAMES or language not in LANGUAGES:
        raise NotFound("There is no such text.")
    body = "\n".join(request.POST.get("body", "").splitlines()).strip()
    subject = request.POST.get("subject", "").strip()
    said: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "name": name,
        "language": language,
        "subject": subject,
        "body": body,
    }
    pressed = request.POST.get("do", "")
    try:
        if pressed == "test":
            address = templates.send_test(**said, by=request.user)
            messages.success(request, f"A test is on its way to {address}. Nothing was changed.")
        elif pressed == "publish":
            templates.publish(**said, version=version_of(request), by=request.user)
            messages.success(request, "In use from the next message on." if body else "The shipped mail is back.")
            return redirect("mail-text", name)
    except templates.UnfitText as error:
        return _page(request, name, typed=(language, subject, body), problems=error.detail["problems"], status=422)
    except DomainError as error:
        messages.error(request, error.message)
    found = templates.problems(channel=Channel.EMAIL, name=name, subject=subject, body=body) if body else []
    problems = [{"pointer": at, "message": sentence} for at, sentence in found]
    return _page(request, name, typed=(language, subject, body), problems=problems)


def _page(
    request: StaffRequest,
    name: str,
    *,
    typed: tuple[str, str, str] | None = None,
    problems: Sequence[dict[str, str]] = (),
    status: int = 200,
) -> HttpResponse:
    if name not in own_words.NAMES:
        raise NotFound("There is no such text.")
    editions = texts.editions(name, Channel.EMAIL)
    parts = []
    for language in LANGUAGES:
        own = [each for each in editions if each.language == language]
        subject, body = (own[0].subject, own[0].body) if own else ("", "")
        wrong: Sequence[dict[str, str]] = ()
        if typed is not None and typed[0] == language:
            (_, subject, body), wrong = typed, problems
        parts.append(MailPart(name, language, subject, body, own[0].version if own else 0, own, wrong))
    return render(
        request, "web/texts/mail.html", {"section": "messages", "parts": parts, "title": parts[0].title}, status=status
    )
