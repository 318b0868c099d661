"""A patient's browser for the tests of their pages."""

import html
import re
from datetime import timedelta

from django.test import Client

from clinics.models import Patient
from core import clock
from notifications.models import Link
from notifications.models.link import Purpose


class Phone(Client):
    """A browser that goes where the address of a link leads."""

    def get(self, path, *args, **more):
        answer = super().get(path, *args, **more)
        while answer.status_code == 302:
            answer = super().get(answer["Location"], *args, **more)
        return answer


def link_of(patient: Patient) -> Link:
    """A link to all of their visits."""
    return Link.issue(purpose=Purpose.PLAN, patient=patient, now=clock.now(), lifetime=timedelta(days=60))


def born(patient: Patient) -> dict[str, str]:
    """What the birth date form sends."""
    on = patient.birth_on
    return {"day": str(on.day), "month": str(on.month), "year": str(on.year)}


def known(link: Link) -> Phone:
    """A browser in which the birth date was given."""
    client = Phone()
    answer = client.post(f"/v/{link.token}/birth", born(link.patient))
    assert (answer.status_code, answer["Location"]) == (303, f"/v/{link.token}#ready")
    return client


def text_of(response) -> str:
    """What a page says, without its marks."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))
