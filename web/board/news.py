"""What others changed on a day since a page was shown."""

from datetime import date, datetime

from django.db.models import Count

from clinics.models import Site, User
from scheduler.models import ChangeSet
from scheduler.models.change_set import Verb
from web import words

_DID = {
    Verb.HOLD: "holds",
    Verb.BOOK: "booked",
    Verb.MOVE: "moved",
    Verb.CANCEL: "cancelled",
    Verb.STATUS: "set the status of",
    Verb.NO_SHOW: "noted as missed",
    Verb.LATE: "set later",
    Verb.CLOSE: "re-placed",
    Verb.LEVEL: "moved",
    Verb.RETIME: "kept at its time",
    Verb.UNDO: "took back the change of",
}


def since(text: str, site: Site, on: date, *, by: User) -> str:
    """Such as "Maria moved 1 visit"; empty when nobody else changed anything on that day, or ``text`` is no instant.

    One query, and none on a page that is opened for the first time.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if at.tzinfo is None:
        return ""
    found = list(
        ChangeSet.objects.filter(site=site, created_at__gt=at, lines__appointment__local_on=on)
        .exclude(by=by)
        .select_related("by")
        .annotate(visits=Count("lines"))
        .order_by("-created_at")[:20]
    )
    if not found:
        return ""
    newest = found[0]
    visits = words.count(newest.visits, "visit")
    said = f"{newest.by.get_short_name()} {_DID.get(Verb(newest.verb), 'changed')} {visits}"
    return f"{said}, and {words.count(len(found) - 1, 'more change')}" if len(found) > 1 else said
