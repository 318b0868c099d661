"""Changing running courses: preview, apply, undo, and what was changed lately."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.appointments import ReasonSerializer
from api.v1.serializers.changes import EVENT, KINDS, ChangeSetQuery, ChangeSetSerializer, RippleSerializer, shown
from clinics.permissions import Permission
from core import clock
from scheduler.models import ChangeLine, ChangeSet
from treatments.actions import changes
from treatments.actions.changes import Applied, Event, Outdated
from treatments.models import Course


def _shown() -> "QuerySet[ChangeSet]":
    lines = Prefetch("lines", queryset=ChangeLine.objects.order_by("appointment_id"))
    return ChangeSet.objects.select_related("patient", "undone_by").prefetch_related(lines, "course_changes")


class Changing(Endpoint):
    """Changes a course as it was seen, and answers with the change set."""

    def changed(self, course: Course, apply: Callable[[], Applied]) -> Response:
        """Changes the course once. Raises what ``apply`` does; ``Outdated`` with what it would do now."""

        def do() -> UUID:
            try:
                return apply().change_set.pk
            except Outdated as error:
                error.detail["ripple"] = shown(error.ripple, zone=course.site.zone)
                raise

        done, repeated = self.once(do)
        course.refresh_from_db(fields=["version"])
        return self.answer(
            _shown().get(pk=done), ChangeSetSerializer, status=201, repeated=repeated, version=course.version
        )


class _Eventful(Changing):
    """Takes an event. Which role may do what depends on the event: the action decides."""

    def event(self, course: Course) -> tuple[Event, dict[str, Any]]:
        """The event that was sent, and what was sent. Raises ``ValidationError``."""
        data = self.request.data
        name = data.get("event") if isinstance(data, dict) else None
        if isinstance(data, dict) and (not isinstance(name, str) or name not in KINDS):
            raise ValidationError({"event": [f"Send one of {', '.join(KINDS)}."]})
        kind = KINDS[name or next(iter(KINDS))]
        sent = self.read(kind.serializer)
        return kind.event(course.pk, sent), sent

    def course(self, key: UUID) -> Course:
        """The course. Raises ``NotFound``."""
        return self.found(Course.objects.select_related("site"), key)


class CourseChangePreview(_Eventful):
    """What an event would do to a course."""

    permissions = {"POST": Permission.VIEW_COURSES}
    reading = frozenset({"POST"})
    errors = {"POST": frozenset({409, 422})}

    @extend_schema(request=EVENT, responses={200: RippleSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Says for every visit what would become of it. Stores nothing, holds nothing."""
        course = self.course(key)
        event, _ = self.event(course)
        ripple = changes.preview(event=event, by=self.user, now=clock.now())
        return Response(shown(ripple, zone=course.site.zone))


class CourseChange(_Eventful):
    """A change of a course."""

    permissions = {"POST": Permission.VIEW_COURSES}
    keyed = versioned = etagged = frozenset({"POST"})

    @extend_schema(request=EVENT, responses={201: ChangeSetSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Does what the preview said, or nothing: where it would do something else by now, `detail.ripple` says what."""
        course = self.course(key)
        event, sent = self.event(course)

        return self.changed(
            course,
            lambda: changes.apply(
                event=event,
                by=self.user,
                now=clock.now(),
                reason=sent.get("reason", ""),
                digest=sent.get("digest"),
                version=self.version,
            ),
        )


class ChangeSetList(Endpoint):
    """What was changed."""

    permissions = {"GET": Permission.VIEW_COURSES}
    query_serializer = ChangeSetQuery
    paged = True

    @extend_schema(responses=ChangeSetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists change sets in the order in which they were made."""
        names = {
            "site": "site_id",
            "patient": "patient_id",
            "course": "course_changes__course_id",
            "since": "created_at__gte",
        }
        rows = _shown().filter(**{names[name]: value for name, value in self.query.items()})
        return self.page(rows, ChangeSetSerializer)


class ChangeSetUndo(Endpoint):
    """Taking a change set back. Whoever may do it may take it back: the action decides."""

    permissions = {"POST": Permission.VIEW_COURSES}
    keyed = frozenset({"POST"})

    @extend_schema(request=ReasonSerializer, responses={201: ChangeSetSerializer})
    def post(self, request: Request, key: UUID) -> Response:
        """Puts back everything that it changed, or says what stands in the way. The answer is the change set that undoes it."""
        reason = self.read(ReasonSerializer).get("reason", "")
        change_set = self.found(ChangeSet.objects.select_related("undoes"), key)

        def do() -> UUID:
            return changes.undo(change_set=change_set, by=self.user, now=clock.now(), reason=reason).pk

        done, repeated = self.once(do)
        return self.answer(_shown().get(pk=done), ChangeSetSerializer, status=201, repeated=repeated)
