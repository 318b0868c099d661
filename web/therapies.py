"""How each family of visits looks: a two-letter code, and an edge that can be told apart without colour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Therapy:
    """``code`` is shown, ``css`` chooses the edge, ``name`` is what a screen reader says for the code."""

    code: str
    css: str
    name: str


_KNOWN = {
    "infusion": Therapy("IN", "in", "Infusion"),
    "psychotherapy": Therapy("PS", "ps", "Psychotherapy"),
    "physical_therapy": Therapy("PT", "pt", "Physical therapy"),
    "meditation": Therapy("ME", "me", "Meditation"),
    "consultation": Therapy("CO", "co", "Consultation"),
}
FAMILIES = {look.code: family for family, look in _KNOWN.items()}
"""The known families by code: what may stand in an address, where names do not belong."""


def therapy(family: str) -> Therapy:
    """The look of a family, given by its name or its code; a family not known here is shown plainly."""
    known = FAMILIES.get(family.upper(), family.lower())
    return _KNOWN.get(known) or Therapy(family[:2].upper(), "", family)
