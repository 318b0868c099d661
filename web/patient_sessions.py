"""Behind a link and a birth date: for half an hour a signed cookie remembers that the patient gave it.

Whoever has a phone in hand sees only an initial and times. Therapies and forms take the birth date; five wrong ones in an
hour and the link asks no more for the rest of it.
"""

from datetime import date, timedelta
from enum import Enum

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from core import rate_limit
from notifications.models import Link

COOKIE = "patient"
PATH = "/v/"
SALT = "web.patient"
LIFETIME = timedelta(minutes=30)
TRIES, WINDOW = 5, 3600
"""Birth dates in seconds of time, for one link: our own limit; 365 days times 80 years are far more."""


def is_open(request: HttpRequest, link: Link) -> bool:
    """Whether the birth date was given in this browser for this link, not long ago."""
    try:
        said = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return False
    return bool(said == str(link.pk))


class Tried(Enum):
    """What came of a birth date that was sent."""

    RIGHT = 1
    WRONG = 2
    TOO_OFTEN = 3


def tried(request: HttpRequest, link: Link) -> Tried:
    """Counts one more try; whether the date that was sent is the patient's."""
    if not rate_limit.allowed("birth-date", str(link.pk), limit=TRIES, seconds=WINDOW):
        return Tried.TOO_OFTEN
    said = _date(request)
    fits = said is not None and link.patient is not None and said == link.patient.birth_on
    return Tried.RIGHT if fits else Tried.WRONG


def _date(request: HttpRequest) -> date | None:
    parts = [request.POST.get(name, "").strip() for name in ("year", "month", "day")]
    if not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        return None


def open_for(response: HttpResponse, link: Link) -> None:
    """Remembers it in the browser."""
    response.set_cookie(
        COOKIE,
        signing.dumps(str(link.pk), salt=SALT),
        max_age=LIFETIME,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
