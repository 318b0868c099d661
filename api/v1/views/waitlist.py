"""The waitlist."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.strict import Input
from api.v1.serializers.waitlist import (
    MatchesSerializer,
    MatchQuery,
    WaitlistEntrySerializer,
    WaitlistJoinSerializer,
    WaitlistQuery,
    WaitlistTakeSerializer,
)
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from scheduler.models import Allocation, Resource
from treatments.actions import waitlist
from treatments.many import waiting
from treatments.models import Visit, WaitlistEntry


def _shown() -> "QuerySet[WaitlistEntry]":
    taken = Allocation.objects.select_related("resource").order_by("starts_at", "role", "lane")
    return WaitlistEntry.objects.select_related("visit__course__patient", "visit__appointment").prefetch_related(
        Prefetch("visit__appointment__allocations", queryset=taken)
    )


class WaitlistList(Endpoint):
    """Visits that wait for another place, or for their first."""

    permissions = {"GET": Permission.VIEW_COURSES, "POST": Permission.BOOK_COURSES}
    keyed = frozenset({"POST"})
    query_serializer = WaitlistQuery
    paged = True

    @extend_schema(responses=WaitlistEntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the waitlist, in the order in which it was joined."""
        names = {"site": "visit__course__site_id", "course": "visit__course_id", "visit": "visit_id"}
        chosen = {names.get(name, name): value for name, value in self.query.items()}
        return self.page(_shown().filter(**chosen), WaitlistEntrySerializer)

    @extend_schema(request=WaitlistJoinSerializer, responses={201: WaitlistEntrySerializer})
    def post(self, request: Request) -> Response:
        """Puts a visit on the waitlist; it keeps its present place until it takes another."""
        asked = self.read(WaitlistJoinSerializer)
        asked["visit"] = self.named(Visit.objects.select_related("course__site"), asked["visit"], "visit")
        key, repeated = self.once(lambda: waitlist.join(**asked, by=self.user, now=clock.now()).pk)
        return self.answer(self.found(_shown(), key), WaitlistEntrySerializer, status=201, repeated=repeated)


class WaitlistMatches(Endpoint):
    """Who fits a freed time."""

    permissions = {"GET": Permission.VIEW_COURSES}
    query_serializer = MatchQuery

    @extend_schema(responses={200: MatchesSerializer})
    def get(self, request: Request) -> Response:
        """Lists who of those waiting could begin in a period and stay inside the rules of their course, the best first."""
        asked = self.query
        site = self.named(Site.objects.all(), asked["site"], "site")
        resource = self.named(Resource.objects.all(), asked["resource"], "resource") if "resource" in asked else None
        found = waiting.matches(
            site=site, starts_at=asked["starts_at"], ends_at=asked["ends_at"], now=clock.now(), resource=resource
        )
        return self.answer({"results": found, "zone": site.zone}, MatchesSerializer)


class WaitlistDetail(Endpoint):
    """One visit on the waitlist."""

    permissions = {"GET": Permission.VIEW_COURSES}

    @extend_schema(responses=WaitlistEntrySerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows an entry of the waitlist."""
        return self.answer(self.found(_shown(), key), WaitlistEntrySerializer)


class WaitlistLeave(Endpoint):
    """The end of waiting."""

    permissions = {"POST": Permission.BOOK_COURSES}

    @extend_schema(request=None, responses={200: WaitlistEntrySerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Takes a visit off the waitlist; its place stays as it is."""
        entry = self.found(WaitlistEntry.objects.all(), key)
        self.read(Input)
        waitlist.leave(entry=entry, by=self.user, now=clock.now())
        return self.answer(self.found(_shown(), key), WaitlistEntrySerializer)


class WaitlistTake(Endpoint):
    """A place for whoever waits."""

    permissions = {"POST": Permission.MOVE_VISITS}
    keyed = frozenset({"POST"})

    @extend_schema(request=WaitlistTakeSerializer, responses={200: WaitlistEntrySerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Moves the waiting visit to a place, or gives it its first, inside the rules of its protocol."""
        asked = self.read(WaitlistTakeSerializer)
        entry = self.found(WaitlistEntry.objects.all(), key)
        resources = {role: str(resource) for role, resource in asked.get("resources", {}).items()}

        def do() -> UUID:
            waitlist.take(entry=entry, starts_at=asked["starts_at"], by=self.user, now=clock.now(), resources=resources)
            return entry.pk

        _, repeated = self.once(do)
        return self.answer(self.found(_shown(), key), WaitlistEntrySerializer, repeated=repeated)
