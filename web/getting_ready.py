"""The get-ready list of a visit in the patient's words, with clock times at the place."""

from datetime import datetime, timedelta

from core import clock
from notifications.channels.languages import Language
from scheduler.models import Appointment
from treatments.queries.preparations import GetReady
from web.patient_words import PatientWords


def sentences(
    visit: Appointment, ready: GetReady, travel_minutes: int | None, language: Language, words: PatientWords
) -> list[str]:
    """What to do before the visit, when to leave, and when it is over for who takes the patient home; empty if nothing."""

    def at(instant: datetime) -> str:
        local = clock.local(instant, visit.zone)
        time = language.time_of(local)
        return time if local.date() == visit.local_on else words.on_day.format(time=time, day=language.day_of(local))

    told = []
    if ready.eat_until and ready.eat_until == ready.drink_until:
        told.append(words.no_drink.format(time=at(ready.eat_until)))
    elif ready.eat_until and ready.drink_until:
        told += [words.no_food.format(time=at(ready.eat_until)), words.water.format(time=at(ready.drink_until))]
    if travel_minutes:
        told.append(words.leave.format(time=at(visit.starts_at - timedelta(minutes=travel_minutes))))
    if ready.ride_at:
        told.append(words.ride.format(time=at(ready.ride_at)))
    return told
