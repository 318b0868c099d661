"""From answers to scores, by the published rules of each instrument."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from treatments.measures.instruments import Answers, Instrument, InvalidAnswers, Method, Scale


@dataclass(frozen=True, slots=True)
class Score:
    """A scale's score. Exact: a mean of three items is a third, so that a drop of 30 % is judged exactly."""

    scale: str
    value: Fraction
    band: str


class Risk(IntEnum):
    """What the C-SSRS screener says, in its own triage levels."""

    NONE = 0
    LOW = 1
    MODERATE = 2
    HIGH = 3


CSSRS_EVER, CSSRS_RECENTLY = 6, 7
"""Behaviour ever, and in the last three months. The form "since last visit" asks one of them: it is recent then."""


def check(instrument: Instrument, answers: Answers) -> None:
    """Raises ``InvalidAnswers`` for items or values that the instrument does not have."""
    known = {item.number: item for item in instrument.items}
    for number, value in sorted(answers.items()):
        item = known.get(number)
        if item is None:
            raise InvalidAnswers(f"{instrument.title} has no item {number}.", item=number)
        if isinstance(value, bool) or not isinstance(value, int) or not item.lowest <= value <= item.highest:
            raise InvalidAnswers(
                f"The answer to item {number} is a whole number from {item.lowest} to {item.highest}.", item=number
            )


def missing(instrument: Instrument, answers: Answers) -> tuple[int, ...]:
    """The items without which no score can be worked out, or none if it can.

    Of a scale that forgives unanswered items (BPI interference: four of seven are enough) they count only while too many
    are missing.
    """
    if not instrument.scales:
        return _unasked_screen(answers)
    settled = {number for pair in instrument.either if any(each in answers for each in pair) for number in pair}
    found: list[int] = []
    for scale in instrument.scales:
        unanswered = [number for number in scale.items if number not in answers and number not in settled]
        if len(scale.items) - len(unanswered) < scale.at_least:
            found += unanswered
    return tuple(sorted(set(found)))


def scores(instrument: Instrument, answers: Answers) -> tuple[Score, ...]:
    """The score of each scale.

    Raises ``InvalidAnswers`` for answers the instrument cannot have, and while too many are missing.
    """
    check(instrument, answers)
    unanswered = missing(instrument, answers)
    if unanswered:
        which = ", ".join(str(number) for number in unanswered)
        raise InvalidAnswers(f"{instrument.title} cannot be scored without item {which}.", item=unanswered[0])
    return tuple(_score(scale, answers) for scale in instrument.scales)


def watched(instrument: Instrument, answers: Answers) -> tuple[int, ...]:
    """The watched items that were answered above 0: a clinician has to see them on the same day."""
    return tuple(number for number in instrument.watched if answers.get(number, 0) > 0)


def risk(answers: Answers) -> Risk:
    """The level of a C-SSRS screener, by its triage points (Columbia Lighthouse Project).

    Intent, a plan or recent behaviour is high; a method, or behaviour longer ago, moderate; a wish to be dead or thoughts
    without a method, low.
    """
    yes = {number for number, value in answers.items() if value}
    if yes & {4, 5, CSSRS_RECENTLY}:
        return Risk.HIGH
    if yes & {3, CSSRS_EVER}:
        return Risk.MODERATE
    return Risk.LOW if yes & {1, 2} else Risk.NONE


def _unasked_screen(answers: Mapping[int, int]) -> tuple[int, ...]:
    """Questions 3 to 5 are asked only after a yes to 2; of 6 either form is enough, and "ever" asks for "recently" too."""
    needed = {1, 2}
    if answers.get(2):
        needed |= {3, 4, 5}
    if answers.get(CSSRS_EVER) or CSSRS_EVER not in answers:
        needed |= {CSSRS_RECENTLY}
    return tuple(sorted(needed - answers.keys()))


def _score(scale: Scale, answers: Answers) -> Score:
    groups = [[answers[number] for number in group if number in answers] for group in scale.groups]
    counted = [max(values) for values in groups if values]
    value = Fraction(sum(counted))
    if scale.method is Method.MEAN:
        value /= len(counted)
    return Score(scale.name, value, _band(scale, value))


def _band(scale: Scale, value: Fraction) -> str:
    return next((band.name for band in reversed(scale.bands) if value >= band.lowest), "")
