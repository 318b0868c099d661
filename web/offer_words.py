"""The words of the page where patients are offered a time that has become free, in every language. No guilt, no hurry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    over_title: str
    lasts: str
    held: str
    instead: str
    first: str
    shared: str
    take: str
    keep: str
    leave: str
    birth: str
    taken: str
    now_at: str
    kept: str
    stays: str
    lost: str
    over: str
    listed: str
    failed: str


WORDS = {
    "en": OfferWords(
        title="A time is free",
        over_title="The free time",
        lasts="It takes {length}.",
        held="We hold it until {until}.",
        instead="It would be in place of {day}, {time}. Until you say yes, that time is kept for you.",
        first="Your visit has no time yet. If you say yes, this is its time.",
        shared="We have asked other people too. The first who says yes has it.",
        take="Yes, I take it",
        keep="No, keep mine",
        leave="No, not this one",
        birth="To say yes, give your birth date. We ask once, so that nobody else can change your visits.",
        taken="Thank you. This is your time now. You get a message about it.",
        now_at="Your visit: {day}, {time}.",
        kept="Thank you for telling us. Nothing changes.",
        stays="Your visit stays as it is: {day}, {time}.",
        lost="Somebody else has just taken this time. Thank you for looking.",
        over="This time is not free any more. Thank you for looking.",
        listed="You stay on our list. When another time becomes free, we let you know.",
        failed="This time does not work any more. Please call us, and we look for another one with you.",
    ),
    "es": OfferWords(
        title="Hay una hora libre",
        over_title="La hora libre",
        lasts="Dura {length}.",
        held="Se la guardamos hasta las {until}.",
        instead="Sería en lugar del {day}, {time}. Hasta que diga que sí, esa hora sigue siendo suya.",
        first="Su cita aún no tiene hora. Si dice que sí, será esta.",
        shared="También hemos preguntado a otras personas. Será de quien primero diga que sí.",
        take="Sí, la tomo",
        keep="No, me quedo con la mía",
        leave="No, esta no",
        birth="Para decir que sí, escriba su fecha de nacimiento. La pedimos una vez, para que nadie más cambie sus citas.",
        taken="Gracias. Esta hora ya es suya. Recibirá un mensaje.",
        now_at="Su cita: {day}, {time}.",
        kept="Gracias por avisar. Nada cambia.",
        stays="Su cita sigue como está: {day}, {time}.",
        lost="Otra persona acaba de tomar esta hora. Gracias por mirar.",
        over="Esta hora ya no está libre. Gracias por mirar.",
        listed="Sigue en nuestra lista. Cuando quede libre otra hora, le avisamos.",
        failed="Esta hora ya no es posible. Llámenos y buscamos otra con usted.",
    ),
}
