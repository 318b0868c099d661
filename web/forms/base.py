"""What all forms share: our words for errors, and a place for the errors of the domain."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.text import storable


class StaffForm(forms.Form):
    """A form whose fields say in their own words what is missing; the browser's bubbles stay out."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["label_suffix"] = ""
        super().__init__(*args, **kwargs)

    def take(self, error: DomainError, names: dict[str, str] | None = None) -> None:
        """Shows a domain error at the field it points to, else on top. ``names`` maps other names to fields."""
        names = names or {}
        fields: dict[str, list[str]] = error.detail.get("fields") or {error.pointer: [error.message]}
        for pointer, sentences in fields.items():
            field = names.get(pointer, pointer.split("/")[-1])
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)


class Text(forms.CharField):
    """A line of text. ``missing`` is said when it is empty."""

    def __init__(self, *, missing: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"required": missing})
        super().__init__(required=bool(missing), **kwargs)

    def validate(self, value: str) -> None:
        """Refuses what the database could not keep."""
        super().validate(value)
        if not storable(value):
            raise forms.ValidationError("This has a character that cannot be stored.")
