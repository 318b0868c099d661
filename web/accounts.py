"""How staff sign in: accounts are made by a manager, never by signing up."""

import logging

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from clinics.models import User

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth's pages, with signing up closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up: staff accounts are made by a manager."""
        return False


def invite(request: HttpRequest, user: User) -> bool:
    """Mails a link with which somebody chooses a password; whether the mail went out."""
    form = ResetPasswordForm(data={"email": user.email})
    if not form.is_valid():
        return False
    try:
        form.save(request)
    except OSError:  # the mail server's errors are among them
        logger.exception("an invitation could not be mailed")
        return False
    return True
