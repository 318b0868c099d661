"""The colours: contrast in both themes, and therapies that can be told apart by anybody."""

import re
from itertools import combinations
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "web" / "static" / "web" / "tokens.css").read_text()
PAIRS = {name: (light, dark) for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS)}
THERAPIES = ("infusion", "psychotherapy", "physical-therapy", "meditation", "consultation")
THEMES = pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
Colour = tuple[float, float, float]

# Simulations of full colour blindness on linear RGB: Machado, Oliveira, Fernandes 2009, severity 1.0
SIMULATIONS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> Colour:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return r, g, b


def luminance(colour: str) -> float:
    r, g, b = linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, simulation: str) -> Colour:
    rgb = linear(colour)
    r, g, b = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, rgb, strict=True))))
        for row in SIMULATIONS[simulation]
    )
    return r, g, b


def oklab(colour: Colour) -> Colour:
    r, g, b = colour
    long, medium, short = (
        (x * r + y * g + z * b) ** (1 / 3)
        for x, y, z in (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        )
    )
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@THEMES
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("text", "bg", 7),
        ("text", "surface", 7),
        ("text", "sunken", 7),
        ("text", "accent-tint", 7),
        *[("muted", ground, 4.5) for ground in ("bg", "surface", "sunken", "accent-tint")],
        *[("accent", ground, 4.5) for ground in ("bg", "surface", "sunken")],
        ("on-accent", "accent", 4.5),
        ("on-accent", "accent-hover", 4.5),
        *[
            (name, ground, 4.5)
            for name in ("ok", "warn", "bad", "info")
            for ground in ("bg", "surface", f"{name}-tint")
        ],
        *[("text", f"{name}-tint", 7) for name in ("ok", "warn", "bad", "info")],
        *[(name, ground, 3) for name in ("line-strong", "focus") for ground in ("bg", "surface")],
        *[(name, ground, 3) for name in THERAPIES for ground in ("bg", "surface")],
    ],
)
def test_contrast(theme, text, ground, least):
    assert contrast(PAIRS[text][theme], PAIRS[ground][theme]) >= least


@THEMES
@pytest.mark.parametrize("simulation", SIMULATIONS)
def test_therapies_stay_apart_in_every_eye(theme, simulation):
    colours = {name: oklab(seen(PAIRS[name][theme], simulation)) for name in THERAPIES}
    closest = min(
        sum((one - other) ** 2 for one, other in zip(colours[a], colours[b], strict=True)) ** 0.5
        for a, b in combinations(THERAPIES, 2)
    )
    assert closest >= 0.10
