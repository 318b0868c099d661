"""Crisis contacts per site or country, and who carries out decisions: by plain forms, kept for the audit."""

import pytest

from tests.factories.clinics import SiteFactory
from tests.web.conftest import signed_in
from treatments.models import CrisisContact

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
