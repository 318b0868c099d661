"""How a clinician says that a course goes on."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms

from treatments.life.events import Decide
from treatments.models import Choice, VisitStatus
from treatments.models.course import OPEN as STILL_OPEN
from treatments.protocols import reopening, stored
from treatments.protocols.branches import OPEN, STOP
from treatments.protocols.references import block_of
from treatments.queries.decisions import DecisionPoint
from web.course_page import CoursePage
from web.forms.base import StaffForm, Text


class DecisionForm(StaffForm):
    """One way out of those that the protocol offers here, or one that is always open; and why."""

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

    def __init__(self, data: Any = None, *, page: CoursePage, point: DecisionPoint | None) -> None:
        super().__init__(data)
        self.page = page
        self.point = point
        self.document = stored.document(page.course.protocol_version.document)
        self.ways = dict(self._offered())
        field = self.fields["way"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(self.ways.items())

    def _offered(self) -> Iterator[tuple[str, str]]:
        """What the protocol offers first; what is said twice is said as at first."""
        said: set[str] = set()
        for value, text in (*self._of_protocol(), *self._always()):
            if value not in said:
                said.add(value)
                yield value, text

    def _of_protocol(self) -> Iterator[tuple[str, str]]:
        titles = {block.block: block.title or block.block.replace("_", " ") for block in self.document.blocks}
        for choice in self.point.decision.choices if self.point is not None else ():
            if choice.goes_to == STOP:
                yield Choice.STOP.value, f"{choice.answer}: stop"
            elif choice.goes_to == OPEN:
                yield from ((f"{Choice.GO_TO}:{name}", f"{choice.answer}: {title}") for name, title in titles.items())
            else:
                yield f"{Choice.GO_TO}:{choice.goes_to}", f"{choice.answer}: {titles[choice.goes_to]}"

    def _always(self) -> Iterator[tuple[str, str]]:
        yield Choice.CONTINUE.value, "Continue as planned"
        if self.page.course.on_hold:
            yield Choice.RESUME.value, "Resume planning"
        else:
            yield Choice.HOLD.value, "Hold: what is booked stays, nothing further is planned"
        for name, title, least, most in self.distances():
            limits = f"{least} to {most} days" if most is not None else f"at least {least} days"
            yield f"{Choice.SPACING}:{name}", f"Stretch or tighten {title}: {limits} apart"
        if self.point is None:
            yield from self._steps()
        yield Choice.STOP.value, "Stop: what is tentative is given back, what is booked stays"
        yield f"{Choice.STOP}:all", "Stop, and cancel what is booked"
        yield Choice.CROSS_OVER.value, "Cross over: end this course, and book one of another protocol"

    def distances(self) -> Iterator[tuple[str, str, int, int | None]]:
        """The blocks with visits ahead whose distance may be chosen: name, title, least and greatest days."""
        ahead = {block_of(line.visit.key) for line in self.page.lines if line.visit and line.visit.status in STILL_OPEN}
        for block in self.document.blocks:
            limits = reopening.distances(self.document, block.block) if block.block in ahead else None
            if limits is not None and limits[0] != limits[1]:
                yield block.block, self._title(block.block), *limits

    def _steps(self) -> Iterator[tuple[str, str]]:
        """The blocks of the same kind of visit before and after the one that the course is in."""
        present = self._present()
        kind = next((block.visit for block in self.document.blocks if block.block == present), None)
        ladder = [block.block for block in self.document.blocks if block.visit == kind]
        if present not in ladder:
            return
        at = ladder.index(present)
        for number, name in enumerate(ladder):
            if number != at:
                yield f"{Choice.GO_TO}:{name}", f"Step {'up' if number > at else 'back'} to {self._title(name)}"

    def _present(self) -> str:
        """The block of the next firm visit, else of the last that took place; of infusions where there are any."""
        visits = [line.visit for line in self.page.lines if line.visit is not None]
        visits = [visit for visit in visits if visit.family == "infusion"] or visits
        ahead = [visit for visit in visits if visit.status == VisitStatus.BOOKED]
        done = [visit for visit in visits if visit.status == VisitStatus.DONE]
        chosen = ahead[0] if ahead else done[-1] if done else None
        return block_of(chosen.key) if chosen is not None else ""

    def _title(self, name: str) -> str:
        block = self.document.block(name)
        return (block.title or name.replace("_", " ")).lower()

    def clean(self) -> dict[str, Any]:
        """Asks for the days where a distance is chosen, and leaves them out elsewhere."""
        given = super().clean() or self.cleaned_data
        spaces = str(given.get("way", "")).startswith(f"{Choice.SPACING}:")
        if not spaces:
            given["gap_days"] = None
            self.errors.pop("gap_days", None)
        elif given.get("gap_days") is None and "gap_days" not in self.errors:
            self.add_error("gap_days", "Say how many days apart.")
        return given

    def links(self) -> list[tuple[str, str]]:
        """Each way as the address of its preview, and what it says; a distance begins with one day more than it is."""
        decision = {"decision": self.point.decision.decision} if self.point is not None else {}
        longer = {name: self._longer(name, least, most) for name, _, least, most in self.distances()}
        found = []
        for value, text in self.ways.items():
            kind, _, name = value.partition(":")
            days = {"gap_days": longer[name]} if kind == Choice.SPACING else {}
            found.append((urlencode({**decision, "way": value, **days}), text))
        return found

    def _longer(self, name: str, least: int, most: int | None) -> int:
        gap = self.document.block(name).gap
        ideal = gap.ideal_days if gap is not None else None
        usual = max(ideal) if isinstance(ideal, tuple) and ideal else least
        now = int(self.page.course.spacing.get(name, usual))
        return now + 1 if most is None else min(most, now + 1)

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
            gap_days=self.cleaned_data["gap_days"],
            cancel_booked=stops_all,
        )
