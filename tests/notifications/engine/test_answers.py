"""What patients write, and what is understood. Opting out is understood widely, and nothing else as opting out."""

from __future__ import annotations

import re

import pytest

from notifications.engine.answers import Meaning, Understood, understand

LEGAL = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]
"""47 CFR 64.1200(a)(10)."""
NETWORKS = ["stopall", "optout", "remove", "arret"]
SPANISH = ["parar", "pare", "paren", "alto", "baja", "cancelar", "detener", "salir", "basta", "desuscribir", "terminar"]
WAYS = [
    str.lower,
    str.upper,
    str.title,
    lambda word: f"  {word}  ",
    lambda word: f"{word}.",
    lambda word: f"{word}!!!",
    lambda word: f'"{word}"',
    lambda word: f"please {word}",
    lambda word: f"{word} please",
    lambda word: f"{word}, thank you",
    lambda word: f"{word} {word}",
]
VARIANTS = sorted({way(word) for word in LEGAL for way in WAYS})
OTHER_WORDS = sorted(
    {way(word) for word in NETWORKS + SPANISH for way in (str.lower, str.upper, "{} por favor".format)}
)
SENTENCES = """
Stop texting me
please stop sending me messages
STOP ALL MESSAGES
Stop the texts now
Quit messaging me
stop it
Stop this already
Please stop these reminders
Don't text me anymore
do not contact me again
Dont send me any more texts
DO NOT MESSAGE ME
No more texts please
no further messages
Take me off your list
remove me from this list
Remove me
Remove my number
please delete my number
Unsubscribe me from this
How do I unsubscribe?
I want to opt out
Opt me out please
I'd like to opt out of these
OPT-OUT
opt_out
I revoke my consent
I hereby withdraw my permission
leave me alone
I don't want these texts
I do not want to receive any more messages
Wrong number
you have the wrong person
s t o p
¡BASTA!
No me envíen más mensajes
no me escriban más
No me contacten
Por favor no me manden mensajes
no quiero más mensajes
No deseo recibir mensajes
no quiero que me escriban
Dejen de escribirme
deje de enviarme textos
Paren de mandarme mensajes
no más mensajes
¡No más!
quiero darme de baja
Denme de baja por favor
borren mi número
Quítenme de la lista
retiro mi consentimiento
revoco mi permiso
Cancelar suscripción
cancelar los mensajes
número equivocado
Déjenme en paz
""".strip().splitlines()

NOT_STOP = {
    "Cancel my appointment": Meaning.CANNOT_COME,
    "please cancel my visit on Thursday": Meaning.CANNOT_COME,
    "Can I stop taking it before the visit?": Meaning.WORDS,
    "Should I stop the tablets": Meaning.WORDS,
    "stop the medication today?": Meaning.WORDS,
    "Stop by at 9?": Meaning.WORDS,
    "I can't stop being sick": Meaning.WORDS,
    "The end of the week is better": Meaning.WORDS,
    "End of May": Meaning.WORDS,
    "I quit smoking": Meaning.WORDS,
    "Take me off the 3pm please": Meaning.WORDS,
    "Remove me from Thursday": Meaning.WORDS,
    "Where do I park?": Meaning.WORDS,
    "No more pain, thank you": Meaning.WORDS,
    "Para hoy, por favor": Meaning.WORDS,
    "¿Me pueden dar de baja médica?": Meaning.WORDS,
    "No más dolor": Meaning.WORDS,
    "quiero cancelar mi cita": Meaning.CANNOT_COME,
    "I don't want to be late": Meaning.WORDS,
    "Is this the right number?": Meaning.WORDS,
    "Don't send me the form by mail": Meaning.WORDS,
    "": Meaning.WORDS,
    "👍": Meaning.WORDS,
    "\x00\ud800": Meaning.WORDS,
}


def test_there_are_enough() -> None:
    assert len({*VARIANTS, *OTHER_WORDS, *SENTENCES}) >= 150


@pytest.mark.parametrize("text", [*VARIANTS, *OTHER_WORDS, *SENTENCES])
def test_opting_out(text) -> None:
    assert understand(text).meaning is Meaning.STOP


@pytest.mark.parametrize(("text", "meaning"), NOT_STOP.items())
def test_not_opting_out(text, meaning) -> None:
    assert understand(text).meaning is meaning


def test_a_number_beside_it_does_not_make_cancel_cancel_a_visit() -> None:
    assert understand("CANCEL 41").meaning in {Meaning.STOP, Meaning.WORDS}


@pytest.mark.parametrize(
    ("text", "meaning", "number"),
    [
        ("YES", Meaning.CONFIRM, None),
        ("yes 41", Meaning.CONFIRM, 41),
        ("Yes, 41!", Meaning.CONFIRM, 41),
        ("Y 7", Meaning.CONFIRM, 7),
        ("yes 41 42", Meaning.CONFIRM, None),
        ("Sí", Meaning.CONFIRM, None),
        ("SI 41", Meaning.CONFIRM, 41),
        ("sí, por favor", Meaning.CONFIRM, None),
        ("Confirmo", Meaning.CONFIRM, None),
        ("I will be there", Meaning.CONFIRM, None),
        ("Ahí estaré, gracias", Meaning.CONFIRM, None),
        ("CHANGE 41", Meaning.CHANGE, 41),
        ("I need another time", Meaning.CHANGE, None),
        ("can we change my appointment", Meaning.CHANGE, None),
        ("CAMBIAR", Meaning.CHANGE, None),
        ("otra hora por favor", Meaning.CHANGE, None),
        ("No", Meaning.CANNOT_COME, None),
        ("NO 41", Meaning.CANNOT_COME, 41),
        ("I can't come", Meaning.CANNOT_COME, None),
        ("I won’t make it", Meaning.CANNOT_COME, None),
        ("No puedo ir", Meaning.CANNOT_COME, None),
        ("START", Meaning.START, None),
        ("unstop", Meaning.START, None),
        ("Alta", Meaning.START, None),
        ("INICIAR por favor", Meaning.START, None),
        ("HELP", Meaning.HELP, None),
        ("ayuda", Meaning.HELP, None),
        ("info please", Meaning.HELP, None),
        ("yes but can I come later?", Meaning.WORDS, None),
        ("yes I can come but not before 10", Meaning.WORDS, None),
        ("ok", Meaning.WORDS, None),
    ],
)
def test_other_answers(text, meaning, number) -> None:
    assert understand(text) == Understood(meaning, number)


def test_a_long_text_is_read_quickly() -> None:
    """No pattern takes time that grows out of hand with hostile text."""
    import time

    began = time.process_time()
    for piece in ("stop the ", "i want to ", "no quiero mas ", "please ", "1 ", "a" * 50 + " "):
        understand(piece * 10_000)
    assert time.process_time() - began < 1


def test_the_published_words_are_the_legal_ones() -> None:
    assert all(re.fullmatch(r"[a-z ]+", word) for word in LEGAL)
    assert len(LEGAL) == 7
