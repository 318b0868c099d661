"""Measures as people read them: what each asks about, how its scores are judged and by whose word, and which protocols take it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from treatments.measures.catalogue import CSSRS, INSTRUMENTS
from treatments.measures.instruments import Instrument, Scale, kept_elsewhere
from treatments.measures.scoring import Risk
from treatments.models import ProtocolVersion
from treatments.protocols import stored
from treatments.protocols.policies import Assessment, Moment
from web import charts, words

CLINICIAN = "clinician"
"""In place of a source: who set the value."""
NOT_PUBLISHED = "no number is published"
WHO = {"patient": "The patient, by their link or in the clinic", "clinician": "A clinician or nurse"}
ON_PAPER = "The patient on the clinic's own paper; the answers are typed"


@dataclass(frozen=True, slots=True)
class Use:
    """A protocol that takes a measure: when, each with where that comes from."""

    code: str
    title: str
    moments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One measure: its facts as term and words, and who takes it."""

    title: str
    about: str
    facts: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    licence: str
    uses: tuple[Use, ...]


def lines(versions: Sequence[ProtocolVersion]) -> list[Line]:
    """Every measure that is scored here, then what these versions ask for beside them. No query; protocols are loaded."""
    asked = [(version, rule) for version in versions for rule in stored.document(version.document).assessments]
    known = dict(INSTRUMENTS)
    for _, rule in asked:
        if rule.measure not in known:
            known[rule.measure] = kept_elsewhere(rule.measure, rule.title, rule.filled_by)
    return [
        _line(instrument, [_use(version, rule) for version, rule in asked if rule.measure == name])
        for name, instrument in known.items()
    ]


def _line(instrument: Instrument, uses: Iterable[Use]) -> Line:
    return Line(
        title=instrument.title,
        about=instrument.about,
        facts=tuple(_facts(instrument)),
        sources=instrument.sources,
        licence=instrument.licence,
        uses=tuple(uses),
    )


def _facts(instrument: Instrument) -> Iterable[tuple[str, str]]:
    if not instrument.items:
        yield "Scores", "None: it is recorded that it was done, and when"
        return
    by_link = instrument.filled_by != "patient" or instrument.has_wording
    yield "Answered by", WHO[instrument.filled_by] if by_link else ON_PAPER
    days = instrument.look_back_days
    yield "Asks about", f"The last {words.count(days, 'day')}" if days else "Now"
    if instrument.interval_days:
        yield "Apart", f"Two are compared when {words.count(instrument.interval_days, 'day')} or more lie between them"
    for scale in instrument.scales:
        yield scale.title if len(instrument.scales) > 1 else "Scores", _range(scale)
        yield "Response", _response(scale)
        yield "Remission", f"{charts.number(scale.remission)} or less" if scale.remission is not None else NOT_PUBLISHED
        yield "Noticed from", _points(scale.meaningful)
    if instrument is CSSRS:
        yield "Says", f"{words.listing([each.name.lower() for each in Risk]).capitalize()} risk"
    if instrument.watched:
        yield "Raises an alert", _watched(instrument)


def _range(scale: Scale) -> str:
    said = f"0 to {scale.highest}, lower is better"
    named = [f"{band.name} from {band.lowest}" for band in scale.bands]
    return f"{said}: {words.listing(named)}" if named else said


def _response(scale: Scale) -> str:
    return NOT_PUBLISHED if scale.response is None else f"{round(scale.response * 100)} % below the first score"


def _points(change: Fraction | None) -> str:
    return (
        NOT_PUBLISHED
        if change is None
        else f"a change of {charts.number(change)} {'point' if change == 1 else 'points'}"
    )


def _watched(instrument: Instrument) -> str:
    if len(instrument.watched) == len(instrument.items):
        return "Any yes"
    return f"Any answer above 0 to question {words.listing([str(number) for number in instrument.watched])}"


def _use(version: ProtocolVersion, rule: Assessment) -> Use:
    sources = stored.document(version.document).sources
    named = {CLINICIAN: "The clinician who set it"} | dict(sources)
    return Use(
        version.protocol.code,
        version.protocol.title,
        tuple((moment(each), "; ".join(named.get(key, key) for key in each.source)) for each in rule.moments),
    )


def moment(when: Moment) -> str:
    """Such as "within 14 days before the first of the infusions", "every 7 days during the infusions"."""
    if when.during is not None:
        return f"every {words.count(when.every_days or 0, 'day')} during the {_plain(when.during)}"
    way, of = ("before", when.before) if when.before is not None else ("after", when.after or "")
    base = f"{way} {_which(of)}"
    if when.min_hours is not None or when.max_hours is not None:
        least = when.min_hours or 0
        return f"{_within(least, when.max_hours if when.max_hours is not None else least + 24, 'hour')} {base}"
    if when.min_days is None and when.max_days is None and when.ideal_days is not None:
        return f"{words.count(when.ideal_days, 'day')} {base}"
    least_days = when.min_days or 0
    most_days = when.max_days if when.max_days is not None else least_days
    return f"{_within(least_days, most_days, 'day')} {base}" if most_days else f"on the day, {base}"


def _within(least: float, most: float, unit: str) -> str:
    if least == most:
        return f"{most:g} {unit}{'' if most == 1 else 's'}"
    if not least:
        return f"within {most:g} {unit}{'' if most == 1 else 's'}"
    return f"{least:g} to {most:g} {unit}s"


def _which(reference: str) -> str:
    """Such as "the first of the infusions"."""
    block, _, which = reference.partition(".")
    said = "each" if which == "each" else f"number {which}" if which.isdigit() else f"the {which}"
    return f"{said} of the {_plain(block)}"


def _plain(block: str) -> str:
    return block.replace("_", " ")
