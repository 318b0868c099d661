"""PHQ-9 and GAD-7, with their English and Spanish wording: it may be reproduced and shown without permission."""

from fractions import Fraction

from treatments.measures.instruments import Band, Choice, Instrument, Method, Scale, asked

HALF = Fraction(1, 2)
LICENCE = "Pfizer Inc. released PHQ and GAD-7 in 2010: no permission is required to reproduce, translate, display or distribute."

HOW_OFTEN = (
    Choice(0, {"en": "Not at all", "es": "Ningún día"}),
    Choice(1, {"en": "Several days", "es": "Varios días"}),
    Choice(2, {"en": "More than half the days", "es": "Más de la mitad de los días"}),
    Choice(3, {"en": "Nearly every day", "es": "Casi todos los días"}),
)
INTRO = {
    "en": "Over the last 2 weeks, how often have you been bothered by any of the following problems?",
    "es": "Durante las últimas 2 semanas, ¿qué tan seguido ha tenido molestias debido a los siguientes problemas?",
}

PHQ9 = Instrument(
    name="phq9",
    title="PHQ-9",
    about="Depression, by the patient",
    filled_by="patient",
    look_back_days=14,
    interval_days=7,
    intro=INTRO,
    items=asked(
        [
            (
                "Interest",
                {
                    "en": "Little interest or pleasure in doing things",
                    "es": "Poco interés o placer en hacer cosas",
                },
            ),
            (
                "Mood",
                {
                    "en": "Feeling down, depressed, or hopeless",
                    "es": "Se ha sentido decaído(a), deprimido(a) o sin esperanzas",
                },
            ),
            (
                "Sleep",
                {
                    "en": "Trouble falling or staying asleep, or sleeping too much",
                    "es": "Ha tenido dificultad para quedarse o permanecer dormido(a), o ha dormido demasiado",
                },
            ),
            (
                "Energy",
                {"en": "Feeling tired or having little energy", "es": "Se ha sentido cansado(a) o con poca energía"},
            ),
            ("Appetite", {"en": "Poor appetite or overeating", "es": "Sin apetito o ha comido en exceso"}),
            (
                "View of oneself",
                {
                    "en": (
                        "Feeling bad about yourself, or that you are a failure or have let yourself or your family down"
                    ),
                    "es": "Se ha sentido mal con usted mismo(a), o que es un fracaso o que ha quedado mal con usted mismo(a) o con su familia",
                },
            ),
            (
                "Concentration",
                {
                    "en": "Trouble concentrating on things, such as reading the newspaper or watching television",
                    "es": "Ha tenido dificultad para concentrarse en ciertas actividades, tales como leer el periódico o ver la televisión",
                },
            ),
            (
                "Movement",
                {
                    "en": (
                        "Moving or speaking so slowly that other people could have noticed? Or the opposite, being so "
                        "fidgety or restless that you have been moving around a lot more than usual"
                    ),
                    "es": "¿Se ha movido o hablado tan lento que otras personas podrían haberlo notado? O lo contrario, muy inquieto(a) o agitado(a), que ha estado moviéndose mucho más de lo normal",
                },
            ),
            (
                "Thoughts of death or self-harm",
                {
                    "en": "Thoughts that you would be better off dead or of hurting yourself in some way",
                    "es": "Pensamientos de que estaría mejor muerto(a) o de lastimarse de alguna manera",
                },
            ),
        ],
        highest=3,
        choices=HOW_OFTEN,
    ),
    scales=(
        Scale(
            name="total",
            title="PHQ-9",
            method=Method.SUM,
            groups=tuple((number,) for number in range(1, 10)),
            highest=27,
            at_least=9,
            bands=(
                Band(0, "minimal"),
                Band(5, "mild"),
                Band(10, "moderate"),
                Band(15, "moderately severe"),
                Band(20, "severe"),
            ),
            response=HALF,
            remission=Fraction(4),
            meaningful=Fraction(5),
        ),
    ),
    watched=(9,),
    sources=(
        "Kroenke 2001, doi 10.1046/j.1525-1497.2001.016009606.x: items, 5/10/15/20, remission below 5",
        "Löwe 2004, PMID 15550799: looks back 14 days; 5 points are two standard errors",
    ),
    licence=LICENCE,
)

GAD7 = Instrument(
    name="gad7",
    title="GAD-7",
    about="Anxiety, by the patient",
    filled_by="patient",
    look_back_days=14,
    interval_days=7,
    intro=INTRO,
    items=asked(
        [
            (
                "Nervous",
                {
                    "en": "Feeling nervous, anxious, or on edge",
                    "es": "Se ha sentido nervioso(a), ansioso(a) o con los nervios de punta",
                },
            ),
            (
                "Control of worry",
                {
                    "en": "Not being able to stop or control worrying",
                    "es": "No ha sido capaz de parar o controlar su preocupación",
                },
            ),
            (
                "Worry",
                {
                    "en": "Worrying too much about different things",
                    "es": "Se ha preocupado demasiado por motivos diferentes",
                },
            ),
            ("Relaxing", {"en": "Trouble relaxing", "es": "Ha tenido dificultad para relajarse"}),
            (
                "Restless",
                {
                    "en": "Being so restless that it is hard to sit still",
                    "es": "Se ha sentido tan inquieto(a) que no ha podido quedarse quieto(a)",
                },
            ),
            (
                "Irritable",
                {"en": "Becoming easily annoyed or irritable", "es": "Se ha molestado o irritado fácilmente"},
            ),
            (
                "Fear",
                {
                    "en": "Feeling afraid, as if something awful might happen",
                    "es": "Ha tenido miedo de que algo terrible fuera a pasar",
                },
            ),
        ],
        highest=3,
        choices=HOW_OFTEN,
    ),
    scales=(
        Scale(
            name="total",
            title="GAD-7",
            method=Method.SUM,
            groups=tuple((number,) for number in range(1, 8)),
            highest=21,
            at_least=7,
            bands=(Band(0, "minimal"), Band(5, "mild"), Band(10, "moderate"), Band(15, "severe")),
            response=HALF,
            remission=Fraction(4),
            meaningful=Fraction(4),
        ),
    ),
    watched=(),
    sources=(
        "Spitzer 2006, doi 10.1001/archinte.166.10.1092: items, 5/10/15",
        "Toussaint 2020, doi 10.1016/j.jad.2020.01.032: 4 points (PMC8485844: 3.3)",
    ),
    licence=LICENCE,
)
