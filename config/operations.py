"""For operators: the pipeline's status as JSON, and as metrics for Prometheus. Closed unless a key is set.

``/statusz`` and ``/metrics`` answer to ``Authorization: Bearer`` with ``OPERATIONS_TOKEN``, or, with ``OPERATIONS_LOOPBACK``,
to whoever asks from this machine; for everybody else they do not exist.
"""

import ipaddress
import secrets
from collections.abc import Callable, Iterator
from functools import wraps

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from notifications.queries import status
from notifications.queries.database_clock import database_now
from notifications.queries.status import Status

View = Callable[[HttpRequest], HttpResponse]


def operators_only(view: View) -> View:
    """404 for everybody else."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _is_operator(request):
            raise Http404
        return view(request)

    return guarded


@require_safe
@never_cache
@operators_only
def statusz(_request: HttpRequest) -> HttpResponse:
    """The status as one JSON object."""
    try:
        found = status.take(now=database_now())
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse(
        {
            "at": found.at.isoformat(),
            "overdue_seconds": round(found.overdue_seconds, 1),
            "uncertain_seconds": round(found.uncertain_seconds, 1),
            "messages": [
                {"state": state, "channel": channel, "number": number}
                for (state, channel), number in sorted(found.open.items())
            ],
            "leases_run_out": found.lapsed,
            "held_back": found.paused,
            "attempts_last_hour": [
                {"channel": channel, "outcome": outcome, "number": number}
                for (channel, outcome), number in sorted(found.attempts.items())
            ],
            "possible_duplicates_last_day": found.possible_duplicates,
            "seconds_since": {part: round(age, 1) for part, age in found.signs.items()},
        }
    )


@require_safe
@never_cache
@operators_only
def metrics(_request: HttpRequest) -> HttpResponse:
    """The same in the text format Prometheus reads."""
    registry = CollectorRegistry()
    try:
        registry.register(_Reminders(status.take(now=database_now())))
    except DatabaseError:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Reminders(Collector):
    """Gauges read from the database at the moment of asking: any web process gives the same answer."""

    def __init__(self, found: Status) -> None:
        self._found = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._found
        yield _gauge(
            "reminder_overdue_seconds", "Age of the oldest message that is due and not held back", found.overdue_seconds
        )
        yield _gauge(
            "reminder_uncertain_seconds", "Age of the oldest message nobody is sure of", found.uncertain_seconds
        )
        yield _gauge("reminder_leases_run_out", "Messages whose dispatcher did not come back", found.lapsed)
        yield _gauge("reminder_pauses", "Switches that hold messages back", len(found.paused))
        yield _gauge(
            "reminder_possible_duplicates", "Copies patients may have received, last day", found.possible_duplicates
        )
        open_ = GaugeMetricFamily(
            "reminder_messages", "Messages not settled or left to people", labels=["state", "channel"]
        )
        for labels, number in found.open.items():
            open_.add_metric(labels, number)
        tried = GaugeMetricFamily("reminder_attempts", "Attempts of the last hour", labels=["channel", "outcome"])
        for labels, number in found.attempts.items():
            tried.add_metric(labels, number)
        signs = GaugeMetricFamily("reminder_seconds_since", "Since a part last did its work", labels=["part"])
        for part, age in found.signs.items():
            signs.add_metric([part], age)
        yield from (open_, tried, signs)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _is_operator(request: HttpRequest) -> bool:
    token: str = settings.OPERATIONS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and secrets.compare_digest(given.encode(), token.encode()):
        return True
    return bool(settings.OPERATIONS_LOOPBACK) and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
