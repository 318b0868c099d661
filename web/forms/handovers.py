"""What the desk says when it sends a decision back."""

from web.forms.base import StaffForm, Text


class SendBackForm(StaffForm):
    """Why it could not be carried out."""

    note = Text(label="What the clinician has to know", missing="Say what the clinician has to know.", max_length=500)
