"""Crisis contacts per site or country, and who carries out decisions: by plain forms, kept for the audit. The measures there are."""

import html
import re

import pytest

from core import clock
from tests.factories.clinics import SiteFactory
from tests.treatments.documents import series as document
from tests.web.conftest import signed_in
from treatments.actions import protocols
from treatments.measures.catalogue import INSTRUMENTS
from treatments.models import CrisisContact
from treatments.protocols.policies import Moment
from web import measure_pages

pytestmark = pytest.mark.django_db
URL = "/setup/care/"


def lines(site):
    return list(CrisisContact.objects.filter(site=site).order_by("position").values_list("name", "phone"))


def send(client, *pairs, site, **more):
    form = {"do": "lines", "site": site.code, **more}
    for number, (name, phone) in enumerate(pairs):
        form |= {f"name_{number}": name, f"phone_{number}": phone}
    return client.post(URL, form)


def test_a_site_has_its_own_list(site, mona, desk, clara):
    manager = signed_in(mona)
    assert "988 Lifeline, call or text (988)" in manager.get(URL).content.decode()
    assert send(manager, ("Crisis house", "+1 212 555 0101"), ("", ""), ("988", "988"), site=site).status_code == 302
    assert lines(site) == [("Crisis house", "+1 212 555 0101"), ("988", "988")]
    assert 'value="Crisis house"' in manager.get(URL).content.decode()
    for wrong, said in (
        (("", "988"), "Say who answers"),
        (("Line", "call us"), "Enter a number as people dial it"),
        (("Line", ""), "Enter a number as people dial it"),
        (("x" * 101, "988"), "at most 100"),
    ):
        answer = send(manager, ("Kept", "988"), wrong, site=site)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert len(lines(site)) == 2, "nothing half written"
    send(manager, site=site)
    assert lines(site) == []
    for client in (desk, signed_in(clara)):
        assert send(client, ("Mine", "988"), site=site).status_code == 403


def test_one_list_for_a_country(site, mona):
    near = SiteFactory(code="near", name="Near", country=site.country)
    far = SiteFactory(code="far", name="Far", country="ES" if site.country != "ES" else "US")
    send(signed_in(mona), ("Line", "988"), site=site, whole_country="on")
    assert [lines(each) for each in (site, near, far)] == [[("Line", "988")], [("Line", "988")], []]


def test_who_carries_out_decisions(site, mona):
    manager = signed_in(mona)
    assert manager.post(URL, {"do": "decisions", "carries_out": "nobody"}).status_code == 422
    manager.post(URL, {"do": "decisions", "carries_out": "desk"})
    site.refresh_from_db()
    assert site.desk_carries_out


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ({"before": "infusions.first", "max_days": 14}, "within 14 days before the first of the infusions"),
        ({"during": "pain_talks", "every_days": 7}, "every 7 days during the pain talks"),
        ({"after": "infusions.last", "min_days": 1, "max_days": 7}, "1 to 7 days after the last of the infusions"),
        ({"after": "infusions.3", "ideal_days": 28}, "28 days after number 3 of the infusions"),
        ({"after": "infusions.each", "min_hours": 0, "max_hours": 2}, "within 2 hours after each of the infusions"),
        ({"after": "infusions.last", "min_hours": 24}, "24 to 48 hours after the last of the infusions"),
        ({"before": "infusions.each"}, "on the day, before each of the infusions"),
        ({"before": "infusions.each", "min_days": 1, "max_days": 1}, "1 day before each of the infusions"),
    ],
)
def test_when_a_measure_is_taken_in_words(moment, said):
    assert measure_pages.moment(Moment(**moment, source="T")) == said


def test_measures_say_their_limits_sources_licences_and_protocols(site, mona, desk, django_assert_max_num_queries):
    moments = [{"before": "infusions.first", "max_days": 14, "source": ["T", "clinician"]}]
    asked = [
        {"measure": name, "title": title, "filled_by": who, "moments": moments, "source": "T"}
        for name, title, who in (("phq9", "PHQ", "patient"), ("registry", "Registry form", "clinician"))
    ]
    protocols.publish(document=document(assessments=asked), by=mona, now=clock.now())
    with django_assert_max_num_queries(5):
        answer = desk.get("/setup/measures/")
    page = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))
    for each in INSTRUMENTS.values():
        assert f" {each.title} " in page
        assert each.licence in page
        assert [source for source in each.sources if source not in page] == []
    phq9 = page.partition(" PHQ-9 ")[2].partition(" GAD-7 Anxiety")[0]
    for said in (
        "The last 14 days",
        "0 to 27, lower is better: minimal from 0, mild from 5, moderate from 10, moderately severe from 15 and severe from 20",
        "Response 50 % below the first score",
        "Remission 4 or less",
        "Noticed from a change of 5 points",
        "Any answer above 0 to question 9",
        "1 protocol takes it",
        "Within 14 days before the first of the infusions Made for tests; The clinician who set it",
    ):
        assert said in phq9, phq9
    assert "No protocol takes it" in page.partition(" GAD-7 Anxiety")[2]
    assert "It is recorded that it was done" in page.partition(" Registry form ")[2].replace("None: it is", "It is")
    assert "After 30 minutes" in page
