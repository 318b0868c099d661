"""What a patient means by a text message. Rules, not guesses: what no rule knows goes to a person, word for word.

Stopping comes first and is understood widely: the words that US law calls conclusive (47 CFR 64.1200(a)(10): STOP, QUIT,
END, REVOKE, OPT OUT, CANCEL, UNSUBSCRIBE), those of the networks, their like in each language, and plain sentences that ask for
no more messages. So CANCEL alone ends messages and never cancels a visit. Asking to cancel an appointment is another
matter, and goes to a person.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """What a patient wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    CONFIRM = "confirm"
    CHANGE = "change"
    CANNOT_COME = "cannot_come"
    WORDS = "words"
    """Something else, which a person has to read."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text means, and the visit number in it, if there is one."""

    meaning: Meaning
    number: int | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POLITE = _words("""please pls plz thanks thank you ty now all immediately hi hello dear kindly sms text texts message
    messages msg msgs txt
    por favor porfavor gracias ya ahora todo todos hola mensaje mensajes texto textos de los las el la""")
"""Words beside a command that do not change it."""

_STOP = _words("""stop stopall quit end revoke optout cancel unsubscribe remove arret stopp unsub
    parar pare paren para alto baja cancelar cancele cancela detener detenga detengan salir basta terminar fin
    desuscribir desuscribirme desuscribirse revocar suspender eliminar borrar""")
_START = _words("start unstop restart resume subscribe alta iniciar inicio comenzar empezar reanudar suscribir")
_HELP = _words("help info information ayuda informacion")
_CONFIRM = _words("yes y yep yeah yup confirm confirmed confirming si confirmo confirmar confirmado confirmada")
_CHANGE = _words("change move reschedule reprogramar cambiar cambio mover otra reagendar")
_CANNOT = _words("no n nope")

_MESSAGES = r"(texts?|text messages?|texting|messages?|messaging|msgs?|sms|reminders?|notifications?)"
_MENSAJES = r"(mensajes?|textos?|sms|recordatorios?|avisos?)"
_ASKING = r"((please|pls|kindly|just|i|we|want|would|like|wish|id|d|need|you|to|can|could|hereby) )*"
_STOP_SENTENCES = [
    # English
    _ASKING + r"(stop|quit|cease|end) (sending|texting|messaging|contacting|bothering|writing|spamming|reminding)\b.*",
    _ASKING + r"(stop|quit|cease|end) ((all|any|the|these|those|your|of|with|my|this) )*" + _MESSAGES + r"( \w+){0,3}",
    _ASKING + r"(stop|quit|end) (it|this|that)( (please|now|already|thanks|thank you))*",
    r".*\b(do not|dont|never|no longer) (ever )?(text|message|contact|sms) (me|us|this number)\b.*",
    r".*\b(do not|dont|never|no longer) (ever )?send (me |us )?((any|more|these|your|further) )*" + _MESSAGES + r"\b.*",
    r".*\bno (more|further) " + _MESSAGES + r"\b.*",
    r".*\b(take|remove|delete|get|drop) (me|us|my number|this number|my phone) (off|from|out of) "
    r"((of|the|your|this|all|that|mailing|text|contact) )*(list|" + _MESSAGES + r")\b.*",
    _ASKING + r"(remove|unsubscribe|delete) (me|us|my number|this number|my phone)( (please|now|thanks))*",
    r".*\bunsubscribe\b.*",
    r".*\b(opt|opting) (me |us )?out\b.*",
    _ASKING + r"(revoke|withdraw) (my |our |all )?(consent|permission|agreement)\b.*",
    _ASKING + r"leave me alone\b.*",
    r".*\b(do not|dont) (want|wish|like) ((any|more|these|your|to|get|receive|further|the) )*" + _MESSAGES + r"\b.*",
    r".*\bwrong (number|person)\b.*",
    # Spanish
    r".*\bno me (envien|envie|envies|manden|mande|mandes|escriban|escriba|escribas|contacten|contacte|molesten|moleste)\b.*",
    r".*\bno (envien|envie|manden|mande) (mas )?" + _MENSAJES + r"\b.*",
    r".*\bno (quiero|deseo) ((mas|recibir|que|me|sus|los|estos|escriban|contacten|envien|manden|ningun) )*"
    r"(escriban|contacten|" + _MENSAJES + r")\b.*",
    r".*\b(deje|dejen|deja|paren|pare|para) de (escribir|enviar|mandar|contactar|molestar|mensajear)\w*\b.*",
    r".*\bno mas( " + _MENSAJES + r")?( (por favor|gracias))?",
    r".*\b(darme|dar me|denme|deme|dame) de baja( (por favor|gracias|de .*))?",
    r".*\b(quiten|quite|quita|borren|borre|eliminen|elimine|saquen|saque) (me|mi numero|mi telefono|este numero)\b.*",
    r".*\b(quitenme|quiteme|borrenme|borreme|eliminenme|elimineme|saquenme|saqueme) de (la|su|esta) lista\b.*",
    r".*\b(retiro|revoco|cancelo) (mi )?(consentimiento|permiso|suscripcion)\b.*",
    r".*\b(cancelar|cancele|cancela|detener|detengan|parar|paren) ((la|mi|los|las|estos|sus) )*(suscripcion|"
    + _MENSAJES
    + r")\b.*",
    r".*\bnumero equivocado\b.*",
    r"dejenme en paz\b.*",
]
_CANNOT_SENTENCES = [
    r".*\b(i )?(cannot|cant|can t|can not|wont|won t|will not|not able to|unable to) (come|make it|make|attend|be there|go)\b.*",
    r".*\bcancel (my |the |this |our )?(visit|appointment|appt|booking|thursday|friday|monday|tuesday|wednesday)\b.*",
    r".*\bno (puedo|podre|voy a poder) (ir|venir|asistir|llegar)\b.*",
    r".*\b(cancelar|cancele|cancelo) (mi |la )?cita\b.*",
]
_CHANGE_SENTENCES = [
    r".*\b(another|different|other|new) (time|day|date)\b.*",
    r".*\b(reschedule|change|move) (my|the|this|our|it|to)\b.*",
    r".*\b(otra|otro|nueva) (hora|dia|fecha)\b.*",
    r".*\b(cambiar|mover|reprogramar) (mi|la|de|el|a)\b.*",
]
_CONFIRM_SENTENCES = [
    r"(yes |ok |okay )?(i will|ill|i ll|we will|well|i can|i am) (be there|come|coming|attend)( (thanks|thank you))?",
    r"(si )?(ahi estare|alli estare|vendre|voy|ire|asistire)( gracias)?",
]


def understand(text: str) -> Understood:
    """The meaning of a text in any shipped language, whatever its case, accents and punctuation."""
    plain = _plain(text)
    words = plain.split()
    numbers = [int(word) for word in words if word.isdecimal() and len(word) <= 3]
    spoken = [word for word in words if not word.isdecimal()]
    if _is_command(spoken, _STOP) or _joined(words) in _STOP or _matches(_STOP_SENTENCES, plain):
        return Understood(Meaning.STOP)
    number = numbers[0] if len(numbers) == 1 else None
    for meaning, commands, sentences in (
        (Meaning.HELP, _HELP, []),
        (Meaning.CANNOT_COME, _CANNOT, _CANNOT_SENTENCES),
        (Meaning.CHANGE, _CHANGE, _CHANGE_SENTENCES),
        (Meaning.START, _START, []),
        (Meaning.CONFIRM, _CONFIRM, _CONFIRM_SENTENCES),
    ):
        if _is_command(spoken, commands) or _matches(sentences, plain):
            return Understood(meaning, number)
    return Understood(Meaning.WORDS)


def _is_command(words: list[str], commands: frozenset[str]) -> bool:
    """Whether there is a command and nothing beside it but politeness."""
    said = [word for word in words if word in commands]
    return bool(said) and all(word in commands or word in _POLITE for word in words) and len(set(said)) <= 2


def _joined(words: list[str]) -> str:
    """Words spelled apart, such as "opt out" and "s t o p", in one."""
    return "".join(words)


def _matches(sentences: list[str], plain: str) -> bool:
    return any(re.fullmatch(sentence, plain) for sentence in sentences)


def _plain(text: str) -> str:
    """Lower case, without accents, apostrophes and punctuation, single spaces; at most the first 320 characters."""
    bare = unicodedata.normalize("NFKD", text[:320].casefold())
    bare = re.sub(r"['’`´\u0300-\u036f]", "", bare)
    return " ".join(re.sub(r"[^\w]+|_", " ", bare).split())
