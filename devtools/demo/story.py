"""Shows the clinic at work: one course booked over the API, and its messages arriving in the mail sink."""

import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests
from django.db import connection
from rich.console import Console
from rich.table import Table

from clinics.actions import tokens
from clinics.models import Patient, Site, User
from clinics.models.token import Scope
from core import clock
from devtools.demo import people, week
from devtools.demo.clinic import CODE, ZONE
from devtools.local.supervisor import Supervisor
from devtools.phone_network import ledger
from devtools.phone_network.ledger import Text
from notifications.actions import messages as message_actions
from notifications.engine.states import Channel, State, Step
from notifications.engine.visit_numbers import number_of
from notifications.models import Message
from notifications.queries import messages as message_queries
from scheduler.models import Appointment

PROTOCOL = "iv-ketamine-depression-twice-weekly"
VISITS = 14
"""Six infusions and eight follow-ups."""
PATIENCE = 90.0
"""Seconds to wait for a message; it usually takes five to fifteen."""
ROLES = ("chair", "room")


@dataclass
class Story:
    """What the telling needs, and what went wrong in it."""

    address: str
    sink: Path
    supervisor: Supervisor
    console: Console = field(default_factory=lambda: Console(highlight=False, width=118))
    failures: list[str] = field(default_factory=list)
    http: requests.Session = field(default_factory=requests.Session)

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Notes a failure unless it holds."""
        if not holds:
            self.failures.append(otherwise)
        return holds

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """One request to the API; the reply's JSON.

        Raises ``requests.HTTPError`` with the API's own words.
        """
        answer = self.http.request(method, f"{self.address}/api/v1/{path}", timeout=30, **options)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return answer.json()

    def waited(self, condition: Callable[[], Any]) -> Any:
        """What ``condition`` gives once it is true, or the last of it when patience ends."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()) and time.monotonic() < deadline:
            self.supervisor.check()
            time.sleep(0.2)
        return found


def tell(*, address: str, sink: Path, supervisor: Supervisor) -> list[str]:
    """Books a course for a new patient and watches what follows. Gives what was not as it should be."""
    story = Story(address, sink, supervisor)
    try:
        patient = book_over_the_api(story)
        show_messages(story, patient)
        show_texts(story, patient)
        show_failure(story)
    except requests.RequestException as error:
        story.failures.append(str(error))
    finally:
        connection.close()
    return story.failures


def book_over_the_api(story: Story) -> Patient:
    """Find the protocol, propose, look, book: what a client of the API does."""
    desk = User.objects.get(email=f"desk@{people.DOMAIN}")
    _, secret = tokens.issue(
        user=desk,
        by=User.objects.service(),
        name="Demo",
        scopes=[Scope.WRITE],
        days=1,
        now=clock.now(),
    )
    story.http.headers["Authorization"] = f"Bearer {secret}"
    [site] = story.ask("GET", "sites/")["results"]
    [protocol] = story.ask("GET", "protocols/", params={"code": PROTOCOL})["results"]
    patient = story.ask("POST", "patients/", json=_newcomer(site["id"]), headers=_once())
    tomorrow = clock.local(clock.now(), ZONE).date() + timedelta(days=1)
    wanted = {
        "protocol_version": protocol["current_version"],
        "site": site["id"],
        "start_on": tomorrow.isoformat(),
        "wishes": {"not_after": "15:30"},
        "patient": patient["id"],
    }
    story.console.print(f"\n[bold]Booking {protocol['title']} for {patient['given_name']} {patient['family_name']}[/]")
    began = time.monotonic()
    plan = story.ask("POST", "courses/propose", json=wanted)
    proposed = time.monotonic() - began
    story.expect(plan["complete"], "the plan is not complete")
    story.expect(len(plan["visits"]) == VISITS, f"the plan has {len(plan['visits'])} visits, not {VISITS}")
    chosen = [
        {
            "key": visit["key"],
            "starts_at": visit["starts_at"],
            "resources": {resource["role"]: resource["id"] for resource in visit["resources"]},
        }
        for visit in plan["visits"]
        if visit["starts_at"]
    ]
    began = time.monotonic()
    course = story.ask("POST", "courses/", json={**wanted, "visits": chosen, "partial": True}, headers=_once())
    booked = time.monotonic() - began
    story.console.print(_table(plan))
    story.console.print(f"Proposed in {proposed * 1000:.0f} ms, booked in {booked * 1000:.0f} ms, in one transaction.")
    statuses = {visit["status"] for visit in course["visits"]}
    story.expect(statuses == {"booked"}, f"the booked course has visits that are {', '.join(sorted(statuses))}")
    return Patient.objects.get(pk=patient["id"])


def show_messages(story: Story, patient: Patient) -> None:
    """The rows the booking wrote, then the plan message and tomorrow's reminder as they arrive."""
    rows = [row for row in message_queries.of_patient(patient) if row.channel == Channel.EMAIL]
    table = Table(title="Messages written in the booking's transaction", title_justify="left")
    for heading in ("Goes out", "Message", "Channel", "State"):
        table.add_column(heading)
    for row in rows[:8]:
        table.add_row(
            _when(row.due_at), str(row.get_step_display()), str(row.get_channel_display()), str(row.get_state_display())
        )
    if len(rows) > 8:
        table.add_row("…", f"and {len(rows) - 8} more", "", "")
    story.console.print(table)

    plan = _sent(story, rows, Step.PLAN)
    _show(story, patient, plan, "The plan message arrived")

    first = Appointment.objects.filter(patient=patient).order_by("starts_at")[0]
    reminder = message_actions.send_now(
        message=Message.objects.get(appointment=first, step=Step.ONE_DAY, channel=Channel.EMAIL),
        by=User.objects.get(email=f"desk@{people.DOMAIN}"),
        now=clock.now(),
    )
    story.console.print(
        "\nThe desk lets the day-before reminder of the first visit go out now; the worker carries it like any due one."
    )
    _show(story, patient, _sent(story, [reminder], Step.ONE_DAY), "The one-day reminder arrived")


def show_texts(story: Story, patient: Patient) -> None:
    """The plan as a text, then the patient's answer by text: it confirms the visit."""
    texts: list[Text] = story.waited(lambda: _texts(story.sink, patient))
    if not story.expect(bool(texts), "no text message arrived"):
        return
    story.console.print("\n[bold]The plan arrived as a text, too[/]")
    story.console.print(f"  │ {texts[0].body}", markup=False)
    first = Appointment.objects.filter(patient=patient).order_by("starts_at")[0]
    words = f"Yes {number_of(first.pk)}"
    network = os.environ["TWILIO_URL"]
    asked = {"from": str(patient.phone), "text": words}
    reply = requests.post(f"{network}/control/answer", json=asked, timeout=30).json()
    said = re.sub(r"<[^>]+>", "", reply["said"]).strip()
    story.console.print(f'  The patient texts "{words}", and reads at once:', markup=False)
    story.console.print(f"  │ {said}", markup=False)
    first.refresh_from_db()
    story.expect(first.confirmed_at is not None, "the patient's answer did not confirm the visit")


def show_failure(story: Story) -> None:
    """A text that does not arrive stays where a person sees it."""
    requests.post(f"{os.environ['TWILIO_URL']}/control/faults", json={"receipts": ["undelivered"]}, timeout=30)
    waiting = Message.objects.filter(channel=Channel.SMS, state=State.SCHEDULED, appointment__status="booked")
    message = message_actions.send_now(
        message=waiting.filter(appointment__starts_at__gt=clock.now()).order_by("due_at", "id")[0],
        by=User.objects.get(email=f"desk@{people.DOMAIN}"),
        now=clock.now(),
    )
    found = story.waited(lambda: Message.objects.for_people().filter(pk=message.pk).first())
    if story.expect(found is not None, "the text that could not be delivered is not shown to anybody"):
        story.console.print(
            "\n[bold]One text does not reach its phone[/]: it waits on the Messages page for somebody to act."
        )


def _texts(folder: Path, patient: Patient) -> list[Text]:
    return [text for text in ledger.newest(folder) if text.to == str(patient.phone)]


def _sent(story: Story, rows: list[Message], step: Step) -> Message | None:
    wanted = [row.pk for row in rows if row.step == step]
    found: Message | None = story.waited(lambda: Message.objects.filter(pk__in=wanted, state=State.ACCEPTED).first())
    story.expect(found is not None, f"no message of the step {step} was delivered within {PATIENCE:.0f} s")
    return found


def _show(story: Story, patient: Patient, message: Message | None, title: str) -> None:
    if message is None:
        return
    mails: list[EmailMessage] = story.waited(lambda: _mails(story.sink, message))
    if not story.expect(len(mails) == 1, f"{title}: found {len(mails)} copies in the sink instead of 1"):
        return
    [mail] = mails
    story.expect(patient.email in str(mail["To"]), f"{title}, but not addressed to the patient")
    body = mail.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    story.expect(bool(text), f"{title}, but without text")
    story.console.print(f"\n[bold]{title}[/]")
    for name in ("From", "To", "Subject"):
        story.console.print(f"  {name}: {mail[name]}", markup=False)
    story.console.print("\n".join(f"  │ {line}" for line in text.splitlines()), markup=False)
    carried = [line for line in story.supervisor.output("worker") if str(message.pk) in line and "accepted" in line]
    if story.expect(bool(carried), f"{title}, but the Celery worker does not say that it sent it"):
        story.console.print(f"  The worker's own words: {carried[-1]}", markup=False)


def _mails(sink: Path, message: Message) -> list[EmailMessage]:
    found = []
    for path in sink.rglob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if str(message.pk) in str(mail["Message-ID"]):
            found.append(mail)
    return found


def _table(plan: dict[str, Any]) -> Table:
    table = Table(title_justify="left", show_lines=False)
    for heading in ("Visit", "Day", "Time", "Where", "With", "Why there"):
        table.add_column(heading, no_wrap=heading in {"Day", "Time"})
    for visit in plan["visits"]:
        if not visit["local_start"]:
            table.add_row(visit["label"], "no place", "", "", "", " ".join(visit["unplaced"]))
            continue
        starts = datetime.fromisoformat(visit["local_start"])
        ends = starts + timedelta(minutes=visit["minutes"])
        table.add_row(
            visit["label"],
            f"{starts:%a} {starts.day} {starts:%b}",
            f"{starts:%H:%M} to {ends:%H:%M}",
            ", ".join(each["name"] for each in visit["resources"] if each["role"] in ROLES),
            ", ".join(each["name"] for each in visit["resources"] if each["role"] not in ROLES),
            visit["reason"],
        )
    return table


def _newcomer(site: str) -> dict[str, Any]:
    number = Patient.objects.count() + 1
    return {
        "site": site,
        "given_name": people.NEWCOMERS[number % len(people.NEWCOMERS)],
        "family_name": "Okafor-Lindström",
        "birth_on": date(1987, 6, 1 + number % 28).isoformat(),
        "phone": people.phone(number),
        "email": f"patient{number}@{people.DOMAIN}",
        "may_email": True,
        "may_text": True,
    }


def _once() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_urlsafe(16)}


def _when(at: datetime) -> str:
    local = clock.local(at, ZONE)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def farewell(*, address: str) -> None:
    """Where to look and who to sign in as."""
    console = Console(highlight=False, width=118)
    console.print(f"\n[bold]Courseline runs at {address}[/]")
    for account in people.SIGN_INS:
        console.print(f"  {account.what:<11} {account.email:<26} {people.PASSWORD}", markup=False)
    site = Site.objects.get(code=CODE)
    for what, path in week.sights(site, now=clock.now()):
        console.print(f"  {what}: {address}{path}", markup=False)
    console.print(f"  Caught messages: {address}/dev/messages/", markup=False)
    console.print("  Ctrl-C stops everything; the data is kept.\n")
