"""What is printed, as paper: pages, cut rows, repeated headers."""

from datetime import timedelta

import pytest

from core import clock
from scheduler.models import Kind
from tests.browser.pdf import Pdf
from tests.factories.clinics import PatientFactory
from tests.factories.scheduler import AllocationFactory, AppointmentFactory, PersonFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAPERS = ["A4", "Letter"]


@pytest.fixture
def full_day(clinic):
    """Sixty visits tomorrow, of patients with long names, in six rooms and with six people. Gives the date."""
    on = clock.local(clock.now(), clinic.zone).date() + timedelta(days=1)
    start = clock.first_instant(on, clinic.zone) + timedelta(hours=9)
    places = [each for each in clinic.resources.order_by("position", "name") if each.kind != Kind.PERSON][:6]
    people = PersonFactory.create_batch(len(places), site=clinic)
    for n in range(60):
        column, line = n % len(places), n // len(places)
        starts_at = start + timedelta(minutes=30 * line)
        made = AppointmentFactory(
            site=clinic,
            patient=PatientFactory(site=clinic, given_name="Maximiliana", family_name=f"Fernández-Villaseñor{n:02d}z"),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            summary="Physical therapy 11 of 12",
        )
        for resource in (places[column], people[column]):
            AllocationFactory(
                appointment=made, resource=resource, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30)
            )
    return on


def printed(window, path: str, paper: str) -> Pdf:
    window.page.goto(path)
    return Pdf(
        window.page.pdf(format=paper, prefer_css_page_size=paper == "A4", landscape="day/" in path and paper != "A4")
    )


def names(page: str) -> set[int]:
    """The numbers of the patients of whom the whole name stands on a page."""
    return {n for n in range(60) if f"Fernández-Villaseñor{n:02d}z" in page}


@pytest.mark.parametrize(("kind", "paper"), [("rooms", "A4"), ("rooms", "Letter"), ("people", "A4")])
def test_sixty_visits_take_two_pages_and_none_is_cut(visitor, full_day, flora, kind, paper):
    window = visitor.open(flora)
    pdf = printed(window, f"/print/day/{kind}?on={full_day}", paper)
    assert len(pdf.pages) <= 2
    assert set().union(*(names(page) for page in pdf.pages)) == set(range(60))
    # every row has as many of its parts on its page as there are names: none begins on one page and ends on the next
    for page in pdf.pages:
        assert page.count("Physicaltherapy11of12") == page.count("Unconfirmed") == len(names(page))
        assert "Changesafterthisarenotshown." in page
        assert "Status" in page
    assert all(width > height for width, height in pdf.sizes)


def test_the_detector_of_cut_rows_works(visitor, full_day, flora):
    window = visitor.open(flora, bypass_csp=True)
    window.page.goto(f"/print/day/rooms?on={full_day}")
    window.page.add_style_tag(content=".sheet tr { break-inside: auto !important }")
    window.page.evaluate(
        """() => {
          for (const name of document.querySelectorAll("td b")) name.innerHTML = "<br>".repeat(9) + name.innerHTML;
        }"""
    )
    pages = Pdf(window.page.pdf(format="A4")).pages
    assert any(page.count("Unconfirmed") != len(names(page)) for page in pages)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_plan_takes_one_page_of_large_letters(visitor, clinic, course, flora, paper):
    window = visitor.open(flora)
    pdf = printed(window, f"/print/courses/{course.pk}", paper)
    assert len(pdf.pages) == 1
    assert "until" in pdf.pages[0]
    assert "(212)555-0100" in pdf.pages[0]
    assert window.page.evaluate("getComputedStyle(document.querySelector('.dates')).fontSize") == "18.6667px"  # 14 pt


@pytest.mark.parametrize("number", [16, 26, 44])
def test_a_long_plan_takes_one_page_too(visitor, clinic, course, flora, number):
    window = visitor.open(flora, bypass_csp=True)
    window.page.goto(f"/print/courses/{course.pk}")
    window.page.evaluate(
        """(number) => {
          const list = document.querySelector(".dates");
          while (list.children.length < number) list.append(list.firstElementChild.cloneNode(true));
          list.classList.toggle("columns", number >= 17);
          list.classList.toggle("many", number >= 27);
        }""",
        number,
    )
    assert len(Pdf(window.page.pdf(format="Letter")).pages) == 1


def test_the_call_sheet_fits_paper(visitor, full_day, flora):
    window = visitor.open(flora)
    pdf = printed(window, f"/print/calls?on={full_day}", "A4")
    assert sum(len(names(page)) for page in pdf.pages) == 60
    for page in pdf.pages:
        assert page.count("noanswer") == len(names(page))
        assert "Changesafterthisarenotshown." in page


def test_only_initials_where_paper_lies_about(visitor, full_day, flora):
    window = visitor.open(flora)
    window.page.goto(f"/print/day/rooms?on={full_day}")
    window.page.get_by_label("Initials only").check()
    window.page.get_by_role("button", name="Show").click()
    window.page.get_by_text("M. F.").first.wait_for()
    text = "".join(Pdf(window.page.pdf(prefer_css_page_size=True)).pages)
    assert "Fernández" not in text
    assert "M.F." in text
