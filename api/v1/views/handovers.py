"""Decisions that a clinician hands to the desk: carried out, sent back, withdrawn."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.changes import ChangeSetSerializer, RippleSerializer, decided, shown
from api.v1.serializers.handovers import (
    CarryOutSerializer,
    DecisionToHandOverSerializer,
    HandoverQuery,
    HandoverSerializer,
    SendBackSerializer,
)
from api.v1.serializers.strict import Input
from api.v1.views.changes import Changing
from clinics.permissions import Permission
from core import clock
from treatments.actions import handovers
from treatments.models import Course, DecisionHandover

_HANDOVERS = DecisionHandover.objects.select_related("course__patient", "course__site", "by", "closed_by")


class HandoverList(Endpoint):
    """Decisions that were handed to the desk."""

    permissions = {"GET": Permission.CARRY_OUT_DECISIONS}
    query_serializer = HandoverQuery
    paged = True

    @extend_schema(responses=HandoverSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists decisions in the order in which they were handed over; `state=open` are those that wait."""
        names = {"site": "course__site_id", "course": "course_id", "state": "state"}
        rows = _HANDOVERS.filter(**{names[name]: value for name, value in self.query.items()})
        return self.page(rows, HandoverSerializer)


class HandoverDetail(Endpoint):
    """One decision that was handed over."""

    permissions = {"GET": Permission.CARRY_OUT_DECISIONS}
    etagged = frozenset({"GET"})

    @extend_schema(responses=HandoverSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a decision. Its ETag is the version of its course, as carrying it out asks for it."""
        row = self.found(_HANDOVERS, key)
        return self.answer(row, HandoverSerializer, version=row.course.version)


class CourseHandOver(Endpoint):
    """A decision for the desk to carry out."""

    permissions = {"POST": Permission.DECIDE_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=DecisionToHandOverSerializer, responses={201: HandoverSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Leaves a decision to the desk. It has to be one that could be carried out now; the course stays as it is."""
        asked = self.read(DecisionToHandOverSerializer)
        course = self.found(Course.objects.all(), key)
        event = decided(course.pk, asked)

        def do() -> UUID:
            return handovers.hand_over(event=event, by=self.user, now=clock.now(), reason=asked["reason"]).pk

        made, repeated = self.once(do)
        return self.answer(self.found(_HANDOVERS, made), HandoverSerializer, status=201, repeated=repeated)


class HandoverPreview(Endpoint):
    """What carrying a decision out would do."""

    permissions = {"POST": Permission.CARRY_OUT_DECISIONS}
    reading = frozenset({"POST"})
    errors = {"POST": frozenset({409, 422})}

    @extend_schema(request=None, responses={200: RippleSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Says for every visit what would become of it. Stores nothing, holds nothing."""
        self.read(Input)
        row = self.found(_HANDOVERS, key)
        ripple = handovers.preview(handover=row, by=self.user, now=clock.now())
        return Response(shown(ripple, zone=row.course.site.zone))


class HandoverCarryOut(Changing):
    """A decision that the desk carries out."""

    permissions = {"POST": Permission.CARRY_OUT_DECISIONS}
    keyed = versioned = etagged = frozenset({"POST"})

    @extend_schema(request=CarryOutSerializer, responses={201: ChangeSetSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Does what was decided, or nothing: where it would do something else by now, `detail.ripple` says what.

        If-Match is the version of the course. The clinician stands as who decided, the caller as who changed the course.
        """
        asked = self.read(CarryOutSerializer)
        row = self.found(_HANDOVERS, key)
        return self.changed(
            row.course,
            lambda: handovers.carry_out(
                handover=row, by=self.user, now=clock.now(), digest=asked.get("digest"), version=self.version
            ),
        )


class _Closing(Endpoint):
    """The end of a decision that is not carried out."""

    keyed = frozenset({"POST"})

    def closed(self, row: DecisionHandover, *, repeated: bool) -> Response:
        """The decision as it is now."""
        return self.answer(self.found(_HANDOVERS, row.pk), HandoverSerializer, repeated=repeated)


class HandoverSendBack(_Closing):
    """A decision that the desk cannot carry out."""

    permissions = {"POST": Permission.CARRY_OUT_DECISIONS}

    @extend_schema(request=SendBackSerializer, responses={200: HandoverSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Sends a decision back to whoever made it, and says why. The course stays as it is."""
        note = self.read(SendBackSerializer)["note"]
        row = self.found(_HANDOVERS, key)

        def do() -> UUID:
            handovers.send_back(handover=row, by=self.user, now=clock.now(), note=note)
            return row.pk

        _, repeated = self.once(do)
        return self.closed(row, repeated=repeated)


class HandoverWithdraw(_Closing):
    """A decision that a clinician thinks better of."""

    permissions = {"POST": Permission.DECIDE_COURSES}

    @extend_schema(request=None, responses={200: HandoverSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Takes back a decision that waits for the desk. The course stays as it is."""
        self.read(Input)
        row = self.found(_HANDOVERS, key)

        def do() -> UUID:
            handovers.withdraw(handover=row, by=self.user, now=clock.now())
            return row.pk

        _, repeated = self.once(do)
        return self.closed(row, repeated=repeated)
