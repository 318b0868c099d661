"""The words of text messages: reading them, writing the clinic's own, trying them out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, NotFound
from notifications.actions import templates
from notifications.channels import words
from notifications.channels.languages import LANGUAGES
from notifications.engine.states import Channel
from notifications.queries import texts
from web.access import StaffRequest
from web.numbers import version_of
from web.text_parts import TextPart


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Every text in the first language, with a link to its own page."""
    in_use = words.Editions(Channel.SMS)
    language = next(iter(LANGUAGES))
    parts = []
    for name in words.NAMES:
        used = in_use.words(name, language)
        parts.append(TextPart(name, language, used.body, used.edition))
    return render(request, "web/texts/list.html", {"section": "messages", "parts": parts})


@require_GET
def text(request: StaffRequest, name: str) -> HttpResponse:
    """One text in every language: as it is, how it reads, how long it is, and its editions."""
    return _page(request, name)


@require_POST
def edit(request: StaffRequest, name: str, language: str) -> HttpResponse:
    """Shows how new words would read, mails them to whoever asks, or puts them in use."""
    if name not in words.NAMES or language not in LANGUAGES:
        raise NotFound("There is no such text.")
    body = "\n".join(request.POST.get("body", "").splitlines()).strip()
    pressed = request.POST.get("do", "")
    try:
        if pressed == "test":
            address = templates.send_test(name=name, language=language, body=body, by=request.user)
            messages.success(request, f"A test is on its way to {address}. Nothing was changed.")
        elif pressed == "publish":
            templates.publish(name=name, language=language, body=body, version=version_of(request), by=request.user)
            messages.success(request, "In use from the next message on." if body else "The shipped text is back.")
            return redirect("text", name)
    except templates.UnfitText as error:
        return _page(
            request, name, typed=(language, body), problems=[each["message"] for each in error.detail["problems"]]
        )
    except DomainError as error:
        messages.error(request, error.message)
    problems = words.problems(name=name, body=body) if body else []
    return _page(request, name, typed=(language, body), problems=problems, status=200)


def _page(
    request: StaffRequest,
    name: str,
    *,
    typed: tuple[str, str] | None = None,
    problems: list[str] | None = None,
    status: int = 422,
) -> HttpResponse:
    if name not in words.NAMES:
        raise NotFound("There is no such text.")
    editions = texts.editions(name)
    parts = []
    for language in LANGUAGES:
        own = [each for each in editions if each.language == language]
        body = own[0].body if own and own[0].body else words.shipped(name, language)
        wrong: list[str] = []
        if typed is not None and typed[0] == language:
            body, wrong = typed[1], problems or []
        parts.append(TextPart(name, language, body, own[0].version if own else 0, own, wrong))
    return render(
        request,
        "web/texts/text.html",
        {"section": "messages", "parts": parts, "title": parts[0].title},
        status=status if typed is not None else 200,
    )
