"""Messages to patients."""

from rest_framework import serializers

from notifications.models import Message


class MessageSerializer(serializers.ModelSerializer[Message]):
    """What is said, or will be, to a patient on one channel. Its text is not here: it may name the patient."""

    class Meta:
        model = Message
        fields = ["id", "step", "channel", "state", "reason", "due_at", "settled_at", "attempts", "appointment"]
        read_only_fields = fields
