"""The words around forms on patients' pages, in every language patients are written to in. Nothing praises, nothing scores."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    birth_title: str
    birth_why: str
    day: str
    month: str
    year: str
    go_on: str
    birth_wrong: str
    birth_later: str
    nothing: str
    how_long: str
    how_long_one: str
    who_reads: str
    not_watched: str
    begin: str
    resume: str
    progress: str
    back: str
    choose: str
    thanks: str
    thanks_next: str
    crisis_title: str
    crisis_text: str
    crisis_seen: str
    clinic: str
    call: str
    to_visits: str


WORDS = {
    "en": QuestionWords(
        title="Questions",
        birth_title="Your birth date",
        birth_why="We ask once, so that nobody else reads this.",
        day="Day",
        month="Month",
        year="Year",
        go_on="Go on",
        birth_wrong="This is not the birth date we have. Try again, or call us.",
        birth_later="That was tried too often. Try again in an hour, or call us.",
        nothing="There is nothing to answer now.",
        how_long="{count} questions, about {minutes} minutes. You can stop and go on later.",
        how_long_one="One question. It takes less than a minute.",
        who_reads="Your clinicians read your answers before your next visit.",
        not_watched="Nobody watches them outside opening hours. If you need help now, call {phone}.",
        begin="Begin",
        resume="Go on where you stopped",
        progress="Question {number} of {count}",
        back="Back",
        choose="Choose one of the answers.",
        thanks="Thank you. Your answers have arrived.",
        thanks_next="Your next visit: {day}, {time}.",
        crisis_title="You do not have to be alone with this",
        crisis_text="If you think of hurting yourself, please call now. Somebody answers at any hour.",
        crisis_seen="Your clinic sees your answer too, and a clinician will call you.",
        clinic="Your clinic",
        call="Call {phone}",
        to_visits="To your visits",
    ),
    "es": QuestionWords(
        title="Preguntas",
        birth_title="Su fecha de nacimiento",
        birth_why="Se la pedimos una vez, para que nadie más lea esto.",
        day="Día",
        month="Mes",
        year="Año",
        go_on="Continuar",
        birth_wrong="No es la fecha que tenemos. Inténtelo otra vez o llámenos.",
        birth_later="Demasiados intentos. Inténtelo en una hora o llámenos.",
        nothing="Ahora no hay nada que contestar.",
        how_long="{count} preguntas, unos {minutes} minutos. Puede parar y seguir más tarde.",
        how_long_one="Una pregunta. Se tarda menos de un minuto.",
        who_reads="Su equipo clínico lee sus respuestas antes de su próxima cita.",
        not_watched="Nadie las lee fuera del horario de la clínica. Si necesita ayuda ahora, llame al {phone}.",
        begin="Empezar",
        resume="Continuar donde lo dejó",
        progress="Pregunta {number} de {count}",
        back="Atrás",
        choose="Elija una de las respuestas.",
        thanks="Gracias. Sus respuestas han llegado.",
        thanks_next="Su próxima cita: {day}, {time}.",
        crisis_title="No tiene que pasar por esto a solas",
        crisis_text="Si piensa en hacerse daño, llame ahora, por favor. Le atenderán a cualquier hora.",
        crisis_seen="Su clínica también ve su respuesta, y alguien de su equipo clínico le llamará.",
        clinic="Su clínica",
        call="Llamar al {phone}",
        to_visits="A sus citas",
    ),
}
