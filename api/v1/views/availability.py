"""Free times."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.availability import AvailabilityQuery, AvailabilitySerializer
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from scheduler.models import Resource
from scheduler.queries.free_starts import free_starts

MOST = 1000
"""Starts in one answer: a month of one chair."""


class Availability(Endpoint):
    """Free times."""

    permissions = {"GET": Permission.VIEW_CALENDAR}
    query_serializer = AvailabilityQuery

    @extend_schema(responses={200: AvailabilitySerializer})
    def get(self, request: Request) -> Response:
        """Lists quarter hours at which a resource, or any of a kind and skill, is at work and free for some minutes."""
        asked = self.query
        site = self.named(Site.objects.all(), asked["site"], "site")
        names = {"resource": "pk", "kind": "kind", "skill": "skills__code"}
        chosen = {names[name]: asked[name] for name in names if name in asked}
        resources = {row.pk: row for row in Resource.objects.filter(site=site, is_active=True, **chosen)}
        days = (asked["to_on"] - asked["from_on"]).days + 1
        found = free_starts(
            site,
            resources=resources,
            minutes=asked["minutes"],
            first_on=asked["from_on"],
            days=days,
            now=clock.now(),
            at_most=MOST + 1,
        )
        results = [
            {
                "resource": resources[each.resource_id],
                "starts_at": each.starts_at,
                "local_start": clock.local(each.starts_at, site.zone).strftime("%Y-%m-%dT%H:%M"),
            }
            for each in found[:MOST]
        ]
        return self.answer({"complete": len(found) <= MOST, "results": results}, AvailabilitySerializer)
