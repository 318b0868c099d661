"""Resources."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.resources import (
    ConsequencesSerializer,
    NewResourceSerializer,
    ResourceChangeSerializer,
    ResourceOutcomeSerializer,
    ResourceQuery,
    ResourceSerializer,
)
from api.v1.serializers.strict import Input
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from scheduler.actions import resources
from scheduler.models import Resource, Skill


def _shown() -> "QuerySet[Resource]":
    skills = Prefetch("skills", queryset=Skill.objects.order_by("code"))
    return Resource.objects.select_related("site").prefetch_related(skills)


class ResourceList(Endpoint):
    """What an appointment can take."""

    permissions = {"GET": Permission.VIEW_CALENDAR, "POST": Permission.EDIT_RESOURCES}
    keyable = frozenset({"POST"})
    etagged = frozenset({"POST"})
    query_serializer = ResourceQuery
    paged = True

    @extend_schema(responses=ResourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists chairs, rooms, devices and people."""
        names = {"site": "site_id", "kind": "kind", "skill": "skills__code", "active": "is_active"}
        rows = _shown().filter(**{names[name]: value for name, value in self.query.items()})
        return self.page(rows, ResourceSerializer)

    @extend_schema(request=NewResourceSerializer, responses={201: ResourceSerializer})
    def post(self, request: Request) -> Response:
        """Adds a resource. Without working hours of its own it follows its site's; a person works only in theirs."""
        details = self.read(NewResourceSerializer)
        site = self.named(Site.objects.all(), details.pop("site"), "site")
        key, repeated = self.once(lambda: resources.add(site=site, by=self.user, **details).pk)
        return self.answer(self.found(_shown(), key), ResourceSerializer, status=201, repeated=repeated)


class _Change(Endpoint):
    """A change of one resource, which may hit booked appointments."""

    def outcome(self, outcome: resources.Outcome) -> Response:
        """The resource as it is now, with the appointments that were hit."""
        row = self.found(_shown(), outcome.resource.pk)
        row.affected = outcome.affected  # type: ignore[attr-defined]  # shown beside the resource's own fields
        return self.answer(row, ResourceOutcomeSerializer)


class ResourceDetail(_Change):
    """One resource."""

    permissions = {"GET": Permission.VIEW_CALENDAR, "PATCH": Permission.EDIT_RESOURCES}
    versioned = frozenset({"PATCH"})
    etagged = frozenset({"GET", "PATCH"})

    @extend_schema(responses=ResourceSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a resource."""
        return self.answer(self.found(_shown(), key), ResourceSerializer)

    @extend_schema(request=ResourceChangeSerializer, responses=ResourceOutcomeSerializer)
    def patch(self, request: Request, key: UUID) -> Response:
        """Changes a resource; what is not named stays. Refused when it hits booked appointments, unless accepted."""
        resource = self.found(_shown(), key)
        changes = self.read(ResourceChangeSerializer)
        return self.outcome(
            resources.edit(resource=resource, by=self.user, now=clock.now(), version=self.version, **changes)
        )


class ResourceSwitchOff(_Change):
    """The end of a resource."""

    permissions = {"POST": Permission.EDIT_RESOURCES}
    versioned = etagged = frozenset({"POST"})

    @extend_schema(request=ConsequencesSerializer, responses={200: ResourceOutcomeSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Takes a resource out of use. Refused when it is booked, unless accepted."""
        resource = self.found(_shown(), key)
        asked = self.read(ConsequencesSerializer)
        return self.outcome(
            resources.switch_off(resource=resource, by=self.user, now=clock.now(), version=self.version, **asked)
        )


class ResourceSwitchOn(_Change):
    """A resource comes back."""

    permissions = {"POST": Permission.EDIT_RESOURCES}
    versioned = etagged = frozenset({"POST"})

    @extend_schema(request=None, responses={200: ResourceOutcomeSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Takes a resource into use again."""
        resource = self.found(_shown(), key)
        self.read(Input)
        return self.outcome(resources.switch_on(resource=resource, by=self.user, now=clock.now(), version=self.version))
