"""The words of patients' pages, in every language patients are written to in. Plain, calm, short."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PatientWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    hello: str
    one_visit: str
    visits: str
    nothing: str
    until: str
    get_ready: str
    no_food: str
    water: str
    no_drink: str
    ride: str
    leave: str
    on_day: str
    confirm: str
    change: str
    cannot_come: str
    confirmed: str
    change_noted: str
    cannot_come_noted: str
    moved: str
    other_answer: str
    add: str
    subscribe: str
    subscribed: str
    call: str
    elsewhere: str
    printed: str
    questions: str
    stop_title: str
    stop_question: str
    stop_button: str
    stop_done: str


WORDS = {
    "en": PatientWords(
        title="Your visits",
        hello="Hello {initial}.",
        one_visit="Your visit",
        visits="Your visits",
        nothing="No visit is waiting for an answer here. If you expected one, call us.",
        until="until {ends}",
        get_ready="Get ready",
        no_food="From {time}: no food.",
        water="Until {time}: water is fine.",
        no_drink="From {time}: nothing to eat or drink.",
        ride="You can go home at about {time}. An adult has to take you; do not drive yourself.",
        leave="Leave home by {time}.",
        on_day="{time} on {day}",
        confirm="I will come",
        change="I need another time",
        cannot_come="I cannot come",
        confirmed="Thank you. This visit is confirmed. Nothing more to do until then.",
        change_noted="Thank you. We will call you about another time. Until then this visit stays booked.",
        cannot_come_noted="Thank you for telling us. We will call you about this visit.",
        moved="This visit has changed meanwhile. Please look at it as it is now.",
        other_answer="Another answer",
        add="Add to my calendar",
        subscribe="Keep my calendar up to date",
        subscribed="Give your calendar program this address. It then follows every change. Keep it to yourself.",
        call="Questions, or something changed? Call {phone}.",
        elsewhere="Times are on the clock of the place you come to.",
        printed="Printed on {day}, {time}. Changes after this are not shown.",
        questions="Questions to answer",
        stop_title="E-mail",
        stop_question="Do you want to get no more e-mails from {sender}? Your visits stay booked.",
        stop_button="Send me no more e-mails",
        stop_done="You get no more e-mails from {sender}. To get them again, call {phone}.",
    ),
    "es": PatientWords(
        title="Sus citas",
        hello="Hola, {initial}.",
        one_visit="Su cita",
        visits="Sus citas",
        nothing="Aquí no hay ninguna cita por confirmar. Si esperaba una, llámenos.",
        until="hasta las {ends}",
        get_ready="Prepárese",
        no_food="Desde las {time}: no coma nada.",
        water="Hasta las {time}: puede beber agua.",
        no_drink="Desde las {time}: no coma ni beba nada.",
        ride="Podrá irse a casa hacia las {time}. Tiene que llevarle un adulto; no conduzca.",
        leave="Salga de casa antes de las {time}.",
        on_day="{time} del {day}",
        confirm="Sí, iré",
        change="Necesito otra hora",
        cannot_come="No puedo ir",
        confirmed="Gracias. Su cita queda confirmada. No tiene que hacer nada más hasta entonces.",
        change_noted="Gracias. Le llamaremos para buscar otra hora. Hasta entonces su cita sigue reservada.",
        cannot_come_noted="Gracias por avisar. Le llamaremos por esta cita.",
        moved="Esta cita ha cambiado. Mírela como está ahora.",
        other_answer="Otra respuesta",
        add="Añadir a mi calendario",
        subscribe="Mantener mi calendario al día",
        subscribed="Dé esta dirección a su calendario: seguirá todos los cambios. No la comparta.",
        call="¿Preguntas o cambios? Llame al {phone}.",
        elsewhere="Las horas son las del lugar de la cita.",
        printed="Impreso el {day}, {time}. Los cambios posteriores no aparecen.",
        questions="Preguntas por contestar",
        stop_title="Correo electrónico",
        stop_question="¿Quiere dejar de recibir correos de {sender}? Sus citas siguen reservadas.",
        stop_button="No quiero más correos",
        stop_done="Ya no recibe correos de {sender}. Para recibirlos otra vez, llame al {phone}.",
    ),
}
ENDED = {
    "en": ("This link has ended", "It was too old, or was replaced. Call the clinic, and we send you a new one."),
    "es": ("Este enlace ya no sirve", "Era antiguo o se cambió. Llame a la clínica y le enviamos otro."),
}
"""Shown in every language, as nobody knows whose link it was."""
