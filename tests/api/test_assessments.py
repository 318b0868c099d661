"""Measures and alerts by the API: the same words and rules as the pages."""

import pytest

from tests.api.caller import with_session
from tests.factories.treatments import AlertFactory
from treatments.models import Alert, Assessment

pytestmark = pytest.mark.django_db
CALM = {str(number): 1 for number in range(1, 9)} | {"9": 0}


@pytest.fixture
def nurse(nora):
    return with_session(nora)


@pytest.fixture
def clinician(clara):
    return with_session(clara)


def test_recorded_once_with_its_score(nurse, course):
    path = f"courses/{course.pk}/assess"
    answer = nurse.post(path, {"measure": "phq9", "answers": CALM}, key="a")
    assert answer.status_code == 200, answer.content
    [taken] = answer.json()["taken"]
    assert taken["scores"] == [{"scale": "total", "value": 8.0, "band": "mild"}]
    again = nurse.post(path, {"measure": "phq9", "answers": CALM}, key="a")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Assessment.objects.count() == 1


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        (CALM | {"9": 4}, "answers/9"),
        (CALM | {"10": 1}, "answers/10"),
        ({"1": 1}, "answers/2"),
        (CALM | {"nine": 1}, "answers"),
        (CALM | {"٣": 1}, "answers"),
        (CALM | {"1": "x"}, "answers/1"),
        ("none", "answers"),
        ({str(n): 0 for n in range(200)}, "answers"),
    ],
)
def test_wrong_answers_are_a_400_that_names_them(nurse, course, answers, pointer):
    answer = nurse.post(f"courses/{course.pk}/assess", {"measure": "phq9", "answers": answers}, key="a")
    assert answer.status_code == 400, answer.content
    assert pointer in answer.content.decode()
    assert not Assessment.objects.exists()


def test_an_alert_is_listed_and_acknowledged_once(nurse, clinician, course):
    nurse.post(f"courses/{course.pk}/assess", {"measure": "phq9", "answers": CALM | {"9": 2}}, key="a")
    [alert] = clinician.get("alerts/").json()["results"]
    assert (alert["measure"], alert["items"], alert["acknowledged_at"]) == ("phq9", [9], None)
    path = f"alerts/{alert['id']}/acknowledge"
    assert clinician.post(path, {"done": " "}, key="b").status_code == 400
    answer = clinician.post(path, {"done": "Called, safe."}, key="c")
    assert (answer.json()["acknowledged_by"], answer.json()["done"]) == ("Clara Clinician", "Called, safe.")
    assert clinician.post(path, {"done": "Again"}, key="d").status_code == 409
    assert clinician.get("alerts/").json()["results"] == []


def test_answers_of_another_course_cannot_be_replaced(nurse, course):
    other = AlertFactory().assessment
    body = {"measure": "phq9", "answers": CALM, "replaces": str(other.pk)}
    answer = nurse.post(f"courses/{course.pk}/assess", body, key="a")
    assert answer.status_code == 400
    assert "replaces" in answer.content.decode()
    assert Alert.objects.count() == 1
