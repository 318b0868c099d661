"""Holding messages back."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.messages import NewPauseSerializer, PauseSerializer
from api.v1.serializers.strict import Input
from clinics.models import Site
from clinics.permissions import Permission
from core import clock
from notifications.actions import pauses
from notifications.engine.states import Channel, Step
from notifications.models import Pause


def _shown() -> "QuerySet[Pause]":
    return Pause.objects.select_related("by")


class PauseList(Endpoint):
    """What is held back."""

    permissions = {"GET": Permission.VIEW_MESSAGES, "POST": Permission.PAUSE_MESSAGES}
    paged = True

    @extend_schema(responses=PauseSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists what is held back now."""
        return self.page(_shown().filter(lifted_at=None), PauseSerializer)

    @extend_schema(request=NewPauseSerializer, responses={201: PauseSerializer})
    def post(self, request: Request) -> Response:
        """Holds back what fits, from the next message on, until it is lifted. Safe to repeat."""
        asked = self.read(NewPauseSerializer)
        made = pauses.pause(
            by=self.user,
            now=clock.now(),
            site=self.named(Site.objects.all(), asked["site"], "site") if "site" in asked else None,
            channel=Channel(asked["channel"]) if "channel" in asked else None,
            step=Step(asked["step"]) if "step" in asked else None,
            reason=asked["reason"],
        )
        return self.answer(made, PauseSerializer, status=201)


class PauseLift(Endpoint):
    """The end of holding back."""

    permissions = {"POST": Permission.PAUSE_MESSAGES}

    @extend_schema(request=None, responses={200: PauseSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Lets go what was held back, as far as it is not too late for it."""
        held = self.found(_shown(), key)
        self.read(Input)
        pauses.lift(pause=held, by=self.user, now=clock.now())
        return self.answer(self.found(_shown(), key), PauseSerializer)
