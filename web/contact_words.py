"""The words around how patients are written to, and around links that ended, in every language they are written to in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContactWords:
    """One language. Those with ``{…}`` are filled by ``str.format`` with our own values only."""

    title: str
    texts: str
    texts_on: str
    texts_off: str
    stop_texts: str
    start_texts: str
    email: str
    email_on: str
    email_off: str
    stop_email: str
    start_email: str
    none_left: str
    language: str
    language_why: str
    calendar: str
    calendar_why: str
    subscribe: str
    subscribed: str
    unsubscribe: str
    kept: str
    not_kept: str
    back: str


@dataclass(frozen=True, slots=True)
class EndedWords:
    """One language of the page of a link that ended."""

    title: str
    why: str
    closed: str
    closed_why: str
    offer_phone: str
    offer_email: str
    send: str
    sent: str
    wait: str
    call: str


WORDS = {
    "en": ContactWords(
        title="How we write to you",
        texts="Text messages",
        texts_on="You get text messages from us on the phone that ends in {end}.",
        texts_off="You get no text messages from us.",
        stop_texts="Send me no more texts",
        start_texts="Send me texts again",
        email="E-mail",
        email_on="You get e-mails from us.",
        email_off="You get no e-mails from us.",
        stop_email="Send me no more e-mails",
        start_email="Send me e-mails again",
        none_left="We can no longer remind you of your visits. They stay booked.",
        language="Language",
        language_why="The language of our messages and of these pages.",
        calendar="Your calendar",
        calendar_why="An address for your calendar program. It then follows every change by itself.",
        subscribe="Give me an address for my calendar",
        subscribed="Give your calendar program this address. It then follows every change. Keep it to yourself.",
        unsubscribe="End this address",
        kept="This is noted.",
        not_kept="This could not be noted. Please look at it as it is now.",
        back="Back to my visits",
    ),
    "es": ContactWords(
        title="Cómo le escribimos",
        texts="Mensajes de texto",
        texts_on="Recibe nuestros mensajes en el teléfono que acaba en {end}.",
        texts_off="No recibe mensajes de texto nuestros.",
        stop_texts="No quiero más mensajes de texto",
        start_texts="Quiero recibir mensajes de texto",
        email="Correo electrónico",
        email_on="Recibe nuestros correos.",
        email_off="No recibe correos nuestros.",
        stop_email="No quiero más correos",
        start_email="Quiero recibir correos",
        none_left="Ya no podemos recordarle sus citas. Siguen reservadas.",
        language="Idioma",
        language_why="El idioma de nuestros mensajes y de estas páginas.",
        calendar="Su calendario",
        calendar_why="Una dirección para su calendario: seguirá todos los cambios por sí mismo.",
        subscribe="Quiero una dirección para mi calendario",
        subscribed="Dé esta dirección a su calendario: seguirá todos los cambios. No la comparta.",
        unsubscribe="Anular esta dirección",
        kept="Queda anotado.",
        not_kept="No se ha podido anotar. Revise cómo está ahora, por favor.",
        back="Volver a mis citas",
    ),
}
ENDED = {
    "en": EndedWords(
        title="This link has ended",
        why="It was too old, or was replaced. Call the clinic, and we send you a new one.",
        closed="This page has closed",
        closed_why="It closes after some hours. Open the link in our message again, or call the clinic.",
        offer_phone="We can send a new one to the phone that ends in {end}.",
        offer_email="We can send a new one to the e-mail address we have of you.",
        send="Send me a new link",
        sent="If there are visits to come, a new link is on its way to you.",
        wait="A link was sent not long ago. Wait some minutes, or call us.",
        call="Or call {phone}.",
    ),
    "es": EndedWords(
        title="Este enlace ya no sirve",
        why="Era antiguo o se cambió. Llame a la clínica y le enviamos otro.",
        closed="Esta página se ha cerrado",
        closed_why="Se cierra al cabo de unas horas. Vuelva a abrir el enlace de nuestro mensaje o llame a la clínica.",
        offer_phone="Podemos enviarle otro al teléfono que acaba en {end}.",
        offer_email="Podemos enviarle otro al correo electrónico que tenemos de usted.",
        send="Envíenme un enlace nuevo",
        sent="Si tiene citas por venir, ya va de camino un enlace nuevo.",
        wait="Hace poco se envió un enlace. Espere unos minutos o llámenos.",
        call="O llame al {phone}.",
    ),
}
"""Without an offer shown in every language, as nobody knows whose link it was."""
