"""Every page that changes something has a way back, or is one of at most five that say why not."""

from __future__ import annotations

import pytest

from clinics.permissions import allows
from tests.web.conftest import signed_in
from tests.web.test_access import address
from web import urls

PAGES = {pattern.name: pattern for pattern in urls.urlpatterns}
CHANGE_SET = "undo-change"
"""What it does is one change set: taken back as a whole from the line after it, or from the recent changes."""

UNDONE_BY = {
    "set-status": CHANGE_SET,
    "late-visit": CHANGE_SET,
    "book-course": CHANGE_SET,
    "cancel-course": CHANGE_SET,
    "move-visit": CHANGE_SET,
    "place-visit": CHANGE_SET,
    "cancel-visit": CHANGE_SET,
    "miss-visit": CHANGE_SET,
    "undo-change": CHANGE_SET,
    "undo-replacing": CHANGE_SET,
    "take-from-waitlist": CHANGE_SET,
    "offer-from-waitlist": "withdraw-offer",
    "withdraw-offer": "offer-from-waitlist",
    "replacing": "undo-replacing",
    "act-on-unconfirmed": "act-on-unconfirmed",
    "work-on": "work-on",
    "join-waitlist": "leave-waitlist",
    "leave-waitlist": "join-waitlist",
    "finish-desk-task": "reopen-desk-task",
    "reopen-desk-task": "finish-desk-task",
    "pause-messages": "lift-pause",
    "lift-pause": "pause-messages",
    "edit-patient": "edit-patient",
    "assess": "assess",
    "decide-course": CHANGE_SET,
    "fulfil-gate": "withdraw-gate",
    "withdraw-gate": "fulfil-gate",
    "calendar-subscribe": "calendar-end",
    "calendar-end": "calendar-subscribe",
    "handed": CHANGE_SET,
    "tick-visit": "untick-visit",
    "untick-visit": "tick-visit",
    "leave-visit": "untick-visit",
    "edit-mail-text": "edit-mail-text",
    "setup-add-resource": "setup-switch",
    "setup-resource": "setup-resource",
    "setup-resource-hours": "setup-resource-hours",
    "setup-away": "setup-remove-away",
    "setup-remove-away": "setup-away",
    "setup-switch": "setup-switch",
    "setup-hours": "setup-hours",
    "setup-day": "setup-clear-day",
    "setup-clear-day": "setup-day",
    "setup-change-reminders": "setup-change-reminders",
    "setup-care": "setup-care",
    "setup-add-account": "setup-switch-account",
    "setup-account": "setup-account",
    "setup-switch-account": "setup-switch-account",
    "edit-text": "edit-text",
    "display": "display",
    "release-hold": "book-course",
}
"""What changes something, and what takes it back; the same page where it can be set to what it was."""
EXCEPTIONS = {
    "register-patient": "A record of a person is not removed; two of one person are merged.",
    "act-on-message": "What was sent is said; holding back and letting go undo each other.",
    "merge-patients": "Asked about on a page of its own, with the numbers; both clinic numbers are found afterwards.",
    "alert": "That somebody saw an alert is a fact with name and time.",
    "add-note": "Notes are facts; another note corrects them.",
}
READS = {"alike-patients", "replace-visits", "lock"}
"""Take a form to look something up, to work something out, or to lock the screen; nobody's visit changes."""


@pytest.mark.django_db
def test_every_page_that_takes_forms_says_how_it_is_undone(site, flora, clara, mona):
    takes_forms = set()
    for name, page in PAGES.items():
        user = next(user for user in (flora, clara, mona) if allows(user, page.callback.permission))
        if signed_in(user).post(address(page)).status_code != 405:
            takes_forms.add(name)
    assert takes_forms == {*UNDONE_BY, *EXCEPTIONS, *READS}


def test_ways_back_are_pages_and_exceptions_are_few():
    for back in UNDONE_BY.values():
        assert back in {CHANGE_SET, *PAGES}, back
    assert len(EXCEPTIONS) <= 5
    assert not set(UNDONE_BY) & set(EXCEPTIONS)
