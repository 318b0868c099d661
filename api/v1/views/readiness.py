"""Gates of a course, and late patients: whether a visit can begin, and when."""

from collections.abc import Sequence
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.appointments import ReasonSerializer
from api.v1.serializers.readiness import FulfilSerializer, LateStartsSerializer, ReadinessSerializer
from clinics.permissions import Permission
from core import clock
from core.errors import InvalidInput
from treatments.actions import gates
from treatments.life import late_arrivals
from treatments.life.running import Running
from treatments.models import Course, GateFulfilment, Visit
from treatments.queries.readiness import readiness

_COURSES = Course.objects.select_related("site", "protocol_version")


class CourseReadiness(Endpoint):
    """Whether what has to be there before the visits of a course is there."""

    permissions = {"GET": Permission.VIEW_COURSES}

    @extend_schema(responses=ReadinessSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows each visit ahead with what is missing, by when it has to be there, and what expires before it."""
        return self.answer(readiness(self.found(_COURSES, key), now=clock.now()), ReadinessSerializer)


class GateFulfil(Endpoint):
    """A gate that was fulfilled."""

    permissions = {"POST": Permission.FULFIL_GATES}
    keyed = frozenset({"POST"})

    @extend_schema(request=FulfilSerializer, responses={200: ReadinessSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Records that a gate of the course is fulfilled, and shows how ready the course is then."""
        asked = self.read(FulfilSerializer)
        course = self.found(_COURSES, key)
        named = _visits(course, asked.pop("visits", ()))

        def do() -> UUID:
            gates.fulfil(course=course, visits=named, by=self.user, now=clock.now(), **asked)
            return course.pk

        _, repeated = self.once(do)
        return self.answer(readiness(course, now=clock.now()), ReadinessSerializer, repeated=repeated)


class FulfilmentWithdraw(Endpoint):
    """A fulfilment that no longer holds."""

    permissions = {"POST": Permission.FULFIL_GATES}
    keyed = frozenset({"POST"})

    @extend_schema(request=ReasonSerializer, responses={200: ReadinessSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Records that a fulfilment no longer holds; the visits ahead wait for the gate again."""
        reason = self.read(ReasonSerializer).get("reason", "")
        fulfilment = self.found(GateFulfilment.objects.all(), key)

        def do() -> UUID:
            gates.withdraw(fulfilment=fulfilment, by=self.user, now=clock.now(), reason=reason)
            return fulfilment.course_id

        course, repeated = self.once(do)
        return self.answer(
            readiness(self.found(_COURSES, course), now=clock.now()), ReadinessSerializer, repeated=repeated
        )


class VisitLate(Endpoint):
    """A patient who comes late."""

    permissions = {"GET": Permission.VIEW_COURSES}
    errors = {"GET": frozenset({409})}

    @extend_schema(responses=LateStartsSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Says when a visit of today can still begin. The event `late` of its course then does it."""
        visit = self.found(Visit.objects.all(), key)
        running = Running.read(visit.course_id, now=clock.now())
        _, starts = late_arrivals.starts(running, running.visit(visit.key))
        return self.answer(starts, LateStartsSerializer)


def _visits(course: Course, keys: Sequence[UUID]) -> list[Visit]:
    """The visits of the course with these ids. Raises ``InvalidInput``."""
    found = Visit.objects.filter(course=course).in_bulk(keys)
    for number, key in enumerate(keys):
        if key not in found:
            raise InvalidInput("The course has no visit with this id.", pointer=f"visits/{number}")
    return [found[key] for key in keys]
