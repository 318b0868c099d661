"""When a site is open and a resource works, also when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from scheduler.models import Kind
from scheduler.queries import hours
from tests.factories.clinics import OpeningHoursFactory, SiteDayFactory, SiteFactory
from tests.factories.scheduler import AbsenceFactory, ChairFactory, PersonFactory, WorkingHoursFactory

MONDAY = date(2026, 5, 4)


def local(windows, zone):
    return [tuple(f"{clock.local(end, zone):%d %H:%M}" for end in window) for window in windows]


@pytest.mark.django_db
class TestSiteDays:
    def test_a_week(self, site):
        days = hours.site_days(site, first_on=MONDAY, days=7)
        assert [day.on for day in days] == [MONDAY + timedelta(days=n) for n in range(7)]
        assert [day.windows for day in days] == [((time(8), time(18)),)] * 5 + [()] * 2
        assert [day.reason for day in days] == [""] * 5 + ["Closed on Saturdays", "Closed on Sundays"]

    def test_holidays_follow_the_region(self):
        def closed(country, subdivision, on):
            site = SiteFactory(country=country, subdivision=subdivision)
            return hours.site_days(site, first_on=on, days=1)[0].reason

        corpus_christi = date(2026, 6, 4)
        assert closed("DE", "BY", corpus_christi) == "Corpus Christi"
        assert closed("DE", "BE", corpus_christi) == ""
        assert closed("US", "NY", date(2026, 5, 25)) == "Memorial Day"
        assert closed("US", "ZZ", date(2026, 5, 25)) == "Memorial Day"
        assert closed("XX", "", date(2026, 5, 25)) == ""

    def test_a_site_may_work_on_holidays(self):
        site = SiteFactory(closed_on_holidays=False)
        assert hours.site_days(site, first_on=date(2026, 5, 25), days=1)[0].windows

    def test_an_exception_goes_before_holiday_and_week(self, site):
        SiteDayFactory(site=site, on=date(2026, 5, 25), opens=time(9), closes=time(12), reason="Holiday clinic")
        SiteDayFactory(site=site, on=date(2026, 5, 26), reason="Stocktaking")
        holiday, closed = hours.site_days(site, first_on=date(2026, 5, 25), days=2)
        assert (holiday.windows, holiday.reason) == (((time(9), time(12)),), "Holiday clinic")
        assert (closed.windows, closed.reason) == ((), "Stocktaking")

    def test_hours_have_validity_and_lunch_breaks(self):
        site = SiteFactory(hours=())
        OpeningHoursFactory(site=site, opens=time(13), closes=time(17), valid_from=MONDAY)
        OpeningHoursFactory(site=site, opens=time(8), closes=time(12), valid_from=MONDAY)
        OpeningHoursFactory(site=site, opens=time(6), closes=time(7), valid_until=MONDAY)
        before, on = (
            hours.site_days(site, first_on=day, days=1)[0].windows for day in (MONDAY - timedelta(days=7), MONDAY)
        )
        assert before == ((time(6), time(7)),)
        assert on == ((time(8), time(12)), (time(13), time(17)))


@pytest.mark.django_db
class TestWorking:
    def works(self, resource, *, first_on=MONDAY, days=1):
        windows = hours.working([resource], resource.site, first_on=first_on, days=days)
        return local(windows[str(resource.id)], resource.site.zone)

    def test_a_chair_follows_its_site(self, site):
        assert self.works(ChairFactory(site=site), days=7) == [
            (f"0{day} 08:00", f"0{day} 18:00") for day in range(4, 9)
        ]

    def test_a_chair_with_hours_of_its_own_keeps_to_them(self, site):
        chair = ChairFactory(site=site, hours=[0], hours__ends=time(12))
        assert self.works(chair, days=7) == [("04 08:00", "04 12:00")]

    def test_a_group_meets_only_in_its_own_hours(self, site):
        assert self.works(ChairFactory(site=site, kind=Kind.GROUP), days=7) == []
        group = ChairFactory(site=site, kind=Kind.GROUP, hours=[2], hours__starts=time(14), hours__ends=time(16))
        assert self.works(group, days=7) == [("06 14:00", "06 16:00")]

    def test_a_person_without_hours_does_not_work(self, site):
        assert self.works(PersonFactory(site=site, hours=()), days=7) == []

    def test_nobody_works_when_the_site_is_closed(self, site):
        early_bird = PersonFactory(site=site, hours=[0, 5], hours__starts=time(6), hours__ends=time(23))
        assert self.works(early_bird, days=7) == [("04 08:00", "04 18:00")]

    def test_validity(self, site):
        nurse = PersonFactory(site=site, hours=())
        WorkingHoursFactory(resource=nurse, weekday=0, valid_from=MONDAY, valid_until=MONDAY + timedelta(days=7))
        assert self.works(nurse, first_on=MONDAY - timedelta(days=7), days=28) == [("04 08:00", "04 18:00")]

    def test_away_and_extra(self, site, at):
        nurse = PersonFactory(site=site, hours=[0], hours__starts=time(9), hours__ends=time(17))
        AbsenceFactory(resource=nurse, starts_at=at(11, on=MONDAY), ends_at=at(13, on=MONDAY))
        assert self.works(nurse) == [("04 09:00", "04 11:00"), ("04 13:00", "04 17:00")]
        AbsenceFactory(resource=nurse, starts_at=at(12, on=MONDAY), ends_at=at(20, on=MONDAY), is_extra=True)
        assert self.works(nurse) == [("04 09:00", "04 11:00"), ("04 12:00", "04 18:00")]

    def test_an_absence_over_midnight_and_over_the_edge(self, site, at):
        nurse = PersonFactory(site=site)
        AbsenceFactory(resource=nurse, starts_at=at(16, on=MONDAY - timedelta(days=3)), ends_at=at(10, on=MONDAY))
        assert self.works(nurse) == [("04 10:00", "04 18:00")]

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_number_of_queries_is_fixed(self, site, count, django_assert_num_queries):
        people = [PersonFactory(site=site) for _ in range(count)]
        with django_assert_num_queries(4):
            hours.working(people, site, first_on=MONDAY, days=30)


@pytest.mark.django_db
class TestWhenTheClocksChange:
    """Berlin: on 29 March 2026 2:00 becomes 3:00; on 25 October 3:00 becomes 2:00."""

    SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)

    @pytest.fixture
    def night_clinic(self):
        site = SiteFactory(zone="Europe/Berlin", country="DE", subdivision="", hours=())
        OpeningHoursFactory(site=site, weekday=6, opens=time(1), closes=time(12))
        return site

    def windows(self, site, on):
        return hours.opened(hours.site_days(site, first_on=on, days=1), site.zone)

    def test_the_wall_clock_stays(self, night_clinic):
        for on, elapsed in ((self.SPRING, 10), (date(2026, 4, 12), 11), (self.AUTUMN, 12)):
            [(opens, closes)] = self.windows(night_clinic, on)
            assert closes - opens == timedelta(hours=elapsed)
            assert local([(opens, closes)], "Europe/Berlin") == [(f"{on:%d} 01:00", f"{on:%d} 12:00")]

    def test_a_window_in_the_gap_does_not_exist_or_is_shifted(self, night_clinic):
        night_clinic.opening_hours.update(opens=time(2, 30), closes=time(3))
        assert self.windows(night_clinic, self.SPRING) == []
        night_clinic.opening_hours.update(opens=time(2, 15), closes=time(2, 45))
        assert local(self.windows(night_clinic, self.SPRING), "Europe/Berlin") == [("29 03:15", "29 03:45")]

    def test_working_hours_follow_the_wall_clock(self, night_clinic):
        nurse = PersonFactory(site=night_clinic, hours=[6], hours__starts=time(1), hours__ends=time(4))
        for on, elapsed in ((self.SPRING, 2), (self.AUTUMN, 4)):
            [(starts, ends)] = hours.working([nurse], night_clinic, first_on=on, days=1)[str(nurse.id)]
            assert ends - starts == timedelta(hours=elapsed)


# --- arithmetic, checked against sets of minutes ---

ORIGIN = datetime(2026, 5, 4, tzinfo=UTC)
WINDOWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
        lambda pair: (ORIGIN + timedelta(minutes=pair[0]), ORIGIN + timedelta(minutes=pair[0] + pair[1]))
    ),
    max_size=8,
)


def minutes(windows):
    return {
        (start - ORIGIN) // timedelta(minutes=1) + n
        for start, end in windows
        for n in range((end - start) // timedelta(minutes=1))
    }


def apart(windows):
    return all(one[1] < next_one[0] for one, next_one in pairwise(windows))


@given(WINDOWS)
def test_merged(windows):
    result = hours.merged(windows)
    assert minutes(result) == minutes(windows)
    assert apart(result)


@given(WINDOWS, WINDOWS)
def test_common_and_without(these, those):
    these, those = hours.merged(these), hours.merged(those)
    assert minutes(hours.common(these, those)) == minutes(these) & minutes(those)
    assert minutes(hours.without(these, those)) == minutes(these) - minutes(those)
    assert apart(hours.without(these, those))
