"""The words of the page where patients choose another time, in every language they are written to in. No guilt, no hurry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    now_at: str
    stays: str
    choose: str
    also_one: str
    also: str
    more: str
    first: str
    none: str
    near: str
    no_more: str
    gone: str
    other_ways: str
    call_me: str
    call_me_why: str
    wait: str
    wait_why: str
    waiting: str
    back: str
    sure: str
    instead: str
    moves_too: str
    from_to: str
    take: str
    ask: str
    ask_why: str
    keep: str
    birth: str
    taken: str
    asked: str


WORDS = {
    "en": TimeWords(
        title="Another time",
        now_at="Your visit now: {day}, {time}.",
        stays="It stays booked until you choose.",
        choose="These times are free",
        also_one="Moves 1 other visit too",
        also="Moves {count} other visits too",
        more="Show more times",
        first="Back to the first times",
        none="We found no other time for this visit. Your visit stays as it is.",
        near="This visit is soon. Please call us, or let us call you.",
        no_more="There are no more times to choose from.",
        gone="That time has just been taken. Your visit stays as it is. These times are near to it.",
        other_ways="None of these fits?",
        call_me="Please call me",
        call_me_why="We call you and look for a time with you.",
        wait="Put me on the list",
        wait_why="When another time becomes free, we let you know. Until then your visit stays as it is.",
        waiting="You are on the list. When another time becomes free, we let you know. Until then this visit stays booked.",
        back="Back to my visits",
        sure="Is this time good for you?",
        instead="In place of {day}, {time}.",
        moves_too="These visits move too:",
        from_to="{before} moves to {after}",
        take="Take this time",
        ask="Ask for this time",
        ask_why="We look at it and tell you. Until then your visit stays as it is.",
        keep="Choose a different time",
        birth="Your birth date. We ask once, so that nobody else can change your visits.",
        taken="Thank you. Your visit has its new time. You get a message about it.",
        asked="Thank you. We look at the time you chose and tell you. Until then this visit stays booked.",
    ),
    "es": TimeWords(
        title="Otra hora",
        now_at="Su cita ahora: {day}, {time}.",
        stays="Sigue reservada hasta que usted elija.",
        choose="Estas horas están libres",
        also_one="También se mueve 1 cita más",
        also="También se mueven {count} citas más",
        more="Ver más horas",
        first="Volver a las primeras horas",
        none="No hemos encontrado otra hora para esta cita. Su cita sigue como está.",
        near="Falta poco para esta cita. Llámenos, o pida que le llamemos.",
        no_more="No hay más horas para elegir.",
        gone="Esa hora se acaba de ocupar. Su cita sigue como está. Estas son las horas más cercanas.",
        other_ways="¿No le va bien ninguna?",
        call_me="Llámenme, por favor",
        call_me_why="Le llamamos y buscamos una hora con usted.",
        wait="Pónganme en la lista",
        wait_why="Cuando quede libre otra hora, le avisamos. Hasta entonces su cita sigue como está.",
        waiting="Está en la lista. Cuando quede libre otra hora, le avisamos. Hasta entonces esta cita sigue reservada.",
        back="Volver a mis citas",
        sure="¿Le va bien esta hora?",
        instead="En lugar del {day}, {time}.",
        moves_too="Estas citas también se mueven:",
        from_to="{before} pasa a {after}",
        take="Elegir esta hora",
        ask="Pedir esta hora",
        ask_why="La revisamos y le avisamos. Hasta entonces su cita sigue como está.",
        keep="Elegir una hora distinta",
        birth="Su fecha de nacimiento. La pedimos una vez, para que nadie más cambie sus citas.",
        taken="Gracias. Su cita ya tiene la nueva hora. Recibirá un mensaje.",
        asked="Gracias. Revisamos la hora que eligió y le avisamos. Hasta entonces esta cita sigue reservada.",
    ),
}
