"""Sites."""

from uuid import UUID

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.sites import SiteDetailSerializer, SiteQuery, SiteSerializer
from clinics.models import OpeningHours, Site
from clinics.permissions import Permission


class SiteList(Endpoint):
    """The clinic's sites."""

    permissions = {"GET": Permission.VIEW_CALENDAR}
    query_serializer = SiteQuery
    paged = True

    @extend_schema(responses=SiteSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the clinic's sites."""
        rows = Site.objects.all()
        if "active" in self.query:
            rows = rows.filter(is_active=self.query["active"])
        return self.page(rows, SiteSerializer)


class SiteDetail(Endpoint):
    """One site."""

    permissions = {"GET": Permission.VIEW_CALENDAR}
    etagged = frozenset({"GET"})

    @extend_schema(responses=SiteDetailSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a site with its opening hours."""
        hours = OpeningHours.objects.order_by("weekday", "opens", "valid_from")
        rows = Site.objects.prefetch_related(Prefetch("opening_hours", queryset=hours))
        return self.answer(self.found(rows, key), SiteDetailSerializer)
