"""Who signs in, in which role, and who does not any more."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.actions import staff
from clinics.models import Role, User
from clinics.permissions import MATRIX
from core import clock
from core.errors import DomainError, NotFound
from scheduler.actions import resources
from scheduler.models import Resource
from web import accounts
from web.access import StaffRequest
from web.forms.setup import AccountForm
from web.views.setup.weighing import accepts, weighed


@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Every account, those switched off last, and what each role may do."""
    users = User.objects.exclude(role=Role.SERVICE).select_related("resource").order_by("-is_active", "name", "id")
    roles = [role for role in Role if role in staff.SIGN_IN_ROLES]
    matrix = [
        (str(permission).replace("_", " ").capitalize(), [role in MATRIX[permission] for role in roles])
        for permission in MATRIX
        if MATRIX[permission]
    ]
    context = {"section": "setup", "users": users, "roles": roles, "matrix": matrix}
    return render(request, "web/setup/staff.html", context)


@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """The form for a new account. Whoever gets it chooses a password by mail."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = staff.add(by=request.user, **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            _invited(request, made)
            return redirect("setup-staff")
    return render(
        request, "web/setup/account.html", {"section": "setup", "form": form}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
def account(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """The form for name and role of an account."""
    found = _user(user_id)
    form = AccountForm(request.POST if request.method == "POST" else None, of=found)
    if form.is_valid():
        try:
            staff.edit(user=found, by=request.user, **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "Saved.")
            return redirect("setup-staff")
    context = {"section": "setup", "form": form, "account": found, "own": found == request.user}
    return render(request, "web/setup/account.html", context, status=422 if form.errors else 200)


@require_POST
def switch(request: StaffRequest, user_id: UUID) -> HttpResponse:
    """Switches an account off or on, or mails the link for the password once more."""
    found = _user(user_id)
    pressed = request.POST.get("do", "")
    if pressed == "invite":
        _invited(request, found)
    elif pressed == "on":
        staff.switch_on(user=found, by=request.user)
        messages.success(request, f"{found.name} can sign in again.")
    else:
        own = Resource.objects.filter(user=found).select_related("site").first()

        def off() -> object:
            return resources.switch_off_account(
                user=found, by=request.user, now=clock.now(), accept_consequences=accepts(request)
            )

        if own is None:
            off()
        elif page := weighed(request, off, site=own.site, back=reverse("setup-account", args=[found.pk])):
            return page
        messages.success(request, f"{found.name} cannot sign in any more.")
    return redirect("setup-staff")


def _user(user_id: UUID) -> User:
    found = User.objects.exclude(role=Role.SERVICE).filter(pk=user_id).first()
    if found is None:
        raise NotFound("There is no such account.")
    return found


def _invited(request: StaffRequest, user: User) -> None:
    if accounts.invite(request, user):
        messages.success(request, f"{user.name} gets an e-mail with a link to choose a password.")
    else:
        messages.warning(
            request, f"{user.name} is here, but the e-mail could not be sent. The sign-in page sends one on request."
        )
