"""Free times offered by message to those who wait."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.v1.serializers.strict import Input, Instant, Query
from notifications.actions.offers import MOST
from notifications.models import Offer, OfferState


class OfferQuery(Query):
    """Which offers."""

    site = serializers.UUIDField(required=False)


class NewOfferSerializer(Input):
    """Which time is offered, and to whom: as for the matches of a freed time."""

    site = serializers.UUIDField()
    entries = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MOST, help_text="Of the waitlist."
    )
    starts_at = Instant()
    ends_at = Instant(help_text="At most a week later. The time that is offered begins in this period.")
    resource = serializers.UUIDField(required=False, help_text="What has become free; without it, anything.")


class OfferSerializer(serializers.ModelSerializer[Offer]):
    """One time offered to one visit that waits. Those of one time have the same ``hold``."""

    visit = serializers.UUIDField(source="entry.visit_id", read_only=True)
    starts_at = serializers.DateTimeField(source="hold.starts_at", read_only=True)
    standing = serializers.SerializerMethodField(help_text="By the clock: an open one whose time is over is expired.")

    class Meta:
        model = Offer
        fields = [
            "id",
            "hold",
            "entry",
            "visit",
            "message",
            "starts_at",
            "ends_at",
            "until",
            "standing",
            "settled_at",
            "offered_at",
            "change_set",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=OfferState.choices()))
    def get_standing(self, offer: Offer) -> str:
        """How it stands."""
        return offer.standing(now=self.context["now"]).value


class OffersSerializer(serializers.Serializer[Any]):
    """Offers with what came of them."""

    results = serializers.SerializerMethodField()

    @extend_schema_field(OfferSerializer(many=True))
    def get_results(self, found: dict[str, Any]) -> Any:
        """One for each who was asked."""
        return OfferSerializer(found["results"], many=True, context=self.context).data
