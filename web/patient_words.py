"""The words of patients' pages, in every language patients are written to in. Plain, calm, short."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PatientWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    next_visit: str
    other_visits: str
    show_all: str
    hello: str
    progress: str
    nothing: str
    until: str
    hour: str
    hours: str
    minutes: str
    company: str
    get_ready: str
    no_food: str
    water: str
    no_drink: str
    ride: str
    leave: str
    on_day: str
    ready_birth: str
    ready_open: str
    ride_title: str
    ride_name: str
    ride_phone: str
    ride_save: str
    ride_is: str
    ride_known: str
    ride_other: str
    ride_name_wrong: str
    ride_phone_wrong: str
    confirm: str
    change: str
    cannot_come: str
    confirmed: str
    confirm_all: str
    confirmed_short: str
    change_short: str
    cannot_come_short: str
    change_noted: str
    cannot_come_noted: str
    moved: str
    answer: str
    other_answer: str
    add: str
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
        next_visit="Your next visit",
        other_visits="Your other visits",
        show_all="Show {count} later visits",
        hello="Hello {initial}.",
        progress="{done} of {all} visits done",
        nothing="No visit is waiting for an answer here. If you expected one, call us.",
        until="until {ends}",
        hour="1 hour",
        hours="{count} hours",
        minutes="{count} minutes",
        company="Somebody may come with you.",
        get_ready="Get ready",
        no_food="From {time}: no food.",
        water="Until {time}: water is fine.",
        no_drink="From {time}: nothing to eat or drink.",
        ride="You can go home at about {time}. An adult has to take you; do not drive yourself.",
        leave="Leave home by {time}.",
        on_day="{time} on {day}",
        ready_birth="There is a list of what to do before this visit. Your birth date opens it. We ask once.",
        ready_open="Open my list",
        ride_title="Who drives you home?",
        ride_name="Name",
        ride_phone="Phone",
        ride_save="Save",
        ride_is="{ride} drives you home.",
        ride_known="We know who drives you home.",
        ride_other="Somebody else drives me",
        ride_name_wrong="Write the name of the person.",
        ride_phone_wrong="Write the phone number of the person.",
        confirm="I will come",
        change="I need another time",
        cannot_come="I cannot come",
        confirmed="Thank you. This visit is confirmed. Nothing more to do until {day}.",
        confirm_all="I will come to all {count} visits up to {day}",
        confirmed_short="Confirmed",
        change_short="You asked for another time",
        cannot_come_short="You cannot come",
        change_noted="Thank you. We will call you about another time. Until then this visit stays booked.",
        cannot_come_noted="Thank you for telling us. We will call you about this visit.",
        moved="This visit has changed meanwhile. Please look at it as it is now.",
        answer="Answer or change",
        other_answer="Another answer",
        add="Add to my calendar",
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
        next_visit="Su próxima cita",
        other_visits="Sus otras citas",
        show_all="Ver {count} citas posteriores",
        hello="Hola, {initial}.",
        progress="{done} de {all} citas hechas",
        nothing="Aquí no hay ninguna cita por confirmar. Si esperaba una, llámenos.",
        until="hasta las {ends}",
        hour="1 hora",
        hours="{count} horas",
        minutes="{count} minutos",
        company="Puede venir alguien con usted.",
        get_ready="Prepárese",
        no_food="Desde las {time}: no coma nada.",
        water="Hasta las {time}: puede beber agua.",
        no_drink="Desde las {time}: no coma ni beba nada.",
        ride="Podrá irse a casa hacia las {time}. Tiene que llevarle un adulto; no conduzca.",
        leave="Salga de casa antes de las {time}.",
        on_day="{time} del {day}",
        ready_birth="Hay una lista de lo que debe hacer antes. Se abre con su fecha de nacimiento. La pedimos una vez.",
        ready_open="Abrir mi lista",
        ride_title="¿Quién le lleva a casa?",
        ride_name="Nombre",
        ride_phone="Teléfono",
        ride_save="Guardar",
        ride_is="Le lleva a casa: {ride}.",
        ride_known="Ya sabemos quién le lleva a casa.",
        ride_other="Me lleva otra persona",
        ride_name_wrong="Escriba el nombre de la persona.",
        ride_phone_wrong="Escriba el teléfono de la persona.",
        confirm="Sí, iré",
        change="Necesito otra hora",
        cannot_come="No puedo ir",
        confirmed="Gracias. Su cita queda confirmada. No tiene que hacer nada más hasta el {day}.",
        confirm_all="Iré a las {count} citas hasta el {day}",
        confirmed_short="Confirmada",
        change_short="Pidió otra hora",
        cannot_come_short="No puede venir",
        change_noted="Gracias. Le llamaremos para buscar otra hora. Hasta entonces su cita sigue reservada.",
        cannot_come_noted="Gracias por avisar. Le llamaremos por esta cita.",
        moved="Esta cita ha cambiado mientras tanto. Revise cómo está ahora, por favor.",
        answer="Responder o cambiar",
        other_answer="Otra respuesta",
        add="Añadir a mi calendario",
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
