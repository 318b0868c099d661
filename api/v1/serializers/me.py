"""Who calls."""

from rest_framework import serializers

from clinics.models import User


class MeSerializer(serializers.ModelSerializer[User]):
    """The account that signed in, or whose token was sent."""

    permissions = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="What it may do.")
    scopes = serializers.ListField(
        child=serializers.CharField(), read_only=True, allow_null=True, help_text="Of the token; null for a session."
    )

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "permissions", "scopes"]
        read_only_fields = fields
