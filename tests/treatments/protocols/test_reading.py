"""Documents with errors are refused with the place in the document, what was found and what was expected."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.treatments.protocols.documents import MONDAY, short, with_block
from treatments.protocols import catalog, reading
from treatments.protocols.compile import compile as compile_course
from treatments.protocols.problems import Problem, ProtocolError
from treatments.protocols.schema import Protocol
from treatments.protocols.yaml_text import load

TWICE = (catalog.CATALOG / "iv-ketamine-depression-twice-weekly.yaml").read_text()


def problems(data: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ProtocolError) as refused:
        reading.from_json(data)
    return [(problem.path, problem.found, problem.expected) for problem in refused.value.problems]


def text_problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(ProtocolError) as refused:
        reading.read(text)
    return list(refused.value.problems)


def changed(**changes: Any) -> dict[str, Any]:
    return short() | changes


def test_the_short_document_is_sound() -> None:
    assert reading.from_json(short()).block("infusions").length == 6


# --- shapes ------------------------------------------------------------------------------------------------------

GAP = {"min_days": 2, "max_days": 5, "source": "A1"}


@pytest.mark.parametrize(
    ("document", "path", "found", "expected"),
    [
        (changed(titel="x"), "titel", 'the name "titel"', '"title"'),
        (with_block(0, gap=GAP | {"min_day": 3}), "blocks[0].gap.min_day", 'the name "min_day"', '"min_days"'),
        (with_block(0, gap=GAP | {"min_days": "3"}), "blocks[0].gap.min_days", '"3"', "a whole number"),
        (with_block(0, gap=GAP | {"min_days": 2.5}), "blocks[0].gap.min_days", "2.5", "a whole number"),
        (with_block(0, gap=GAP | {"min_days": True}), "blocks[0].gap.min_days", "true", "a whole number"),
        (with_block(0, gap=GAP | {"min_days": -1}), "blocks[0].gap.min_days", "-1", "at least 0"),
        (with_block(0, gap=GAP | {"max_days": 10**9}), "blocks[0].gap.max_days", "1000000000", "at most 1100"),
        (with_block(0, gap=[1]), "blocks[0].gap", "a list of 1", "names with values"),
        (with_block(0, count=0), "blocks[0].count", "0", "at least 1"),
        (
            with_block(0, gap={"min_days": 2}),
            "blocks[0].gap.source",
            "nothing",
            'a value: ids from `sources`, or "clinician": where the values come from',
        ),
        (with_block(0, source=[]), "blocks[0].source", "a list of 0", "at least 1 of them"),
        (
            with_block(0, block="Infusions"),
            "blocks[0].block",
            '"Infusions"',
            "a name of lower-case letters, digits and underscores",
        ),
        (changed(code="Two Words"), "code", '"Two Words"', "lower-case words joined by hyphens"),
        (changed(title=" "), "title", '" "', "words, without control characters"),
        (changed(title="a\0b"), "title", '"a�b"', "words, without control characters"),
        (changed(title="a\nb"), "title", '"a�b"', "words, without control characters"),
        (changed(summary="\x1b[2J"), "summary", '"�[2J"', "words, without control characters"),
        (changed(title="\ud800"), "title", '"�"', "a text in Unicode"),
        (with_block(0, count=10**5000), "blocks[0].count", "a number of more than 30 digits", "at most 100"),
        (changed(title="x" * 101), "title", '"' + "x" * 60 + '…"', "at most 100 characters"),
        (changed(blocks=[]), "blocks", "a list of 0", "at least 1 of them"),
        (changed(blocks={"a": 1}), "blocks", "names with values", "a list"),
        (
            with_block(0, per_week={"at_most": 2, "week": "weekly", "source": "A1"}),
            "blocks[0].per_week.week",
            '"weekly"',
            "one of calendar, rolling",
        ),
        (
            with_block(0, holidays="skip"),
            "blocks[0].holidays",
            '"skip"',
            "one of shift, forbid; closed days are skipped by a row of days, with `consecutive_days: {closed_days: skip}`",
        ),
        (
            changed(windows=[{"visits": "talk", "last_start": "1pm", "strength": "hard", "source": "A1"}]),
            "windows[0].last_start",
            '"1pm"',
            "a time of day such as 08:30",
        ),
        (
            changed(relations=[{"rule": "never", "source": "A1"}]),
            "relations[0].rule",
            '"never"',
            "one of not_same_day_after, order, finished_before",
        ),
        (
            changed(relations=[{"source": "A1"}]),
            "relations[0].rule",
            "nothing",
            "one of not_same_day_after, order, finished_before",
        ),
        (
            changed(relations=[{"rule": "order", "first": "infusions", "source": "A1"}]),
            "relations[0].then",
            "nothing",
            "a value",
        ),
        (
            with_block(1, anchors=[{"after": "infusions", "min_days": 1, "source": "A1"}]),
            "blocks[1].anchors[0].after",
            '"infusions"',
            "a visit of a block, such as infusions.first, infusions.3 or infusions.each",
        ),
        ("a text", "", '"a text"', "names with values: code, title, for, …"),
        (None, "", "nothing", "names with values: code, title, for, …"),
    ],
)
def test_a_wrong_shape(document: Any, path: str, found: str, expected: str) -> None:
    assert (path, found, expected) in problems(document)


def test_phases_and_needs() -> None:
    document = short()
    infusion = document["visit_types"]["infusion"]
    infusion["phases"]["setup"]["minutes"] = 7
    infusion["needs"][0]["kind"] = "bed"
    infusion["needs"][1]["skills"] = ["nurse"]
    infusion["needs"][1]["during"]["set_up"] = "exclusive"
    found = {path: (what, expected) for path, what, expected in problems(document)}
    assert found["visit_types.infusion.phases.setup.minutes"] == ("7", "a multiple of 5")
    assert found["visit_types.infusion.needs[0].kind"] == ('"bed"', "one of chair, room, device, person, group")
    assert found["visit_types.infusion.needs[1].skills[0]"][1].startswith("one of infusion_nurse, prescriber")
    assert found["visit_types.infusion.needs[1].during.set_up"] == ('the name "set_up"', '"setup"')


# --- agreement between parts ---------------------------------------------------------------------------------------


def anchor(**values: Any) -> dict[str, Any]:
    return with_block(1, anchors=[{"source": "A1", **values}])


@pytest.mark.parametrize(
    ("document", "path", "found", "expected"),
    [
        (with_block(0, gap=GAP | {"min_days": 6}), "blocks[0].gap.max_days", "5", "at least 6 (min_days)"),
        (
            with_block(0, gap=GAP | {"ideal_days": [3, 6]}),
            "blocks[0].gap.max_days",
            "5",
            "at least 6 (ideal_days)",
        ),
        (
            with_block(0, gap={"min_days": 1, "max_hours": 48, "source": "A1"}),
            "blocks[0].gap",
            "min_days and max_hours",
            "days or hours, not both",
        ),
        (
            with_block(0, gap={"source": "A1"}),
            "blocks[0].gap",
            "no distance",
            "at least one of min_days, ideal_days, max_days, or the same in hours",
        ),
        (with_block(0, source="B2"), "blocks[0].source[0]", '"B2"', 'an id under `sources`, or "clinician"'),
        (
            with_block(0, gap=GAP | {"source": ["A1", "B2"]}),
            "blocks[0].gap.source[1]",
            '"B2"',
            'an id under `sources`, or "clinician"',
        ),
        (with_block(0, visit="infusoin"), "blocks[0].visit", '"infusoin"', "one of infusion, talk"),
        (
            with_block(0, plan_ahead=3),
            "blocks[0]",
            "`count` and `plan_ahead`",
            "exactly one of `count`, `weeks`, `plan_ahead`, `on_days`",
        ),
        (
            with_block(0, count=None),
            "blocks[0]",
            "no number of visits",
            "exactly one of `count`, `weeks`, `plan_ahead`, `on_days`",
        ),
        (
            with_block(0, count=None, weeks=3),
            "blocks[0].weeks",
            "no `per_week`",
            "`per_week`, which says how many visits a week has",
        ),
        (
            with_block(0, consecutive_days={"closed_days": "skip", "source": "A1"}),
            "blocks[0]",
            "`gap` and `consecutive_days`",
            "one of `gap`, `cycle`, `on_days`, `consecutive_days`; `gap` also with `cycle`",
        ),
        (
            with_block(0, per_week={"at_most": 4, "week": "calendar", "days_apart": 3, "source": "A1"}),
            "blocks[0].per_week.days_apart",
            "3",
            "so few that 4 visits fit in a week",
        ),
        (
            with_block(
                0, count=None, gap=None, on_days={"days": [0, 14, 7], "early_days": 1, "late_days": 1, "source": "A1"}
            ),
            "blocks[0].on_days.days",
            "[0, 14, 7]",
            "rising numbers from 0",
        ),
        (
            anchor(after="infusion.each", min_days=1),
            "blocks[1].anchors[0].after",
            '"infusion.each"',
            "a visit of a block: infusions, talks",
        ),
        (anchor(after="infusions.7", min_days=1), "blocks[1].anchors[0].after", '"infusions.7"', "at most infusions.6"),
        (
            anchor(after="talks.1", min_days=1),
            "blocks[1].anchors[0].after",
            '"talks.1"',
            "a visit of another block; use `gap` within a block",
        ),
        (
            anchor(min_days=1),
            "blocks[1].anchors[0]",
            "neither `after` nor `before`",
            "exactly one of `after` and `before`",
        ),
        (
            anchor(after="infusions.1", before="infusions.2", min_days=1),
            "blocks[1].anchors[0]",
            "both `after` and `before`",
            "exactly one of `after` and `before`",
        ),
        (anchor(after="infusions.1", place=9, min_days=1), "blocks[1].anchors[0].place", "9", "at most 6"),
        (
            anchor(after="infusions.each", place="first", min_days=1),
            "blocks[1].anchors[0].place",
            '"first"',
            '"all", as .each pairs every visit',
        ),
        (
            with_block(1, count=5),
            "blocks[1].anchors[0].after",
            '"infusions.each", a block of 6',
            "a block of 5, to pair one to one",
        ),
        (
            with_block(0, tentative=True),
            "blocks[1].anchors[0].after",
            '"infusions.each", which is tentative',
            "a visit that does not wait for a decision, or `tentative: true` here",
        ),
        (with_block(1, anchors=[]), "blocks[1]", "a block that nothing ties to the course", "an anchor or a relation"),
        (with_block(1, block="infusions"), "blocks[1].block", '"infusions" more than once', "each block once"),
        (
            changed(continuity=[{"role": "nurse", "visits": "talks", "strength": "hard", "source": "A1"}]),
            "continuity[0].role",
            '"nurse"',
            "a role of talk: therapist",
        ),
        (
            changed(windows=[{"visits": "talks", "strength": "hard", "source": "A1"}]),
            "windows[0]",
            "no limit",
            "at least one of `weekdays`, `first_start`, `last_start`",
        ),
        (
            changed(relations=[{"rule": "order", "first": "talks", "then": "walks", "source": "A1"}]),
            "relations[0].then",
            '"walks"',
            "one of infusions, talks",
        ),
        (
            changed(
                decisions=[
                    {
                        "decision": "go_on",
                        "title": "Go on",
                        "after": "infusions.last",
                        "within_days": 7,
                        "choices": [
                            {"answer": "Yes", "goes_to": "boosters"},
                            {"answer": "No", "goes_to": "stop"},
                        ],
                        "source": "A1",
                    }
                ]
            ),
            "decisions[0].choices[0].goes_to",
            '"boosters"',
            "one of infusions, talks, stop, clinician",
        ),
    ],
)
def test_parts_that_do_not_agree(document: Any, path: str, found: str, expected: str) -> None:
    assert (path, found, expected) in problems(document)


# --- the text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "found", "expected"),
    [
        ("title: a\ntitle: b\n", 2, '"title" a second time', "each name once"),
        ("a: &x [1]\nb: *x\n", 1, "the anchor &x", "no anchors"),
        ("a: 1\nb: *x\n", 2, "the alias *x", "the value itself"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            1,
            "the tag tag:yaml.org,2002:python/object/apply:os.system",
            "no tags",
        ),
        ("a: 1\n---\nb: 2\n", 2, "a second document", "one document in a file"),
        ("? [a]\n: 1\n", 1, "a list or mapping as a name", "a text as a name"),
        ("a: 1\nb: \0\n", 2, "the character 0x00", "text without control characters"),
        (b"a: \xff\xfe\n", None, "bytes that are not UTF-8", "text in UTF-8"),
        ("\ud800", None, "bytes that are not UTF-8", "text in UTF-8"),
        ("x" * 200_001, None, "200001 characters", "at most 200000"),
        ("[" * 50 + "]" * 50, 1, "more than 20 levels", "a flatter document"),
        ("[" + "1," * 30_000 + "]", 1, "more than 20000 values", "a shorter document"),
        ('a: "\\uD800"\n', 1, "text that is not YAML (invalid Unicode character escape code)", "YAML"),
        ("", None, "nothing", "names with values: code, title, for, …"),
        ("- a\n- b\n", 1, "a list of 2", "names with values: code, title, for, …"),
    ],
)
def test_a_text_that_cannot_be_read(text: str | bytes, line: int | None, found: str, expected: str) -> None:
    (problem,) = text_problems(text)
    assert (problem.line, problem.found[:70], problem.expected) == (line, found, expected)


@pytest.mark.parametrize("text", ["a: [1, 2\nb: 3\n", "a: 'b\n", "a:\n\t- b\n", "a: b: c\n", "@", "%YAML 9.9\n---\na"])
def test_what_is_not_yaml_is_refused_with_its_line(text: str) -> None:
    (problem,) = text_problems(text)
    assert problem.expected == "YAML"
    assert problem.line is not None


def test_words_and_times_stay_texts() -> None:
    data = load("a: [yes, no, on, 12:30, 2026-11-23, 0x10, 1e3, 012, .inf]\nb: [true, 12, 1.5, ~, null, '5']\n").data
    assert data["a"] == ["yes", "no", "on", "12:30", "2026-11-23", "0x10", "1e3", "012", ".inf"]
    assert data["b"] == [True, 12, 1.5, None, None, "5"]


def test_the_line_is_that_of_the_wrong_value() -> None:
    text = TWICE.replace("max_days: 5, source: spacing", "max_days: 1, source: spacing")
    (problem,) = text_problems(text)
    number = next(n for n, line in enumerate(text.splitlines(), start=1) if "max_days: 1, source: spacing" in line)
    assert str(problem) == f"line {number}: blocks[0].gap.max_days: found 1; expected at least 4 (ideal_days)"


def test_all_problems_are_told_at_once_in_the_order_of_the_text() -> None:
    text = TWICE.replace("count: 6", "count: none").replace("lead_hours: 24", "lead_hour: 24")
    found = text_problems(text)
    assert [problem.path for problem in found] == ["blocks[0].count", "blocks[1].count", "gates[0].lead_hour"]
    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)


def test_a_long_list_of_problems_is_cut() -> None:
    error = ProtocolError(Problem(f"blocks[{n}]", "a", "b") for n in range(60))
    assert str(error).splitlines()[-1] == "and 10 more"
    assert len(error.problems) == 60


# --- anything at all ---------------------------------------------------------------------------------------------------

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a document."""
    steps: list[Any] = (
        list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    )
    return [path, *(place for step in steps for place in places(data[step], (*path, step)))]


DOCUMENTS = [load(path.read_bytes()).data for path in catalog.files()]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A catalogue document with some of its values replaced, taken away, swapped or given other names."""
    data = deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(data)[1:] or [("x",)]))
        inside = data
        for step in path[:-1]:
            inside = inside[step]
        if not isinstance(inside, dict | list):
            continue
        how = draw(st.sampled_from(["replace", "remove", "number", "rename", "double"]))
        if how == "replace":
            inside[path[-1]] = draw(junk)
        elif how == "number":
            inside[path[-1]] = draw(st.integers(-5, 200))
        elif how == "remove":
            del inside[path[-1]]
        elif how == "rename" and isinstance(inside, dict):
            inside[draw(st.text(max_size=6))] = inside.pop(path[-1])
        elif how == "double" and isinstance(inside, list):
            inside.append(inside[path[-1]])
    return data


def sound(data: Any) -> Protocol | None:
    """The document, or nothing where it was refused with problems."""
    try:
        return reading.from_json(data)
    except ProtocolError as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.found
        assert problem.expected
        # whatever was in the document, a problem can be shown, sent and stored
        assert str(problem).isprintable()
    return None


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_a_changed_document_is_sound_or_refused_with_problems(data: Any) -> None:
    document = sound(data)
    if document is None:
        return
    course = compile_course(document, start_on=MONDAY)
    assert len({rule.key for rule in course.rules}) == len(course.rules)
    assert reading.from_json(reading.as_json(document)) == document


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TWICE.encode()) - 1), st.binary(max_size=6), st.integers(0, 40))
def test_changed_bytes_are_read_or_refused(at: int, new: bytes, cut: int) -> None:
    raw = TWICE.encode()
    with suppress(ProtocolError):
        reading.read(raw[:at] + new + raw[at + cut :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes | str) -> None:
    with pytest.raises(ProtocolError):
        reading.read(text)


@settings(deadline=None)
@given(junk)
def test_any_data_is_refused(data: Any) -> None:
    with pytest.raises(ProtocolError):
        reading.from_json(data)
