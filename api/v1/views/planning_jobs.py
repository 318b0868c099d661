"""Planning that concerns many courses at once: asked for, polled, carried out, taken back."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.planning_jobs import (
    ClosureSerializer,
    DigestSerializer,
    IntakesSerializer,
    LevellingSerializer,
    PlanningJobQuery,
    PlanningJobSerializer,
)
from api.v1.serializers.strict import Input
from clinics.models import Patient, Site
from clinics.permissions import Permission
from core import clock
from core.errors import InvalidInput
from scheduler.models import Resource
from treatments.actions import jobs
from treatments.many.closures import Closure
from treatments.many.intakes import Intake
from treatments.many.levels import Levelling
from treatments.models import PlanningJob, ProtocolVersion

M = TypeVar("M")


class PlanningJobList(Endpoint):
    """Planning jobs."""

    permissions = {"GET": Permission.VIEW_COURSES}
    query_serializer = PlanningJobQuery
    paged = True

    @extend_schema(responses=PlanningJobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists planning jobs, in the order in which they were asked for."""
        return self.page(PlanningJob.objects.filter(**self.query), PlanningJobSerializer)


class PlanningJobClose(Endpoint):
    """A closed day, or somebody or something away."""

    permissions = {"POST": Permission.RECORD_ABSENCES}
    keyed = frozenset({"POST"})

    @extend_schema(request=ClosureSerializer, responses={202: PlanningJobSerializer})
    def post(self, request: Request) -> Response:
        """Asks what a closure does to every course, and where their visits could go. Changes nothing yet."""
        asked = self.read(ClosureSerializer)
        site = self.named(Site.objects.all(), asked["site"], "site")
        resource = self.named(Resource.objects.all(), asked["resource"], "resource") if "resource" in asked else None
        closure = Closure(
            site=site,
            reason=asked["reason"],
            on=asked.get("on"),
            resource=resource,
            starts_at=asked.get("starts_at"),
            ends_at=asked.get("ends_at"),
        )
        key, repeated = self.once(lambda: jobs.close(closure=closure, by=self.user, now=clock.now()).pk)
        row = self.found(PlanningJob.objects.all(), key)
        return self.answer(row, PlanningJobSerializer, status=202, repeated=repeated)


class PlanningJobBook(Endpoint):
    """New courses, planned together."""

    permissions = {"POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=IntakesSerializer, responses={202: PlanningJobSerializer})
    def post(self, request: Request) -> Response:
        """Asks how up to 100 new courses fit into the same calendars. Changes nothing yet."""
        asked = self.read(IntakesSerializer)
        site = self.named(Site.objects.all(), asked["site"], "site")
        patients = Patient.objects.in_bulk([each["patient"] for each in asked["courses"]])
        versions = ProtocolVersion.objects.select_related("protocol").in_bulk(
            [each["protocol_version"] for each in asked["courses"]]
        )
        wanted = [
            Intake(
                patient=_known(patients, each["patient"], f"courses/{number}/patient"),
                protocol_version=_known(versions, each["protocol_version"], f"courses/{number}/protocol_version"),
                start_on=each["start_on"],
                wishes=each.get("wishes", {}),
            )
            for number, each in enumerate(asked["courses"])
        ]
        key, repeated = self.once(lambda: jobs.book(site=site, wanted=wanted, by=self.user, now=clock.now()).pk)
        row = self.found(PlanningJob.objects.all(), key)
        return self.answer(row, PlanningJobSerializer, status=202, repeated=repeated)


class PlanningJobLevel(Endpoint):
    """A period whose days are evened out."""

    permissions = {"POST": Permission.EDIT_RESOURCES}
    keyed = frozenset({"POST"})

    @extend_schema(request=LevellingSerializer, responses={202: PlanningJobSerializer})
    def post(self, request: Request) -> Response:
        """Asks which visits could go from full days of a period to others. Changes nothing yet."""
        asked = self.read(LevellingSerializer)
        levelling = Levelling(**(asked | {"site": self.named(Site.objects.all(), asked["site"], "site")}))
        key, repeated = self.once(lambda: jobs.level(levelling=levelling, by=self.user, now=clock.now()).pk)
        row = self.found(PlanningJob.objects.all(), key)
        return self.answer(row, PlanningJobSerializer, status=202, repeated=repeated)


class PlanningJobDetail(Endpoint):
    """One planning job."""

    permissions = {"GET": Permission.VIEW_COURSES}

    @extend_schema(responses=PlanningJobSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows how far a planning job is, and what carrying it out would do to each visit."""
        return self.answer(self.found(PlanningJob.objects.all(), key), PlanningJobSerializer)


class PlanningJobApply(Endpoint):
    """A planning job, carried out. A closed day or a levelled period takes a manager."""

    permissions = {"POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=DigestSerializer, responses={200: PlanningJobSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Does exactly what the answer with this digest says, all of it or nothing."""
        digest = self.read(DigestSerializer)["digest"]
        job = self.found(PlanningJob.objects.all(), key)

        def do() -> UUID:
            jobs.apply(job=job, digest=digest, by=self.user, now=clock.now())
            return job.pk

        _, repeated = self.once(do)
        return self.answer(self.found(PlanningJob.objects.all(), key), PlanningJobSerializer, repeated=repeated)


class PlanningJobUndo(Endpoint):
    """A planning job, taken back. A closed day or a levelled period takes a manager."""

    permissions = {"POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=None, responses={200: PlanningJobSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Opens again what was closed and puts every visit back, all of it or nothing."""
        job = self.found(PlanningJob.objects.all(), key)
        self.read(Input)

        def do() -> UUID:
            jobs.undo(job=job, by=self.user, now=clock.now())
            return job.pk

        _, repeated = self.once(do)
        return self.answer(self.found(PlanningJob.objects.all(), key), PlanningJobSerializer, repeated=repeated)


def _known(rows: Mapping[UUID, M], key: UUID, pointer: str) -> M:
    """Raises ``InvalidInput``."""
    if key not in rows:
        raise InvalidInput("There is none with this id.", pointer=pointer)
    return rows[key]
