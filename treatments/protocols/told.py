"""What a patient may be told when a time is refused, in every language patients are written to in.

One plain sentence for each code. It names no other person, no rule and nothing clinical: it may be read out, written in a
text, or shown on a page that anybody could look at.
"""

from collections.abc import Mapping

from clinics.models.patient import Language
from scheduler.engine.answer import Code

_TAKEN = ("That time is taken.", "Esa hora ya está ocupada.")
_NOBODY = ("Nobody is here for it at that time.", "A esa hora no hay nadie que pueda atenderle.")
_NEAR = ("That is too close to another of your visits.", "Queda demasiado cerca de otra de sus citas.")
_FAR = ("That is too far from another of your visits.", "Queda demasiado lejos de otra de sus citas.")
_WEEK = ("You already have enough visits that week.", "Esa semana ya tiene suficientes citas.")
_DAY = ("That day is full.", "Ese día está completo.")

_TOLD: Mapping[Code, tuple[str, str]] = {
    Code.SITE_CLOSED: ("We are closed then.", "A esa hora estamos cerrados."),
    Code.NO_RESOURCE: ("We cannot offer this visit here.", "Aquí no podemos ofrecer esta cita."),
    Code.RESOURCE_OFF: _NOBODY,
    Code.RESOURCE_BUSY: _TAKEN,
    Code.WATCH_FULL: _TAKEN,
    Code.HANDS_TAKEN: _TAKEN,
    Code.NOT_ON_SITE: _NOBODY,
    Code.NOT_PREPARED: (
        "We cannot get everything ready by that time.",
        "No podemos tenerlo todo preparado para esa hora.",
    ),
    Code.DAY_FULL: _DAY,
    Code.PATIENT_BUSY: ("You have another visit then.", "A esa hora usted ya tiene otra cita."),
    Code.TOO_SOON: _NEAR,
    Code.TOO_LATE: _FAR,
    Code.WEEK_FULL: _WEEK,
    Code.WEEK_SHORT: ("That week would have too few visits.", "Esa semana quedarían muy pocas citas."),
    Code.SPAN_EXCEEDED: ("Your visits would then take too long in all.", "Sus citas se alargarían demasiado en total."),
    Code.NOT_SAME_DAY: (
        "That cannot be on the same day as another of your visits.",
        "No puede ser el mismo día que otra de sus citas.",
    ),
    Code.OUTSIDE_WINDOW: ("This visit is not offered at that time.", "Esta cita no se ofrece a esa hora."),
    Code.OTHER_RESOURCE: (
        "That would be with somebody else than your other visits.",
        "Le atendería una persona distinta de la de sus otras citas.",
    ),
    Code.NOT_CONSECUTIVE: ("These visits have to be on days in a row.", "Estas citas tienen que ser en días seguidos."),
    Code.TOO_MANY: _WEEK,
    Code.NOT_PREFERRED: (
        "That would be with somebody else than you asked for.",
        "Le atendería una persona distinta de la que pidió.",
    ),
    Code.IN_THE_PAST: (
        "That time has passed or is too soon from now.",
        "Esa hora ya ha pasado o falta muy poco para ella.",
    ),
    Code.BEYOND_HORIZON: (
        "That is further ahead than we book yet.",
        "Todavía no damos citas para una fecha tan lejana.",
    ),
    Code.OFF_STEP: ("Visits do not begin at that minute.", "Las citas no empiezan en ese minuto."),
    Code.NOT_READY: (
        "Something has to be there before this visit, and cannot be by then.",
        "Antes de esta cita hace falta algo que no puede estar para entonces.",
    ),
    Code.NOT_IDEAL: (
        "Another day would be better for your other visits.",
        "Otro día iría mejor con sus otras citas.",
    ),
    Code.DAY_CROWDED: ("That day is already rather full.", "Ese día ya está bastante lleno."),
    Code.MOVED: ("That is another time than you had.", "Es una hora distinta de la que tenía."),
    Code.DEPENDS_ON_UNPLACED: (
        "Another of your visits needs a time first.",
        "Antes hay que dar hora a otra de sus citas.",
    ),
}
_COLUMNS = (Language.ENGLISH, Language.SPANISH)


def told(code: Code) -> dict[str, str]:
    """What may be said to the patient about this code: the sentence by language."""
    return dict(zip((language.value for language in _COLUMNS), _TOLD[code], strict=True))
