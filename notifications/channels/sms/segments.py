"""How many segments a text message takes: what a network sends, and charges for, separately."""

from dataclasses import dataclass
from enum import StrEnum

_GSM_7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038, 7 bits a character. Its escape position is no character."""
_EXTENDED = "^{}\\[~]|€\f"
"""Its extension table: an escape and a character, so two places."""


class Alphabet(StrEnum):
    """How the characters of a text message are encoded."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


LIMITS = {Alphabet.GSM_7: (160, 153), Alphabet.UCS_2: (70, 67)}
"""Places in a message of one segment, and in each segment of a longer one, which carries a header of 6 octets."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text takes. ``places`` are septets in GSM-7, 16-bit units in UCS-2; ``costly`` the characters that
    force UCS-2, each once, in order.
    """

    alphabet: Alphabet
    places: int
    count: int
    costly: str = ""


def count(text: str) -> Segments:
    """The segments of ``text``. A character of two places is never split over two segments."""
    costly = "".join(dict.fromkeys(each for each in text if each not in _GSM_7 and each not in _EXTENDED))
    if costly:
        alphabet, widths = Alphabet.UCS_2, [2 if ord(each) > 0xFFFF else 1 for each in text]
    else:
        alphabet, widths = Alphabet.GSM_7, [2 if each in _EXTENDED else 1 for each in text]
    alone, each_of_several = LIMITS[alphabet]
    places = sum(widths)
    if places <= alone:
        return Segments(alphabet, places, 1, costly)
    segments, used = 1, 0
    for width in widths:
        if used + width > each_of_several:
            segments, used = segments + 1, 0
        used += width
    return Segments(alphabet, places, segments, costly)
