"""Fields and serializers that take exactly what they document: no unknown names, no other types, no absurd dates."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

EARLIEST_ON = date(1900, 1, 1)
LATEST_ON = date(2199, 12, 31)
"""Dates outside are typing mistakes, and instants near year 1 or 9999 cannot be converted between zones."""


class LocalDate(serializers.DateField):
    """A calendar date such as 2026-03-31, from 1900 to 2199."""

    default_error_messages = {
        "invalid": "Send a date such as 2026-03-31.",
        "out_of_range": f"Send a date from {EARLIEST_ON:%Y} to {LATEST_ON:%Y}.",
    }

    def to_internal_value(self, value: Any) -> date:
        """Raises ``ValidationError``."""
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            self.fail("invalid")
        try:
            found = date.fromisoformat(value)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST_ON <= found <= LATEST_ON:
            self.fail("out_of_range")
        return found


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.Field[datetime, Any, str, Any]):
    """An instant with its offset from UTC, such as 2026-03-31T09:30:00-04:00; answers are in UTC."""

    default_error_messages = {
        "invalid": "Send a date and time with its offset, such as 2026-03-31T09:30:00-04:00.",
        "out_of_range": f"Send a date from {EARLIEST_ON:%Y} to {LATEST_ON:%Y}.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        """In UTC. Raises ``ValidationError``."""
        if not isinstance(data, str) or len(data) > 40:
            self.fail("invalid")
        try:
            found = parse_datetime(data)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.fail("invalid")
        if not EARLIEST_ON < found.date() < LATEST_ON:
            self.fail("out_of_range")
        return found.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        """In UTC, with a Z."""
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "example": "08:30"})
class WallClock(serializers.TimeField):
    """A wall-clock time in answers, such as 08:30. OpenAPI's own "time" would need an offset."""

    def to_representation(self, value: time) -> str:
        """Hours and minutes."""
        return value.strftime("%H:%M")


_JSON_TYPES: dict[type[serializers.Field[Any, Any, Any, Any]], tuple[type, str]] = {
    serializers.BooleanField: (bool, "Send true or false."),
    serializers.IntegerField: (int, "Send a whole number."),
    serializers.CharField: (str, "Send text."),
    serializers.ChoiceField: (str, "Send text."),
    serializers.UUIDField: (str, "Send an id as text."),
}
"""DRF would turn 1 into "1" and "yes" into true."""


class Input(serializers.Serializer[Any]):
    """A JSON object. Names it does not list are refused, and so are values of another JSON type."""

    default_error_messages = {"invalid": "Send a JSON object here."}

    def to_internal_value(self, data: Any) -> Any:
        """Raises ``ValidationError`` with every problem of this object."""
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        problems: dict[str, list[serializers.ErrorDetail]] = {}
        known = {name: field for name, field in self.fields.items() if not field.read_only}
        for name in data:
            if name not in known:
                problems[str(name)[:60]] = [serializers.ErrorDetail("There is no field of this name.", "unknown_field")]
        for name, field in known.items():
            if name in data and data[name] is not None and (sentence := _wrong_type(field, data[name])):
                problems[name] = [serializers.ErrorDetail(sentence, "wrong_type")]
        fine = {name: value for name, value in data.items() if name in known and name not in problems}
        try:
            values = super().to_internal_value(fine)
        except serializers.ValidationError as error:
            missing_too = {name: text for name, text in _details(error).items() if name not in problems}
            raise serializers.ValidationError(problems | missing_too) from error
        if problems:
            raise serializers.ValidationError(problems)
        return values


def _details(error: serializers.ValidationError) -> dict[str, Any]:
    assert isinstance(error.detail, dict)  # noqa: S101 - a serializer's own errors are by field
    return error.detail


def _wrong_type(field: Any, value: Any) -> str | None:
    for kind, (wanted, sentence) in _JSON_TYPES.items():
        if isinstance(field, kind):
            fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
            return None if fits else sentence
    return None


class Query(serializers.Serializer[Any]):
    """The parameters of a query string. Unknown and repeated ones are refused."""

    @classmethod
    def read(cls, given: Mapping[str, list[str]]) -> dict[str, Any]:
        """The values, for each declared parameter that was given or has a default. Raises ``ValidationError``."""
        filled = cls(data={name: values[-1] for name, values in given.items()})
        problems: dict[str, Any] = {}
        for name, values in given.items():
            if name not in filled.fields:
                sentence = "There is no parameter of this name."
                problems[name[:60]] = [serializers.ErrorDetail(sentence, "unknown_parameter")]
            elif len(values) > 1:
                problems[name] = [serializers.ErrorDetail("Send this parameter once.", "repeated")]
        if not filled.is_valid():
            problems = dict(filled.errors) | problems
        if problems:
            raise serializers.ValidationError(problems)
        values_by_name: dict[str, Any] = filled.validated_data
        return values_by_name
