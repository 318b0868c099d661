"""A visit that waits and the later ones with it; one that was only marked as missed."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine

from tests.web.conftest import signed_in
from tests.web.test_courses import at, local, visit

pytestmark = pytest.mark.django_db


def test_a_visit_waits_and_the_later_ones_with_it(desk, course, hidden):
    infusion = visit(course, "infusions.2")
    before = {each.key: local(each) for each in course.visits.select_related("appointment")}
    asked = at(local(infusion) + timedelta(days=7), "10:00")
    assert "scope=later" not in desk.get(f"/visits/{infusion.pk}/move", at(local(infusion), "16:00")).content.decode()
    page = desk.get(f"/visits/{infusion.pk}/move", asked).content.decode()
    assert "This and the later ones, 7 days on: 4 visits" in page
    page = desk.get(f"/visits/{infusion.pk}/move", asked | {"scope": "later"}).content.decode()
    assert "Infusion 2 waits until" in page
    assert "Move 4 visits and send 1 message" in page
    names = ("digest", "seen", "key", "version", "scope", "on", "at")
    form = {name: unescape(hidden(page, name)) for name in names}
    answer = desk.post(f"/visits/{infusion.pk}/move", form, follow=True)
    assert "Infusion 2 and what comes after it: 4 visits are moved." in answer.content.decode()
    waited = {each.key: (local(each).date() - before[each.key].date()).days for each in course.visits.all()}
    assert (waited.pop("infusions.1"), waited.pop("talks.1"), set(waited.values())) == (0, 0, {7})


def test_who_waits_longer_than_there_is_is_told_so(desk, course):
    infusion = visit(course, "infusions.2")
    answer = desk.get(f"/visits/{infusion.pk}/move", at(local(infusion) + timedelta(days=400), "10:00", scope="later"))
    assert answer.status_code in (409, 422)
    assert "days" in answer.content.decode()


def test_marked_as_missed_on_the_board_it_still_says_what_follows(flora, course, hidden):
    infusion = visit(course, "infusions.1")
    with time_machine.travel(infusion.appointment.ends_at):
        desk = signed_in(flora)
        beside = f"/?visit={infusion.appointment_id}"
        path = f"/visits/{infusion.pk}/missed"
        assert f'href="{path}">Did not come…' in desk.get(beside).content.decode()
        desk.post(f"/appointments/{infusion.appointment_id}/status", {"status": "missed", "version": 1})
        assert f'href="{path}">What follows for the course…' in desk.get(beside).content.decode()
        assert f'href="{path}">What follows…' in desk.get(f"/courses/{course.pk}/").content.decode()
        assert "data-main></button>" not in desk.get(path).content.decode()
        page = desk.get(path, {"then": "append"}).content.decode()
        assert "ook 1 visit" in page
        form = {"then": "append"} | {name: hidden(page, name) for name in ("digest", "key", "version")}
        page = desk.post(path, form, follow=True).content.decode()
        assert "is marked as missed" in page
        assert "What follows…" not in page
