"""``manage.py reminders``: why messages went or did not, rows that are wrong, and holding messages back."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from clinics.models import Site, User
from core.errors import DomainError
from notifications.actions import messages as message_actions
from notifications.actions import pauses as pause_actions
from notifications.actions import sweeps
from notifications.engine.states import Channel, Step
from notifications.models import Message, Pause
from notifications.queries import explanations, forms, gaps, policies
from notifications.queries.database_clock import database_now
from scheduler.models import Appointment


class Command(BaseCommand):
    """See the module's docstring."""

    help = "Explain, check, hold back and let go reminders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb, and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        explain = verbs.add_parser("explain", help="say why each message about a visit did or did not go")
        explain.add_argument("appointment", help="the appointment's id")
        check = verbs.add_parser("gaps", help="compare the rows of all coming visits with what they should be")
        check.add_argument("--repair", action="store_true", help="write, retime and withdraw what is wrong")
        hold = verbs.add_parser("pause", help="hold messages back: everything, or what fits the options")
        hold.add_argument("--site", help="a site's code")
        hold.add_argument("--channel", choices=Channel.values())
        hold.add_argument("--step", choices=Step.values())
        hold.add_argument("--reason", default="")
        resume = verbs.add_parser("resume", help="let go what is held back: everything, or one pause")
        resume.add_argument("pause", nargs="?", help="a pause's id, as `reminders pauses` shows it")
        verbs.add_parser("pauses", help="list what is held back")
        verbs.add_parser("people", help="list the messages nothing happens to unless a person acts")
        handled = verbs.add_parser("handled", help="take messages off that list")
        handled.add_argument("message", nargs="+", help="a message's id")
        handled.add_argument("--note", default="", help="what was done; nothing clinical")

    def handle(self, **options: Any) -> None:
        """Does what the verb says."""
        getattr(self, f"_{options['verb']}")(options)

    def _explain(self, options: dict[str, Any]) -> None:
        try:
            appointment = Appointment.objects.select_related("patient__site").get(pk=options["appointment"])
        except (Appointment.DoesNotExist, ValidationError) as failure:
            raise CommandError("There is no appointment of this id.") from failure
        self.stdout.write("\n".join(explanations.explain(appointment, now=database_now())))

    def _gaps(self, options: dict[str, Any]) -> None:
        now = database_now()
        if options["repair"]:
            done = sweeps.sweep(by=User.objects.service(), afresh=True, seconds=float("inf")).gaps
            self.stdout.write(f"{done.written} written, {done.retimed} retimed, {done.withdrawn} withdrawn")
            self.stdout.write(f"{done.stranded} taken back though the visit stands: tell these patients yourself")
            return
        wrong = 0
        for page in gaps.pages(now=now):
            found = gaps.compare(page, now=now)
            lines = [(row.appointment_id, f"{row.step} by {row.channel} is missing") for row in found.missing]
            lines += [
                (each.message.appointment_id, f"{each.message.step} waits for the wrong time")
                for each in found.mistimed
            ]
            lines += [
                (row.appointment_id, f"{row.step} was taken back though the visit stands") for row in found.stranded
            ]
            lines += [
                (row.appointment_id or row.pk, f"{row.step} waits though the clinic sends none")
                for row in found.unwanted
            ]
            lines += [
                (each.message.pk, f"{each.message.step} is missing or not as its visits are") for each in found.weeks
            ]
            lines += [
                (key, f"this message waits though its visit was {reason}")
                for reason, keys in found.void.items()
                for key in keys
            ]
            wrong += self._told(lines)
        for courses in forms.pages():
            differing = forms.compare(courses, now=now, policy=policies.in_force())
            wrong += self._told(
                [(each.visits[0].pk, "the form message is missing or not as its forms are") for each in differing.ready]
                + [(row.pk, "this form message waits for no form") for row in differing.unwanted]
            )
        self.stdout.write(f"{wrong} differences" if wrong else "every row is as it should be")

    def _told(self, lines: Sequence[tuple[UUID | None, str]]) -> int:
        for key, text in lines:
            self.stdout.write(f"{key}: {text}")
        return len(lines)

    def _pause(self, options: dict[str, Any]) -> None:
        site = None
        if options["site"]:
            site = Site.objects.filter(code=options["site"]).first()
            if site is None:
                raise CommandError("There is no site of this code.")
        made = pause_actions.pause(
            by=User.objects.service(),
            now=database_now(),
            site=site,
            channel=Channel(options["channel"]) if options["channel"] else None,
            step=Step(options["step"]) if options["step"] else None,
            reason=options["reason"],
        )
        self.stdout.write(f"Held back: {made}")

    def _resume(self, options: dict[str, Any]) -> None:
        held = Pause.objects.in_force()
        if options["pause"]:
            try:
                held = held.filter(pk=UUID(options["pause"]))
            except ValueError as failure:
                raise CommandError("A pause's id looks like those `reminders pauses` shows.") from failure
        found = list(held.select_related("site").order_by("since"))
        if not found:
            raise CommandError("Nothing of the kind is held back.")
        for pause in found:
            pause_actions.lift(pause=pause, by=User.objects.service(), now=database_now())
            self.stdout.write(f"Let go: {pause}")

    def _pauses(self, _options: dict[str, Any]) -> None:
        for pause in Pause.objects.in_force().select_related("site").order_by("since"):
            said = f": {pause.reason}" if pause.reason else ""
            self.stdout.write(
                f"{pause.pk}  {pause} since {pause.since:%Y-%m-%d %H:%M} UTC, {pause.get_cause_display()}{said}"
            )

    def _people(self, _options: dict[str, Any]) -> None:
        for row in Message.objects.for_people().order_by("due_at", "pk"):
            why = f": {row.get_reason_display()}" if row.reason else ""
            self.stdout.write(
                f"{row.pk}  {row.get_step_display()}, {row.get_channel_display()}, due {row.due_at:%Y-%m-%d %H:%M} UTC,"
                f" {row.get_state_display()}{why}"
            )

    def _handled(self, options: dict[str, Any]) -> None:
        for key in options["message"]:
            try:
                message = Message.objects.get(pk=key)
                message_actions.mark_handled(message=message, by=User.objects.service(), note=options["note"])
            except (Message.DoesNotExist, ValidationError) as failure:
                raise CommandError(f"There is no message {key}.") from failure
            except DomainError as failure:
                raise CommandError(f"{key}: {failure.message}") from failure
