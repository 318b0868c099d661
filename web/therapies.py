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
_BY_CODE = {therapy.code: therapy for therapy in _KNOWN.values()}


def therapy(family: str) -> Therapy:
    """The look of a family, given by its name or its code; a family not known here is shown plainly."""
    return _KNOWN.get(family.lower()) or _BY_CODE.get(family.upper()) or Therapy(family[:2].upper(), "", family)


def by_code() -> dict[str, tuple[str, Therapy]]:
    """The known families with their looks, by code: what may stand in an address, where names do not belong."""
    return {look.code: (family, look) for family, look in _KNOWN.items()}
