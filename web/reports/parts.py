"""What a report is made of: a finding, and parts that each have a drawing and a table with the same facts."""

from dataclasses import dataclass

from web.reports.drawing import Bars, Heat, Row

FEWEST = 5
"""Of fewer visits or courses no share is said: one more would change it by a fifth."""
TOO_FEW = "–"
PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` begin with what they are about. ``total`` is the last row, where there is one."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """All of it, the head first."""
        return (self.head, *self.rows, *([self.total] if self.total else []))


@dataclass(frozen=True, slots=True)
class Part:
    """One table, what it shows drawn, and what has to be known to read it."""

    title: str
    table: Table
    bars: Bars | None = None
    heat: Heat | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """``finding`` is what the numbers say; ``definitions`` what each of them is. Without parts there was nothing to count."""

    finding: str
    parts: tuple[Part, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()


def percent(part: float, whole: float, *, fewest: int = FEWEST) -> str:
    """Such as "42", in whole percent; ``TOO_FEW`` of fewer than ``fewest``."""
    return str(round(100 * part / whole)) if whole and whole >= fewest else TOO_FEW


def share(part: float, whole: float) -> str:
    """Such as "42 %"; "too few to say" of fewer than five."""
    said = percent(part, whole)
    return "too few to say" if said == TOO_FEW else f"{said}{PERCENT}"


def row(label: str, part: int, whole: int) -> Row:
    """A bar of a share, with how many it is a share of."""
    return Row(label, (part / whole,) if whole >= FEWEST else None, f"{share(part, whole)}, n {whole}")


def hours(minutes: float) -> str:
    """Hours with one decimal, as a table has them: "412.5"."""
    return f"{minutes / 60:.1f}"
