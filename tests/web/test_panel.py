"""The list of running courses: off track first, why in words, filters, and the same as a table."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from core import clock
from tests.factories.clinics import PatientFactory
from tests.treatments.documents import series as document
from tests.web.conftest import signed_in
from tests.web.test_progress import MEASURES, phq, text
from treatments.actions import assessments, courses, protocols
from treatments.models import Course

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(mona):
    return protocols.publish(document=document(assessments=MEASURES), by=mona, now=clock.now())


@pytest.fixture
def booked(clinic, site, version, flora):
    def booked(name: str) -> Course:
        now = clock.now()
        return courses.book(
            protocol_version=version,
            site=site,
            patient=PatientFactory(site=site, given_name=name, family_name="Example"),
            start_on=clock.local(now, site.zone).date() + timedelta(days=1),
            wishes={},
            by=flora,
            now=now,
        ).course

    return booked


def take(course, by, total, **answers):
    given = phq(total) | {int(key[1:]): value for key, value in answers.items()}
    assessments.record(course=course, measure="phq9", answers=given, by=by, now=clock.now())


def test_off_track_comes_first_and_says_why(booked, clara, nora):
    calm, worrying = booked("Ana"), booked("Zoe")
    take(calm, nora, 12)
    take(worrying, nora, 20, n9=2)
    shown = text(signed_in(clara).get(reverse("panel")))
    assert "1 of 2 courses need somebody." in shown
    assert shown.index("Zoe") < shown.index("Ana")
    assert "An answer nobody has acknowledged" in shown
    assert "12 on" in shown


def test_filters_narrow_and_can_be_left(booked, clara, nora):
    mine, other = booked("Ana"), booked("Zoe")
    Course.objects.filter(pk=mine.pk).update(clinician=clara)
    take(other, nora, 20, n9=2)
    clinician = signed_in(clara)
    only_mine = text(clinician.get(reverse("panel"), {"mine": "1"}))
    assert "Ana" in only_mine
    assert "Zoe" not in only_mine
    only_off = text(clinician.get(reverse("panel"), {"off": "1"}))
    assert "Zoe" in only_off
    assert "Ana" not in only_off
    nothing = text(clinician.get(reverse("panel"), {"off": "1", "mine": "1"}))
    assert "No course fits these filters. Show all 1" in nothing


def test_an_empty_clinic_says_so(clinic, clara):
    assert "No course is running." in text(signed_in(clara).get(reverse("panel")))


def test_the_table_says_the_same_and_no_cell_is_a_formula(booked, clara, nora):
    take(booked("=cmd|' /C calc'!A0"), nora, 12)
    answer = signed_in(clara).get(reverse("panel"), {"as": "csv"})
    [head, row] = csv.reader(io.StringIO(answer.content.decode()))
    assert head == ["patient", "protocol", "state", "off track", "scores"]
    assert row[0].startswith("'=")
    assert "PHQ-9: 12 on" in row[4]


def test_not_for_the_front_desk(booked, flora, mona):
    booked("Ana")
    for user in (flora, mona):
        assert signed_in(user).get(reverse("panel")).status_code == 403


def test_the_number_of_queries_does_not_grow(booked, clara, nora, django_assert_max_num_queries):
    clinician = signed_in(clara)
    take(booked("Ana"), nora, 12)
    clinician.get(reverse("panel"))
    with django_assert_max_num_queries(12):
        clinician.get(reverse("panel"))
    for name in ("Bea", "Cleo"):
        take(booked(name), nora, 12)
    with django_assert_max_num_queries(12):
        clinician.get(reverse("panel"))
