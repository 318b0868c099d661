"""The get-ready list of a visit in the patient's words, with clock times at the place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from notifications.channels.languages import Language
from scheduler.models import Appointment
from treatments.models import Preparing
from treatments.queries.preparations import GetReady
from web.patient_words import PatientWords


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence. ``key`` is empty for what cannot be ticked."""

    key: str
    text: str
    ticked: bool = False


def items(
    visit: Appointment,
    ready: GetReady,
    *,
    ticks: frozenset[str],
    travel_minutes: int | None,
    language: Language,
    words: PatientWords,
) -> list[Item]:
    """What to do before the visit, when to leave, and when it is over for who takes the patient home; empty if nothing."""
    return [Item(key, text, key in ticks) for key, text in _sentences(visit, ready, travel_minutes, language, words)]


def _sentences(
    visit: Appointment, ready: GetReady, travel_minutes: int | None, language: Language, words: PatientWords
) -> Iterator[tuple[str, str]]:
    def at(instant: datetime) -> str:
        local = clock.local(instant, visit.zone)
        time = language.time_of(local)
        return time if local.date() == visit.local_on else words.on_day.format(time=time, day=language.day_of(local))

    if ready.eat_until and ready.eat_until == ready.drink_until:
        yield Preparing.FOOD.value, words.no_drink.format(time=at(ready.eat_until))
    elif ready.eat_until and ready.drink_until:
        yield Preparing.FOOD.value, words.no_food.format(time=at(ready.eat_until))
        yield Preparing.DRINK.value, words.water.format(time=at(ready.drink_until))
    if travel_minutes:
        yield Preparing.LEAVE.value, words.leave.format(time=at(visit.starts_at - timedelta(minutes=travel_minutes)))
    if ready.ride_at:
        yield "", words.ride.format(time=at(ready.ride_at))
