"""Mail to staff: plain text, no copy kept."""

import structlog
from django.conf import settings
from django.core.mail import send_mail

log = structlog.get_logger(__name__)


def mail(*, subject: str, body: str, to: str) -> bool:
    """Whether the mail server took it; why not is logged. No transaction is open."""
    # imported here: keeps start-up light (requests)
    from anymail.exceptions import AnymailError

    try:
        send_mail(subject=subject, message=body, from_email=settings.DEFAULT_FROM_EMAIL, recipient_list=[to])
    except (OSError, AnymailError) as failure:
        log.warning("mail_to_staff_not_sent", failure=type(failure).__name__)
        return False
    return True
