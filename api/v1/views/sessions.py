"""Visits while they take place: ticked off by those who care for the patient, and taken back by them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.sessions import DischargeSerializer, SessionSerializer, TickOffSerializer
from api.v1.serializers.strict import Input
from clinics.permissions import Permission
from core import clock
from treatments.actions import sessions
from treatments.models import Visit, VisitTick
from treatments.queries.sessions import of_visit

_VISITS = Visit.objects.select_related("course__site", "course__protocol_version", "appointment")


class _OfSession(Endpoint):
    """Shows or changes what is recorded of one visit. No version is asked for: every tick can be there only once."""

    def stands(self, visit: UUID, *, repeated: bool = False) -> Response:
        """How the visit stands now."""
        session = of_visit(self.found(_VISITS, visit))
        return self.answer(session, SessionSerializer, repeated=repeated, context={"now": clock.now()})


class VisitSession(_OfSession):
    """What is recorded of a visit."""

    permissions = {"GET": Permission.RECORD_SESSIONS}

    @extend_schema(responses=SessionSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows the checks of a visit with when they are due, what was ticked off, and what stands in the way of leaving."""
        return self.stands(key)


class VisitTickOff(_OfSession):
    """One thing of a visit that was done."""

    permissions = {"POST": Permission.RECORD_SESSIONS}
    keyed = frozenset({"POST"})

    @extend_schema(request=TickOffSerializer, responses={200: SessionSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Ticks off one step. `start` sets the appointment to "in treatment"."""
        asked = self.read(TickOffSerializer)
        visit = self.found(_VISITS, key)

        def do() -> UUID:
            return sessions.tick(visit=visit, by=self.user, now=clock.now(), **asked).visit_id

        _, repeated = self.once(do)
        return self.stands(key, repeated=repeated)


class VisitDischarge(_OfSession):
    """The patient leaves."""

    permissions = {"POST": Permission.RECORD_SESSIONS}
    keyed = frozenset({"POST"})

    @extend_schema(request=DischargeSerializer, responses={200: SessionSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Ends a visit. Where something stands in the way, `detail.obstacles` says what; a reason overrides it."""
        reason = self.read(DischargeSerializer).get("reason", "")
        visit = self.found(_VISITS, key)

        def do() -> UUID:
            return sessions.discharge(visit=visit, by=self.user, now=clock.now(), reason=reason).visit_id

        _, repeated = self.once(do)
        return self.stands(key, repeated=repeated)


class TickWithdraw(_OfSession):
    """A tick that was a slip."""

    permissions = {"POST": Permission.RECORD_SESSIONS}
    keyed = frozenset({"POST"})

    @extend_schema(request=None, responses={200: SessionSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Takes a tick back. That of a start or of leaving gives the appointment its status of before."""
        self.read(Input)
        tick = self.found(VisitTick.objects.select_related("visit"), key)

        def do() -> UUID:
            sessions.withdraw(tick=tick, by=self.user, now=clock.now())
            return tick.visit_id

        visit, repeated = self.once(do)
        return self.stands(visit, repeated=repeated)
