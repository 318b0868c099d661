"""Words that could tell a stranger who sees the screen what a visit is for.

They may not stand in a text message, in a subject line or in the title of a calendar entry, in no language: a screen
may show a text in either.
"""

import re
import unicodedata

STEMS = {
    "drug": """ketamin esketamin spravato ketalar infliximab remicade rituximab ocrelizumab ocrevus vedolizumab entyvio
        natalizumab tysabri lidocain magnesi propofol midazolam psilocyb psilocib mdma zolpidem opioid opiac opioide
        botox botulin biologic iron hierro zoledron methotrexat metotrex chemo quimio steroid esteroid drug droga
        medication medicine medicamento medicina farmac pharma pill pastilla dose dosis dosage injection inyecc shot
        vaccin vacuna insulin semaglutid ozempic""",
    "diagnosis": """depress depres anxi ansied ptsd tept bipolar suicid trauma crps sdrc migrain migran fibromyal fibromial
        neuropath neuropat arthrit artrit crohn colitis lupus sclerosis esclerosis cancer tumor diagnos
        disorder trastorno disease enfermedad illness syndrome sindrome addict adicc alcohol pain painful dolor
        relapse recaida symptom sintoma pregnan embaraz hiv vih""",
    "department": """psych psiq psic mental neurol oncol rheumat reumat gastroent dermatol cardiol urolog gynec ginec obstet
        radiolog anesth anaesth anestes department departamento ward unidad hospital clinician doctor physician
        medico nurse enfermer therapist terapeut surgeon cirujan counsel consejer rehab""",
    "visit kind": """infus therap terap physio fisio psychother treatment tratamiento session sesion course series protocol
        procedure procedimiento surgery cirugia scan biopsy biopsia blood sangre test prueba lab ect tms
        consult questionnaire cuestionario score puntua mindful hypno hipno dialysis dialisis transfus""",
}
"""Beginnings of words, without accents, by what they give away."""
_ALL = frozenset(stem for stems in STEMS.values() for stem in stems.split())
_WHOLE = frozenset(
    {"iron", "pill", "shot", "pain", "ward", "lab", "ect", "tms", "hiv", "vih", "test", "scan", "course", "series"}
)
"""Those too short or too common to count as a beginning; as words, also in the plural."""


def found(text: str) -> list[str]:
    """The words of ``text`` that give something away, as they are written, each once and in order."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text))
    return list(dict.fromkeys(word for word in words if _gives_away(_plain(word))))


def _gives_away(word: str) -> bool:
    return any(word in {stem, f"{stem}s"} if stem in _WHOLE else word.startswith(stem) for stem in _ALL)


def _plain(word: str) -> str:
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in bare if not unicodedata.combining(each))
