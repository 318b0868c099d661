"""Sites."""

from rest_framework import serializers

from api.v1.serializers.strict import Query, WallClock
from clinics.models import OpeningHours, Site


class SiteQuery(Query):
    """Filters of the list of sites."""

    active = serializers.BooleanField(required=False, help_text="Only those in use, or only those that are not.")


class SiteSerializer(serializers.ModelSerializer[Site]):
    """A place of the clinic."""

    phone = serializers.CharField(read_only=True)

    class Meta:
        model = Site
        fields = [
            "id",
            "code",
            "name",
            "public_name",
            "zone",
            "phone",
            "address",
            "country",
            "subdivision",
            "is_active",
            "version",
        ]
        read_only_fields = fields


class OpeningHoursSerializer(serializers.ModelSerializer[OpeningHours]):
    """Wall-clock hours on one weekday; Monday is 0, ``valid_until`` is not included."""

    opens = WallClock(read_only=True)
    closes = WallClock(read_only=True)

    class Meta:
        model = OpeningHours
        fields = ["weekday", "opens", "closes", "valid_from", "valid_until"]
        read_only_fields = fields


class SiteDetailSerializer(SiteSerializer):
    """A place of the clinic, with its opening hours."""

    opening_hours = OpeningHoursSerializer(many=True, read_only=True)

    class Meta(SiteSerializer.Meta):
        fields = [*SiteSerializer.Meta.fields, "opening_hours"]
        read_only_fields = fields
