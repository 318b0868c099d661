"""How a clinician says that a course goes on."""

from typing import Any

from django import forms

from treatments.life.events import Decide
from treatments.models import Choice
from treatments.protocols import stored
from treatments.protocols.branches import OPEN, STOP
from treatments.queries.decisions import DecisionPoint
from web.course_page import CoursePage
from web.forms.base import StaffForm, Text


class DecisionForm(StaffForm):
    """One way out of those that the protocol offers here, or one that is always open; and why."""

    way = forms.ChoiceField(
        label="How it goes on", widget=forms.RadioSelect, error_messages={"required": "Choose how it goes on."}
    )
    reason = Text(label="Why (optional)", max_length=200, help_text="Kept with the decision.")

    def __init__(self, data: Any = None, *, page: CoursePage, point: DecisionPoint | None) -> None:
        super().__init__(data)
        self.page = page
        self.point = point
        self.ways = dict(self._offered())
        field = self.fields["way"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(self.ways.items())

    def _offered(self) -> list[tuple[str, str]]:
        document = stored.document(self.page.course.protocol_version.document)
        blocks = {block.block: block.title or block.block for block in document.blocks}
        found: list[tuple[str, str]] = []
        for choice in self.point.decision.choices if self.point is not None else ():
            if choice.goes_to == STOP:
                found.append((Choice.STOP.value, f"{choice.answer}: stop"))
            elif choice.goes_to == OPEN:
                found += [(f"{Choice.GO_TO}:{name}", f"{choice.answer}: {title}") for name, title in blocks.items()]
            else:
                found.append((f"{Choice.GO_TO}:{choice.goes_to}", f"{choice.answer}: {blocks[choice.goes_to]}"))
        known = {value for value, _ in found}
        found.append((Choice.CONTINUE.value, "Go on as planned"))
        if self.page.course.on_hold:
            found.append((Choice.RESUME.value, "Resume planning"))
        else:
            found.append((Choice.HOLD.value, "Pause: what is booked stays, nothing further is planned"))
        if Choice.STOP.value not in known:
            found.append((Choice.STOP.value, "Stop: what is tentative is given back, what is booked stays"))
        found.append((f"{Choice.STOP}:all", "Stop, and cancel what is booked"))
        return list({value: (value, text) for value, text in reversed(found)}.values())[::-1]

    @property
    def said(self) -> str:
        """What was chosen, in words."""
        return self.ways[self.cleaned_data["way"]]

    @property
    def event(self) -> Decide:
        """What was chosen, as it happens to the course."""
        choice, _, rest = self.cleaned_data["way"].partition(":")
        decision = self.point.decision.decision if self.point is not None else ""
        stops_all = choice == Choice.STOP and rest == "all"
        return Decide(
            self.page.course.pk,
            choice,
            decision=decision,
            block="" if stops_all else rest,
            cancel_booked=stops_all,
        )
