"""Messages to patients: reading them, and what staff do about single ones."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.messages import (
    ExplainedMessageSerializer,
    HandledSerializer,
    MessageQuery,
    MessageSerializer,
    OutboxMessageSerializer,
)
from api.v1.serializers.strict import Input
from clinics.permissions import Permission
from core import clock
from notifications.actions import copies
from notifications.actions import messages as actions
from notifications.engine.states import Channel, State
from notifications.models import Message
from notifications.queries import explanations, messages, pauses
from treatments.models import Course


class CourseMessages(Endpoint):
    """What a course's patient is told."""

    permissions = {"GET": Permission.VIEW_MESSAGES}
    paged = True
    ordering_fields = ("due_at", "id")

    @extend_schema(responses=MessageSerializer(many=True))
    def get(self, request: Request, key: UUID) -> Response:
        """Lists the messages about the visits of a course, sent and still to be sent, in the order they are due."""
        return self.page(messages.of_course(self.found(Course.objects.all(), key)), MessageSerializer)


class MessageList(Endpoint):
    """The outbox."""

    permissions = {"GET": Permission.VIEW_MESSAGES}
    query_serializer = MessageQuery
    paged = True
    ordering_fields = ("due_at", "id")

    @extend_schema(responses=OutboxMessageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists messages in the order they are due, sent and still to be sent."""
        asked: dict[str, Any] = dict(self.query)
        if "state" in asked:
            asked["state"] = State(asked["state"])
        if "channel" in asked:
            asked["channel"] = Channel(asked["channel"])
        return self.page(messages.look(**asked | {"attention": "attention" in asked}), OutboxMessageSerializer)


class _One(Endpoint):
    """One message."""

    def message(self, key: UUID) -> Message:
        """The message with this id. Raises ``NotFound``."""
        return self.found(messages.shown(Message.objects.all()), key)

    def explained(self, key: UUID, *, status: int = 200) -> Response:
        """The message as it is now, with its sentences."""
        row = self.message(key)
        told = explanations.of_messages([row], paused=pauses.in_force(), now=clock.now())
        row.told = told[row.pk]  # type: ignore[attr-defined]  # shown beside the message's own fields
        return self.answer(row, ExplainedMessageSerializer, status=status)


class MessageDetail(_One):
    """One message and why it stands where it does."""

    permissions = {"GET": Permission.VIEW_MESSAGES}

    @extend_schema(responses=ExplainedMessageSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a message, what is in its way and how each try ended."""
        return self.explained(key)


class MessageSend(_One):
    """A message goes out at once."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=None, responses={200: ExplainedMessageSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Lets a message that waits, or may have been sent, go out now, whatever the hour. Consent still decides."""
        row = self.message(key)
        self.read(Input)
        actions.send_now(message=row, by=self.user, now=clock.now())
        return self.explained(key)


class MessageResend(_One):
    """The patient is told once more."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=None, responses={201: ExplainedMessageSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Writes a copy of a message that went out, or failed, and lets it go out now; answers with the copy."""
        row = self.message(key)
        self.read(Input)
        copy = copies.send_again(message=row, by=self.user, now=clock.now())
        return self.explained(copy.pk, status=201)


class MessageHold(_One):
    """A message is kept back."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=None, responses={200: ExplainedMessageSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Keeps a message back until somebody lets it go; else it ends as too late."""
        row = self.message(key)
        self.read(Input)
        actions.hold(message=row, by=self.user)
        return self.explained(key)


class MessageRelease(_One):
    """A message is kept back no longer."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=None, responses={200: ExplainedMessageSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Lets a held message go out when it is due."""
        row = self.message(key)
        self.read(Input)
        actions.release(message=row, by=self.user, now=clock.now())
        return self.explained(key)


class MessageHandled(_One):
    """Somebody has taken care."""

    permissions = {"POST": Permission.SEND_MESSAGES}

    @extend_schema(request=HandledSerializer, responses={200: ExplainedMessageSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Notes that a message nothing more happens to was taken care of by other means. The first note stands."""
        row = self.message(key)
        asked = self.read(HandledSerializer)
        actions.mark_handled(message=row, by=self.user, **asked)
        return self.explained(key)
