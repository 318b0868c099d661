"""What providers send: patients' texts, and receipts. Nothing counts without the provider's signature.

The signature covers the exact public address, so ``PUBLIC_URL`` has to be what the provider was given. Wrong ones are
counted per address and soon get no more than a refusal; right ones always pass, as a lost text could be a patient's STOP.
"""

import json
import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clinics.models import User
from core import clock, rate_limit
from notifications.actions import answers, receipts
from notifications.models import Receipt
from web.open_pages import A_MINUTE, address_of

log = structlog.get_logger(__name__)

LARGEST = 65_536
"""Bytes of a request; Twilio's are below 5,000."""
WRONG_A_MINUTE = 30
FRESH_SECONDS = 300
"""How old a signed request of a clinic's own service may be."""
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SENDER = re.compile(r"\+?[A-Za-z0-9]{1,19}")
_CODE = re.compile(r"[A-Za-z0-9_]{0,20}")
STATUSES = {
    "sent": Receipt.Status.SENT,
    "delivered": Receipt.Status.DELIVERED,
    "read": Receipt.Status.DELIVERED,
    "undelivered": Receipt.Status.UNDELIVERED,
    "failed": Receipt.Status.UNDELIVERED,
}
"""The provider's words for what became of a message; others, such as "queued", say nothing new."""

Hook = Callable[..., HttpResponse]


def hook(view: Hook) -> Hook:
    """A view that takes small forms and JSON by POST, and answers whatever is wrong with them in words, never with 500."""

    @csrf_exempt
    @require_POST
    @never_cache
    @wraps(view)
    def taking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > LARGEST:
            return _refused(413, "Too large.")
        try:
            return view(request, *args, **kwargs)
        except (
            BadRequest,
            SuspiciousOperation,
            RequestDataTooBig,
            UnreadablePostError,
            RawPostDataException,
            RecursionError,  # JSON nested without end
            ValueError,
        ):
            return _refused(400, "This cannot be read.")

    return taking


@hook
def twilio_inbound(request: HttpRequest) -> HttpResponse:
    """A patient's text by way of Twilio; the reply goes back in the answer, the same however often it is asked for."""
    if (refusal := _unless_from_twilio(request)) is not None:
        return refusal
    event_id, sender = request.POST.get("MessageSid", ""), request.POST.get("From", "")
    if not _ID.fullmatch(event_id):
        return _refused(400, "MessageSid is missing.")
    answer = answers.take_text(
        provider="twilio",
        event_id=event_id,
        sender=sender if _SENDER.fullmatch(sender) else "",
        text=request.POST.get("Body", ""),
        replies="OptOutType" not in request.POST,  # then Twilio has replied itself
        by=User.objects.service(),
        now=clock.now(),
    )
    said = f"<Message>{escape(answer.said_back)}</Message>" if answer.said_back else ""
    document = f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'
    return HttpResponse(document, content_type="text/xml; charset=utf-8")


@hook
def twilio_status(request: HttpRequest, message: UUID) -> HttpResponse:
    """Twilio's receipt for one of our messages."""
    if (refusal := _unless_from_twilio(request)) is not None:
        return refusal
    fields = request.POST
    return _receipt(
        message, "twilio", fields.get("MessageSid", ""), fields.get("MessageStatus", ""), fields.get("ErrorCode", "")
    )


@hook
def texts_inbound(request: HttpRequest) -> HttpResponse:
    """A patient's text by way of the clinic's own service: ``{"id", "from", "text"}``; the reply is in ``{"reply"}``."""
    found = _signed_json(request)
    if isinstance(found, HttpResponse):
        return found
    event_id, sender, text = (str(found.get(name, "")) for name in ("id", "from", "text"))
    if not _ID.fullmatch(event_id) or not _SENDER.fullmatch(sender):
        return _refused(400, "id and from are needed.")
    answer = answers.take_text(
        provider="webhook", event_id=event_id, sender=sender, text=text, by=User.objects.service(), now=clock.now()
    )
    return HttpResponse(json.dumps({"reply": answer.said_back}), content_type="application/json")


@hook
def texts_status(request: HttpRequest) -> HttpResponse:
    """A receipt of the clinic's own service: ``{"key", "id", "status", "code"}``; ``key`` is the Idempotency-Key it got."""
    found = _signed_json(request)
    if isinstance(found, HttpResponse):
        return found
    key, event_id, status, code = (str(found.get(name, "")) for name in ("key", "id", "status", "code"))
    return _receipt(UUID(key), "webhook", event_id, status, code)


def _receipt(message: UUID, provider: str, provider_id: str, status: str, code: str) -> HttpResponse:
    if not _ID.fullmatch(provider_id) or not _CODE.fullmatch(code):
        return _refused(400, "The message's id is missing, or the code is none.")
    if status in STATUSES:
        receipts.take(
            message=message,
            provider=provider,
            event_id=f"{provider_id}:{status}",
            status=STATUSES[status],
            code=code,
            by=User.objects.service(),
            now=clock.now(),
        )
    return HttpResponse(status=204)


def _unless_from_twilio(request: HttpRequest) -> HttpResponse | None:
    """A refusal, unless Twilio signed the request and it is about our account."""
    from notifications.channels.sms import twilio  # imported here: an HTTP client has no place in web start-up

    if settings.TEXTS_OVER != "sms":
        raise Http404
    if request.content_type != "application/x-www-form-urlencoded":
        return _refused(415, "Send a form.")
    genuine = twilio.is_genuine(
        token=settings.TWILIO_TOKEN,
        address=settings.PUBLIC_URL + request.get_full_path(),
        fields=dict(request.POST.lists()),
        given=request.headers.get("X-Twilio-Signature", ""),
    )
    if not genuine:
        return _not_genuine(request)
    return None if request.POST.get("AccountSid") == settings.TWILIO_ACCOUNT else _refused(403, "Another account.")


def _signed_json(request: HttpRequest) -> dict[str, Any] | HttpResponse:
    """The JSON object of a request the clinic's own service signed, or a refusal."""
    from notifications.channels.webhook.client import signature  # imported here, as above

    if settings.TEXTS_OVER != "webhook":
        raise Http404
    at, given = request.headers.get("X-Courseline-Timestamp", ""), request.headers.get("X-Courseline-Signature", "")
    fresh = at.isdecimal() and len(at) <= 12 and abs(time.time() - int(at)) <= FRESH_SECONDS
    expected = signature(secret=settings.SMS_WEBHOOK_SECRET, at=at, body=request.body) if fresh else ""
    if not fresh or not constant_time_compare(expected, given):
        return _not_genuine(request)
    found = json.loads(request.body)
    return found if isinstance(found, dict) else _refused(400, "Send a JSON object.")


def _not_genuine(request: HttpRequest) -> HttpResponse:
    within = rate_limit.allowed("hook", address_of(request), limit=WRONG_A_MINUTE, seconds=A_MINUTE)
    if within:
        log.warning("hook_not_genuine", path=request.resolver_match.route if request.resolver_match else "")
    return _refused(403 if within else 429, "The signature is not right.")


def _refused(status: int, why: str) -> HttpResponse:
    return HttpResponse(why, status=status, content_type="text/plain; charset=utf-8")
