"""The policy of reminders: what one patient gets around one visit, in which words; and changing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import DomainError, Stale
from notifications.actions import policies as actions
from notifications.actions.policies import Effect
from notifications.engine.ladder import Policy
from notifications.queries import policies
from web import ladders, sites, words
from web.access import StaffRequest
from web.forms.messages import PolicyForm
from web.numbers import version_of


@require_GET
def policy(request: StaffRequest) -> HttpResponse:
    """The ladder around one example visit, booked ``?lead=`` days ahead, with the words in every language."""
    return _page(request, policies.in_force())


@require_POST
def change(request: StaffRequest) -> HttpResponse:
    """Shows what other times would change, mails the words to whoever asks, or puts the times in force."""
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _page(request, policies.in_force(), form=form, status=422)
    wanted, now = form.policy, clock.now()
    pressed, effect = request.POST.get("do", ""), None
    try:
        if pressed == "publish":
            done = actions.publish(policy=wanted, version=version_of(request), by=request.user, now=now)
            messages.success(request, f"In force. {_told(done, done=True)}")
            return redirect("setup-reminders")
        if pressed == "test":
            site = sites.of(request).chosen
            starts_at, ends_at = ladders.example_times(site, lead_days=int(_lead(request)), now=now)
            address = actions.send_test(policy=wanted, site=site, starts_at=starts_at, ends_at=ends_at, by=request.user)
            messages.success(request, f"A test is on its way to {address}. Nothing was changed.")
        else:
            effect = actions.effect(policy=wanted, by=request.user, now=now)
    except Stale as error:
        messages.error(request, error.message)
        return redirect("setup-reminders")
    except DomainError as error:
        form.take(error)
        return _page(request, policies.in_force(), form=form, status=422)
    return _page(request, wanted, form=form, effect=effect)


def _lead(request: StaffRequest) -> str:
    asked = request.POST.get("lead") or request.GET.get("lead", "")
    return asked if asked in ladders.LEADS else next(iter(ladders.LEADS))


def _page(
    request: StaffRequest,
    shown: Policy,
    *,
    form: PolicyForm | None = None,
    effect: Effect | None = None,
    status: int = 200,
) -> HttpResponse:
    at, lead, edition = sites.of(request), _lead(request), policies.newest()
    context = {
        "section": "setup",
        "sites": at,
        "site": at.chosen,
        "leads": ladders.LEADS,
        "lead": lead,
        "ladder": ladders.example(at.chosen, lead_days=int(lead), now=clock.now(), policy=shown),
        "form": form or PolicyForm.of(edition.policy if edition else shown),
        "version": version_of(request) if form else (edition.version if edition else 0),
        "edition": edition,
        "effect": _told(effect) if effect else "",
        "is_tried": form is not None and status == 200,
    }
    return render(request, "web/setup/reminders.html", context, status=status)


def _told(effect: Effect, *, done: bool = False) -> str:
    """Such as "12 messages come, 3 get another time, 40 are taken away."."""
    parts = [
        (effect.written, "come" if effect.written != 1 else "comes"),
        (effect.retimed, "get another time" if effect.retimed != 1 else "gets another time"),
        (effect.withdrawn, "are taken away" if effect.withdrawn != 1 else "is taken away"),
    ]
    said = ", ".join(f"{words.count(number, 'message')} {what}" for number, what in parts if number)
    first = f"{said}." if said else "Nothing that is waiting changes."
    if effect.complete:
        return first
    rest = "The rest follows in the next minutes." if done else "There was no time to count all; there may be more."
    return f"{first} {rest}"
