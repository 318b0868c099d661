"""The instruments that the service can score, by the name protocols use."""

from fractions import Fraction

from treatments.measures.instruments import Band, Choice, Instrument, Method, Scale, asked, numbered
from treatments.measures.phq import GAD7, HALF, PHQ9

THIRTY_PERCENT = Fraction(3, 10)
ON_PAPER = "Its wording is not in this software: the clinic uses its own licensed copy and types the answers."

QIDS = Instrument(
    name="qids",
    title="QIDS-SR16",
    about="Depression, by the patient",
    filled_by="patient",
    look_back_days=7,
    interval_days=7,
    intro={},
    items=numbered(
        [
            "Falling asleep",
            "Sleep during the night",
            "Waking too early",
            "Sleeping too much",
            "Sadness",
            "Less appetite",
            "More appetite",
            "Weight lost",
            "Weight gained",
            "Concentration",
            "View of oneself",
            "Thoughts of death or suicide",
            "Interest",
            "Energy",
            "Slowed down",
            "Restless",
        ],
        lowest=0,
        highest=3,
    ),
    scales=(
        Scale(
            name="total",
            title="QIDS-SR16",
            method=Method.WORST_OF_GROUPS,
            groups=((1, 2, 3, 4), (5,), (6, 7, 8, 9), (10,), (11,), (12,), (13,), (14,), (15, 16)),
            highest=27,
            at_least=16,
            bands=(Band(0, "none"), Band(6, "mild"), Band(11, "moderate"), Band(16, "severe"), Band(21, "very severe")),
            response=HALF,
            remission=Fraction(5),
            meaningful=Fraction(4),
        ),
    ),
    watched=(12,),
    either=((6, 7), (8, 9)),
    sources=(
        "Rush 2003, doi 10.1016/S0006-3223(02)01866-8: nine domains, the worst item of sleep, appetite and movement",
        "Rush 2003 and Trivedi 2004, ids-qids.org: 6/11/16/21; remission at 5 or less",
        "Unchecked: a change of 3 to 4 points is meaningful; the larger is used",
    ),
    licence="Copyright 2000 University of Texas Southwestern Medical Center. " + ON_PAPER,
)

PEG = Instrument(
    name="peg",
    title="PEG",
    about="Pain, by the patient",
    filled_by="patient",
    look_back_days=7,
    interval_days=7,
    intro={},
    items=numbered(["Pain on average", "Enjoyment of life", "General activity"], lowest=0, highest=10),
    scales=(
        Scale(
            name="mean",
            title="PEG",
            method=Method.MEAN,
            groups=((1,), (2,), (3,)),
            highest=10,
            at_least=3,
            response=THIRTY_PERCENT,
            meaningful=Fraction(1),
        ),
    ),
    watched=(),
    sources=(
        "Krebs 2009, doi 10.1007/s11606-009-0981-1: the mean of three items, 30 % is response",
        "PMC10859144: about 1 point (0.6 to 1.75) is meaningful",
    ),
    licence="Its three items are taken from the Brief Pain Inventory. " + ON_PAPER,
)

PAIN = Instrument(
    name="pain",
    title="Pain 0 to 10",
    about="Pain now, by the patient",
    filled_by="patient",
    look_back_days=0,
    interval_days=0,
    intro={"en": "A number for your pain.", "es": "Un número para su dolor."},
    items=asked(
        [
            (
                "Pain",
                {
                    "en": "How strong is your pain now? 0 is no pain, 10 is the worst pain you can imagine.",
                    "es": "¿Qué tan fuerte es su dolor ahora? 0 es ningún dolor, 10 es el peor dolor que pueda imaginar.",
                },
            )
        ],
        highest=10,
        choices=tuple(Choice(value, {"en": str(value), "es": str(value)}) for value in range(11)),
    ),
    scales=(
        Scale(
            name="pain",
            title="Pain",
            method=Method.SUM,
            groups=((1,),),
            highest=10,
            at_least=1,
            response=THIRTY_PERCENT,
            meaningful=Fraction(2),
        ),
    ),
    watched=(),
    sources=(
        "Dworkin 2008 (IMMPACT), doi 10.1016/j.jpain.2007.09.005: 30 % is a moderate, 50 % a substantial improvement",
        "Farrar 2001, doi 10.1016/S0304-3959(01)00349-9: about 2 points",
    ),
    licence="A numeric rating scale; nobody owns it. The question here is our own.",
)

BPI = Instrument(
    name="bpi",
    title="Brief Pain Inventory",
    about="Pain and what it prevents, by the patient",
    filled_by="patient",
    look_back_days=7,
    interval_days=7,
    intro={},
    items=numbered(
        [
            "Worst pain",
            "Least pain",
            "Pain on average",
            "Pain now",
            "General activity",
            "Mood",
            "Walking",
            "Work",
            "Relations with others",
            "Sleep",
            "Enjoyment of life",
        ],
        lowest=0,
        highest=10,
    ),
    scales=(
        Scale(
            name="interference",
            title="BPI interference",
            method=Method.MEAN,
            groups=tuple((number,) for number in range(5, 12)),
            highest=10,
            at_least=4,
            meaningful=Fraction(1),
        ),
        Scale(
            name="severity",
            title="BPI severity",
            method=Method.MEAN,
            groups=tuple((number,) for number in range(1, 5)),
            highest=10,
            at_least=4,
            response=THIRTY_PERCENT,
        ),
    ),
    watched=(),
    sources=(
        "ePPOC, University of Wollongong: four of seven items are enough for interference, 1 point is meaningful",
        "Dworkin 2008 (IMMPACT), doi 10.1016/j.jpain.2007.09.005: 30 % less pain is a moderate improvement",
    ),
    licence="Copyright Charles S. Cleeland, MD Anderson Cancer Center. " + ON_PAPER,
)

CSSRS = Instrument(
    name="cssrs",
    title="C-SSRS screener",
    about="Suicide risk, asked by a clinician or nurse",
    filled_by="clinician",
    look_back_days=30,
    interval_days=0,
    intro={},
    items=numbered(
        [
            "1 Wish to be dead",
            "2 Thoughts of suicide",
            "3 Thoughts with a method",
            "4 Some intent",
            "5 Plan and intent",
            "6 Behaviour, ever",
            "6 Behaviour, last three months or since last visit",
        ],
        lowest=0,
        highest=1,
    ),
    scales=(),
    watched=(1, 2, 3, 4, 5, 6, 7),
    sources=(
        "Posner 2011, doi 10.1176/appi.ajp.2011.10111704",
        "Columbia Lighthouse Project, screener with triage points: 4, 5 or recent behaviour high; 3 or older moderate; else low",
    ),
    licence="Copyright The Research Foundation for Mental Hygiene. " + ON_PAPER,
)

INSTRUMENTS = {each.name: each for each in (PHQ9, GAD7, QIDS, PEG, PAIN, BPI, CSSRS)}
"""By the name under which protocols ask for them."""
