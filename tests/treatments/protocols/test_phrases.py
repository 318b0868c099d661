"""The planner's reasons as sentences."""

import re

import pytest

from clinics import red_words
from clinics.models.patient import Language
from scheduler.engine import explain
from scheduler.engine.answer import Code, Reason
from scheduler.engine.plan import plan
from scheduler.engine.request import Placement
from tests.treatments.protocols import clinic
from tests.treatments.protocols.documents import compiled, short, with_block
from treatments.protocols import phrases
from treatments.protocols.compile import Compiled
from treatments.protocols.told import told
from treatments.protocols.wishes import Wishes


def course() -> Compiled:
    document = short() | {
        "relations": [{"rule": "not_same_day_after", "visits": "talk", "after": "infusion", "source": "A1"}],
        "windows": [{"visits": "infusion", "weekdays": ["mon", "tue"], "strength": "hard", "source": "A1"}],
        "continuity": [{"role": "therapist", "visits": "talk", "strength": "hard", "source": "A1"}],
    }
    document["blocks"][0] |= {
        "per_week": {"at_most": 2, "week": "calendar", "days_apart": 2, "source": "A1"},
        "span": {"max_days": 20, "source": "A1"},
    }
    document["blocks"][1]["anchors"].append({"before": "infusions.next", "min_hours": 2, "source": "A1"})
    return compiled(document, Wishes(weekdays=frozenset({0, 1, 2})))


NAMES = {"c1": "Chair 1", "c2": "Chair 2", "c3": "Chair 3", "c4": "Chair 4", "p1": "Dana R."}


@pytest.mark.parametrize(
    ("visit", "reason", "sentence"),
    [
        (
            "infusions.3",
            Reason(Code.TOO_SOON, ("infusions.2",), "infusions.gap.3", amount=1),
            "Infusion 3 would be 1 day after infusion 2; at least 2 days are needed.",
        ),
        (
            "infusions.3",
            Reason(Code.TOO_SOON, ("infusions.2",), "infusions.gap.3", amount=2),
            "Infusion 3 would be on the same day as infusion 2; at least 2 days are needed.",
        ),
        (
            "infusions.3",
            Reason(Code.TOO_LATE, ("infusions.2",), "infusions.gap.3", amount=2),
            "Infusion 3 would be 7 days after infusion 2; at most 5 days are allowed.",
        ),
        (
            # seen from the other end: moving infusion 2 later would bring it too near to infusion 3
            "infusions.2",
            Reason(Code.TOO_LATE, ("infusions.3",), "infusions.gap.3", amount=1),
            "Infusion 3 would be 1 day after infusion 2; at least 2 days are needed.",
        ),
        (
            "talks.1",
            Reason(Code.TOO_SOON, ("infusions.1",), "talks.anchor1.1", amount=3),
            "Talk 1 would be 2 days before infusion 1; at least 1 day is needed.",
        ),
        (
            "talks.1",
            Reason(Code.TOO_LATE, ("infusions.2",), "talks.anchor2.1", amount=60),
            "Talk 1 would be 110 minutes before infusion 2; at least 170 minutes are needed.",
        ),
        (
            "infusions.3",
            Reason(Code.TOO_SOON, ("infusions.2",), "infusions.per_week", amount=1),
            "Infusion 3 would be 1 day after infusion 2; they have to be at least 2 days apart.",
        ),
        (
            "infusions.3",
            Reason(Code.WEEK_FULL, ("infusions.1", "infusions.2"), "infusions.per_week", amount=2),
            "That week already has infusion 1 and infusion 2; 2 a week is the limit.",
        ),
        (
            "infusions.3",
            Reason(Code.WEEK_SHORT, ("infusions.2",), "infusions.per_week", amount=1),
            "The weeks between infusion 2 and infusion 3 have too few; 1 more visit is needed.",
        ),
        (
            "infusions.6",
            Reason(Code.SPAN_EXCEEDED, ("infusions.1",), "infusions.span", amount=3),
            "From infusion 1 to infusion 6 it would be 23 days; at most 20 are allowed.",
        ),
        (
            "talks.1",
            Reason(Code.NOT_SAME_DAY, ("infusions.2",), "relations.1"),
            "Talk 1 cannot be on the same day after infusion 2.",
        ),
        (
            "infusions.2",
            Reason(Code.NOT_SAME_DAY, ("talks.1",), "relations.1"),
            "Talk 1 is later that day, and cannot follow infusion 2.",
        ),
        (
            "infusions.2",
            Reason(Code.OUTSIDE_WINDOW, (), "windows.1"),
            "Infusion 2 is outside what is allowed: infusion: on Monday and Tuesday.",
        ),
        (
            "infusions.2",
            Reason(Code.OUTSIDE_WINDOW, (), "wish.weekdays", hard=False),
            "Infusion 2 is outside a wish: the patient prefers to come on Monday to Wednesday.",
        ),
        (
            "talks.2",
            Reason(Code.OTHER_RESOURCE, ("p1",), "continuity.1", role="therapist"),
            "Talk 2 would have another therapist than Dana R.; the same is needed.",
        ),
        ("infusions.1", Reason(Code.RESOURCE_BUSY, ("c1", "c2"), role="chair"), "Chair 1 and Chair 2 are taken then."),
        (
            "infusions.1",
            Reason(Code.RESOURCE_BUSY, ("c1", "c2", "c3", "c4"), role="chair"),
            "No chair is free for the whole of it.",
        ),
        ("talks.1", Reason(Code.RESOURCE_OFF, ("p1",), role="therapist"), "Dana R. is not at work then."),
        (
            "infusions.1",
            Reason(Code.WATCH_FULL, ("p1",), role="nurse"),
            "Dana R. is watching as many people as allowed then.",
        ),
        ("infusions.1", Reason(Code.HANDS_TAKEN, role="nurse"), "No nurse is free to start one more then."),
        (
            "infusions.1",
            Reason(Code.NOT_ON_SITE, ("p1",), role="prescriber"),
            "Dana R. is not on site for the whole of it.",
        ),
        ("talks.1", Reason(Code.NO_RESOURCE, role="therapist"), "The clinic has no therapist that talk 1 can use."),
        ("talks.1", Reason(Code.PATIENT_BUSY, ("infusions.1",)), "The patient has infusion 1 then."),
        ("talks.1", Reason(Code.PATIENT_BUSY), "The patient has another appointment or is away then."),
        ("talks.1", Reason(Code.SITE_CLOSED), "The clinic is closed then."),
        ("talks.1", Reason(Code.NOT_READY), "What has to be there before talk 1 cannot be there by then."),
        ("talks.1", Reason(Code.OFF_STEP), "Talk 1 starts only at clock minutes divisible by 15."),
        (
            "talks.2",
            Reason(Code.NOT_IDEAL, ("infusions.2",), "talks.anchor1.2", hard=False, amount=2),
            "Talk 2 is 2 days off the best distance, which is 1 day after infusion 2.",
        ),
        (
            "talks.2",
            Reason(Code.DEPENDS_ON_UNPLACED, ("infusions.2",), "talks.anchor1.2"),
            "Talk 2 depends on infusion 2, which has no place yet.",
        ),
    ],
)
def test_a_reason_in_words(visit: str, reason: Reason, sentence: str) -> None:
    assert phrases.sentence(reason, visit=visit, compiled=course(), names=NAMES) == sentence


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_sentence_even_with_nothing_else_known(code: Code) -> None:
    text = phrases.sentence(Reason(code, ("gone",), "gone"), visit="gone", compiled=course())
    assert text.endswith(".")
    assert text[0].isupper()


@pytest.mark.parametrize("code", Code)
def test_every_code_can_be_told_to_the_patient_in_every_language(code: Code) -> None:
    """U10."""
    sentences = told(code)
    assert set(sentences) == set(Language.values)
    assert len(set(sentences.values())) == len(sentences)
    assert all(re.fullmatch(r"[A-ZÁÉÍÓÚ][^.]+\.", text) for text in sentences.values())
    assert red_words.found(" ".join(sentences.values())) == []


def test_the_planners_own_reasons_can_all_be_told() -> None:
    compiled_course = course()
    request = clinic.request(compiled_course)
    (first,) = [placed for placed in plan(request).best.placements if placed.visit == "infusions.1"]
    told: set[str] = set()
    for slot in range(0, request.grid.midnights[10], 53):
        for visit in ("infusions.1", "infusions.2", "talks.1"):
            placements = [Placement(first.visit, first.start, first.resources)]
            reasons = explain.why_not(request, placements, visit, slot)
            told.update(phrases.sentences(reasons, visit=visit, compiled=compiled_course))
    assert len(told) >= 10
    assert all(sentence.endswith(".") for sentence in told)


def test_hours_are_told_in_the_words_of_the_rule() -> None:
    gap = {"min_hours": 20, "max_hours": 48, "source": "A1"}
    compiled_course = compiled(with_block(0, gap=gap))
    reason = Reason(Code.TOO_SOON, ("infusions.1",), "infusions.gap.2", amount=600)
    assert phrases.sentence(reason, visit="infusions.2", compiled=compiled_course) == (
        "Infusion 2 would be 10 hours after the end of infusion 1; at least 20 hours are needed."
    )
