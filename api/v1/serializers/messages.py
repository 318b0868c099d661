"""Messages to patients, what holds them back, and their texts."""

from rest_framework import serializers

from api.v1.serializers.strict import Input, LocalDate, Query
from clinics.models.patient import Language
from notifications.channels import words
from notifications.engine.states import Channel, State, Step
from notifications.models import Message, Pause, Template


class MessageSerializer(serializers.ModelSerializer[Message]):
    """What is said, or will be, to a patient on one channel. Its text is not here: it may name the patient."""

    class Meta:
        model = Message
        fields = ["id", "step", "channel", "state", "reason", "due_at", "settled_at", "attempts", "appointment"]
        read_only_fields = fields


class OutboxMessageSerializer(serializers.ModelSerializer[Message]):
    """A message as an operator sees it."""

    held = serializers.BooleanField(source="is_held", read_only=True, help_text="Kept back by a member of staff.")
    handled = serializers.SerializerMethodField(help_text="Somebody has taken care of it by other means.")

    class Meta:
        model = Message
        fields = [
            *MessageSerializer.Meta.fields,
            "patient",
            "next_try_at",
            "possible_duplicates",
            "copy",
            "held",
            "handled",
        ]
        read_only_fields = fields

    def get_handled(self, message: Message) -> bool:
        """Whether there is a note of it."""
        return hasattr(message, "handling")


class ExplainedMessageSerializer(OutboxMessageSerializer):
    """One message, and why it stands where it does."""

    told = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Sentences for people: its state, what is in its way, its tries.",
    )

    class Meta(OutboxMessageSerializer.Meta):
        fields = [*OutboxMessageSerializer.Meta.fields, "told"]
        read_only_fields = fields


class MessageQuery(Query):
    """Which messages."""

    state = serializers.ChoiceField(choices=State.choices(), required=False)
    channel = serializers.ChoiceField(choices=Channel.choices(), required=False)
    patient = serializers.UUIDField(required=False)
    due_on = LocalDate(required=False, help_text="The day on which it is due, on the site's clock.")
    attention = serializers.ChoiceField(
        choices=["true"], required=False, help_text="Only those to which nothing more happens unless a person acts."
    )


class HandledSerializer(Input):
    """How a message was taken care of."""

    note = serializers.CharField(required=False, max_length=200, allow_blank=True, help_text="Nothing clinical.")


class PauseSerializer(serializers.ModelSerializer[Pause]):
    """What is held back. An empty channel or step, and no site, stand for all."""

    channel = serializers.CharField(read_only=True, help_text="Empty: every channel.")
    step = serializers.CharField(read_only=True, help_text="Empty: every step.")
    by = serializers.CharField(source="by.name", read_only=True, help_text="Who holds it back.")

    class Meta:
        model = Pause
        fields = ["id", "site", "channel", "step", "cause", "reason", "by", "since", "lifted_at"]
        read_only_fields = fields


class NewPauseSerializer(Input):
    """What to hold back; what is left out stands for all."""

    site = serializers.UUIDField(required=False)
    channel = serializers.ChoiceField(choices=Channel.choices(), required=False)
    step = serializers.ChoiceField(choices=Step.choices(), required=False)
    reason = serializers.CharField(max_length=200)


WRITTEN = [(channel.value, channel.label) for channel in (Channel.SMS, Channel.EMAIL)]
"""Channels whose words a clinic can write itself."""


class TemplateSerializer(serializers.ModelSerializer[Template]):
    """One edition of the words of a text message or e-mail. An empty body: the shipped ones again."""

    by = serializers.CharField(source="by.name", read_only=True)

    class Meta:
        model = Template
        fields = ["id", "channel", "name", "language", "version", "subject", "body", "by", "created_at"]
        read_only_fields = fields


class TemplateQuery(Query):
    """Which texts."""

    channel = serializers.ChoiceField(choices=WRITTEN, required=False)
    name = serializers.ChoiceField(choices=[(name, name) for name in words.NAMES], required=False)
    language = serializers.ChoiceField(choices=Language.choices, required=False)


class NewTemplateSerializer(Input):
    """The clinic's own words, with the version they take the place of: 0 for the shipped text."""

    channel = serializers.ChoiceField(choices=WRITTEN, required=False, help_text="A text message unless told.")
    name = serializers.ChoiceField(choices=[(name, name) for name in words.NAMES])
    language = serializers.ChoiceField(choices=Language.choices)
    subject = serializers.CharField(required=False, allow_blank=True, max_length=100, help_text="Of an e-mail.")
    body = serializers.CharField(allow_blank=True, max_length=2000)
    version = serializers.IntegerField(min_value=0, max_value=1_000_000)
