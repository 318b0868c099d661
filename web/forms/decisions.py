"""How a clinician says that a course goes on."""

from typing import Any
from urllib.parse import urlencode

from django import forms

from treatments.life.events import Decide
from treatments.life.ways import Way, ways
from treatments.models import Choice, Course
from treatments.protocols import stored
from treatments.queries.decisions import DecisionPoint
from web.forms.base import StaffForm, Text

_WORDS = {
    Choice.CONTINUE: "Continue as planned",
    Choice.RESUME: "Resume planning",
    Choice.HOLD: "Hold: what is booked stays, nothing further is planned",
    Choice.STOP: "Stop: what is tentative is given back, what is booked stays",
    Choice.CROSS_OVER: "Cross over: end this course, and book one of another protocol",
}


class DecisionForm(StaffForm):
    """One way out of those that the protocol offers here, or one that is always open; and why.

    The course has its protocol and its visits in order of time loaded.
    """

    way = forms.ChoiceField(
        label="How it goes on", widget=forms.RadioSelect, error_messages={"required": "Choose how it goes on."}
    )
    gap_days = forms.IntegerField(
        label="Days apart",
        required=False,
        min_value=1,
        max_value=1100,
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
        help_text="Only for another distance.",
        error_messages={
            "invalid": "Enter a number of days.",
            "min_value": "At least 1.",
            "max_value": "Too many days.",
        },
    )
    reason = Text(label="Why", max_length=200, help_text="Kept with the decision, and shown to the desk.")

    def __init__(self, data: Any = None, *, course: Course, point: DecisionPoint | None) -> None:
        super().__init__(data)
        self.course = course
        self.decision = point.decision.decision if point is not None else ""
        blocks = stored.document(course.protocol_version.document).blocks
        self.titles = {each.block: each.title or each.block.replace("_", " ") for each in blocks}
        self.ways = {_value(way): way for way in ways(course, list(course.visits.all()), point)}
        field = self.fields["way"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(value, self._words(way)) for value, way in self.ways.items()]

    def _words(self, way: Way) -> str:
        title = self.titles.get(way.block, "")
        if way.answer:
            return f"{way.answer}: {'stop' if way.choice is Choice.STOP else title}"
        if way.step is not None:
            return f"Step {way.step} to {title.lower()}"
        if way.choice is Choice.SPACING:
            most, least = way.most_days, way.least_days
            limits = f"{least} to {most} days" if most is not None else f"at least {least} days"
            return f"Stretch or tighten {title.lower()}: {limits} apart"
        return "Stop, and cancel what is booked" if way.cancel_booked else _WORDS[way.choice]

    def clean(self) -> dict[str, Any]:
        """Asks for the days where a distance is chosen, and leaves them out elsewhere."""
        given = super().clean() or self.cleaned_data
        way = self.ways.get(given.get("way", ""))
        if way is None or way.choice is not Choice.SPACING:
            given["gap_days"] = None
            self.errors.pop("gap_days", None)
        elif given.get("gap_days") is None and "gap_days" not in self.errors:
            self.add_error("gap_days", "Say how many days apart.")
        return given

    def links(self) -> list[tuple[str, str]]:
        """Each way as the address of its preview, and what it says; a distance begins with one day more than it is."""
        decision = {"decision": self.decision} if self.decision else {}
        found = []
        for value, way in self.ways.items():
            days = {"gap_days": way.longer_days} if way.longer_days is not None else {}
            found.append((urlencode({**decision, "way": value, **days}), self._words(way)))
        return found

    @property
    def said(self) -> str:
        """What was chosen, in words."""
        return self._words(self._chosen)

    @property
    def event(self) -> Decide:
        """What was chosen, as it happens to the course."""
        return self._chosen.event(self.course.pk, decision=self.decision, gap_days=self.cleaned_data["gap_days"])

    @property
    def _chosen(self) -> Way:
        return self.ways[self.cleaned_data["way"]]


def _value(way: Way) -> str:
    """How a way stands in an address: "go_to:weekly", "stop:all"."""
    rest = "all" if way.cancel_booked else way.block
    return f"{way.choice}:{rest}" if rest else str(way.choice)
