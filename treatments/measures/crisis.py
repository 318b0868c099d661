"""Whom somebody in a crisis can call, by country. A clinic's own list goes before these.

Public lines, open day and night, as their operators and governments name them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its number as people dial it, with its name by language."""

    phone: str
    names: dict[str, str]

    def name(self, language: str) -> str:
        """Its name in a language, English where there is none."""
        return self.names.get(language, self.names["en"])


def _emergency(phone: str) -> Line:
    return Line(phone, {"en": "Emergency services", "es": "Emergencias"})


_BY_COUNTRY = {
    "US": (Line("988", {"en": "988 Lifeline, call or text", "es": "Línea 988, oprima 2"}), _emergency("911")),
    "CA": (Line("988", {"en": "988 Helpline, call or text", "es": "Línea 988"}), _emergency("911")),
    "GB": (Line("116 123", {"en": "Samaritans", "es": "Samaritans"}), _emergency("999")),
    "IE": (Line("116 123", {"en": "Samaritans", "es": "Samaritans"}), _emergency("112")),
    "AU": (Line("13 11 14", {"en": "Lifeline", "es": "Lifeline"}), _emergency("000")),
    "NZ": (Line("1737", {"en": "1737, call or text", "es": "1737"}), _emergency("111")),
    "ES": (Line("024", {"en": "Line 024", "es": "Línea 024, conducta suicida"}), _emergency("112")),
    "MX": (Line("800 911 2000", {"en": "Línea de la Vida", "es": "Línea de la Vida"}), _emergency("911")),
    "DE": (Line("0800 111 0 111", {"en": "TelefonSeelsorge", "es": "TelefonSeelsorge"}), _emergency("112")),
}
ELSEWHERE = (_emergency("112"),)
"""112 reaches emergency services from most mobile networks (GSM standard 3GPP TS 22.101)."""


def lines(country: str) -> tuple[Line, ...]:
    """The lines of a country (ISO 3166-1, two letters)."""
    return _BY_COUNTRY.get(country.upper(), ELSEWHERE)
