"""Free times offered by message to those who wait."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.strict import Input
from api.v1.serializers.waitlist_offers import NewOfferSerializer, OfferQuery, OffersSerializer
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from notifications.actions import offers
from notifications.models import Offer
from notifications.queries import offers as reading
from scheduler.models import Resource


class WaitlistOffers(Endpoint):
    """Times offered in the last day."""

    permissions = {"GET": Permission.VIEW_COURSES, "POST": Permission.SEND_MESSAGES}
    keyed = frozenset({"POST"})
    query_serializer = OfferQuery

    @extend_schema(responses={200: OffersSerializer})
    def get(self, request: Request) -> Response:
        """Lists what was offered in the last day, the newest first, and what came of it."""
        site = self.named(Site.objects.all(), self.query["site"], "site") if "site" in self.query else None
        now = clock.now()
        return self.answer({"results": reading.listed(site, now=now)}, OffersSerializer, context={"now": now})

    @extend_schema(request=NewOfferSerializer, responses={201: OffersSerializer})
    def post(self, request: Request) -> Response:
        """Holds one time for 15 minutes and offers it by message to one to three who fit; the first yes has it."""
        asked = self.read(NewOfferSerializer)
        site = self.named(Site.objects.all(), asked["site"], "site")
        resource = self.named(Resource.objects.all(), asked["resource"], "resource") if "resource" in asked else None
        now = clock.now()

        def do() -> UUID:
            made = offers.offer(
                site=site,
                entries=asked["entries"],
                starts_at=asked["starts_at"],
                ends_at=asked["ends_at"],
                resource=resource,
                by=self.user,
                now=now,
            )
            return made[0].hold_id

        hold, repeated = self.once(do)
        return self.answer(
            {"results": reading.of_hold(hold)}, OffersSerializer, status=201, repeated=repeated, context={"now": now}
        )


class WaitlistOfferWithdraw(Endpoint):
    """The end of an offer."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=None, responses={200: OffersSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Offers the time of this offer no more, to anybody; it is free again."""
        found = self.found(Offer.objects.select_related("hold__site"), key)
        self.read(Input)
        now = clock.now()
        offers.withdraw(hold=found.hold_id, site=found.hold.site, by=self.user, now=now)
        return self.answer({"results": reading.of_hold(found.hold_id)}, OffersSerializer, context={"now": now})
