import pytest

from scheduler.engine.check import check
from scheduler.engine.request import Offset, Placement, PlanRequest, SameResource, Unit, Window
from scheduler.engine.waitlist import Freed, Merit, Waiting, Why, matches
from tests.scheduler.engine.building import alone, at, grid, request, resource, series, visit

GRID = grid(days=14)
ROOMY = (resource(GRID, "chair1", "chair"), resource(GRID, "chair2", "chair"))


def place(key, day, clock="09:00", chair="chair1"):
    return Placement(key, at(GRID, day, clock), (("chair", chair),))


def course(*fixed, rules=(), calendars=ROOMY, count=2, **kwargs) -> PlanRequest:
    return request(GRID, series(count), rules, calendars, fixed=fixed, **kwargs)


def freed(day, begin="10:00", end="12:00", chair="chair1"):
    return Freed(at(GRID, day, begin), at(GRID, day, end), chair)


def test_an_earlier_place_in_the_freed_chair():
    waiting = Waiting("ada", course(place("i1", 0)), "i2", current=place("i2", 8), days=9)
    [match] = matches(freed(3), [waiting])
    assert match.placement == place("i2", 3, "10:00")
    assert [(each.merit, each.amount) for each in match.why if each.merit is not Merit.FITS_COURSE] == [
        (Merit.SAVES_DAYS, 5),
        (Merit.WAITING_DAYS, 9),
    ]
    assert match.amount(Merit.FITS_COURSE) > 0  # an earlier finish


def test_only_what_uses_the_freed_resource_in_the_freed_time():
    waiting = [Waiting("ada", course(place("i1", 0)), "i2", current=place("i2", 8))]
    taken = (resource(GRID, "chair1", "chair"), resource(GRID, "chair2", "chair", busy=[(0, GRID.slots, 0)]))
    assert dict(matches(freed(3, chair="chair2"), waiting)[0].placement.resources) == {"chair": "chair2"}
    full = [Waiting("ada", course(place("i1", 0), calendars=taken), "i2", current=place("i2", 8))]
    assert matches(freed(3, chair="chair2"), full) == ()
    assert matches(freed(3, chair=None), full)[0].placement == place("i2", 3, "10:00")


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Offset("gap", "i2", "i1", Unit.DAYS, least=3), True),
        (Offset("gap", "i2", "i1", Unit.DAYS, least=4), False),
        (Offset("before", "i1", "i2", Unit.DAYS, most=-4), False),
        (Window("not on Thursdays", ("i2",), frozenset({0, 1, 2, 4})), False),
        (SameResource("same chair", "chair", ("i1", "i2")), True),
    ],
)
def test_whoever_would_break_their_own_course_is_no_match(rule, fits):
    waiting = Waiting("ada", course(place("i1", 0), rules=[rule]), "i2", current=place("i2", 8))
    found = matches(freed(3), [waiting])
    assert bool(found) is fits
    for match in found:
        assert check(waiting.request, [match.placement]) == ()


def test_a_continuity_rule_keeps_the_freed_chair_from_whoever_has_another():
    rules = [SameResource("same chair", "chair", ("i1", "i2"))]
    asked = course(place("i1", 0, chair="chair2"), rules=rules)
    waiting = Waiting("ada", asked, "i2", current=place("i2", 8, chair="chair2"))
    assert matches(freed(3), [waiting]) == ()
    assert len(matches(freed(3, chair="chair2"), [waiting])) == 1


def test_later_visits_of_the_course_are_minded_too():
    rules = [Offset("gap", "i3", "i2", Unit.DAYS, least=2, most=4)]
    fixed = (place("i1", 0), place("i3", 10))
    waiting = Waiting("ada", course(*fixed, rules=rules, count=3), "i2", current=place("i2", 8))
    assert matches(freed(3), [waiting]) == ()
    assert len(matches(freed(7), [waiting])) == 1


def test_what_was_wrong_before_is_not_held_against_a_place():
    rules = [Offset("gap", "i2", "i1", Unit.DAYS, least=5)]
    waiting = Waiting("ada", course(place("i1", 0), place("i2", 1), rules=rules, count=3), "i3")
    assert len(matches(freed(3), [waiting])) == 1


def test_notice_and_sooner():
    waiting = Waiting(
        "ada", course(place("i1", 0)), "i2", current=place("i2", 3, "10:30"), not_before=at(GRID, 3, "11:00")
    )
    assert matches(freed(3), [waiting]) == ()  # before the present time they could not come
    later = Waiting("ada", waiting.request, "i2", waiting.current, not_before=waiting.not_before, sooner=False)
    assert matches(freed(3), [later])[0].placement == place("i2", 3, "11:00")


def test_a_visit_may_take_the_place_beside_its_own():
    begins, ends = at(GRID, 3, "11:00"), at(GRID, 3, "12:00")
    calendars = (resource(GRID, "chair1", "chair", busy=[(begins, ends, 0)]),)
    held = (("chair1", ((begins, ends, 0),)),)
    asked = request(
        GRID, [visit("i1", minutes=90)], calendars=calendars
    )  # an hour and a half where one hour is free and the other its own
    mine = Waiting("ada", asked, "i1", current=place("i1", 3, "11:00"), held=held)
    somebody = Waiting("bob", asked, "i1", current=place("i1", 8))
    assert [match.key for match in matches(freed(3, "10:00", "11:00"), [mine, somebody])] == ["ada"]
    assert [match.key for match in matches(freed(3, "10:00", "11:00"), [somebody, mine])] == ["ada"]


def test_nobody_is_offered_their_own_time():
    own = place("i2", 3, "10:00")
    waiting = Waiting("ada", course(place("i1", 0)), "i2", current=own, sooner=False)
    [match] = matches(freed(3, chair=None), [waiting])
    assert match.placement.start != own.start
    assert matches(Freed(own.start, own.start + 1, None), [waiting]) == ()


def test_the_order_of_those_who_wait():
    def one(key, **kwargs):
        return Waiting(key, course(place("i1", 0)), "i2", **{"current": place("i2", 8)} | kwargs)

    waiting = [
        one("b waits"),
        one("a waits longer", days=9),
        one("saves less", current=place("i2", 4)),
        one("no place", current=None),
        one("urgent", urgent=True),
    ]
    found = matches(freed(3), waiting)
    assert [match.key for match in found] == ["urgent", "no place", "a waits longer", "b waits", "saves less"]
    assert found == matches(freed(3), waiting[::-1])
    assert found[0].why[0] == Why(Merit.URGENT)


def test_everybody_is_asked_about_the_same_calendars():
    people = (resource(GRID, "nurse1", "nurse"), *ROOMY)
    roles = (alone("chair", 60), alone("nurse", 60))
    asked = request(GRID, [visit("i1", *roles)], calendars=people)
    waiting = [Waiting(key, asked, "i1") for key in ("a", "b")]
    assert len(matches(freed(3), waiting)) == 2  # each for themselves: one of them will take it


def test_what_a_place_gives_up_is_told():
    rules = [Offset("gap", "i2", "i1", Unit.DAYS, ideal=7)]
    waiting = Waiting("ada", course(place("i1", 0), rules=rules), "i2", current=place("i2", 8))
    [match] = matches(freed(3), [waiting])
    assert [(reason.rule, reason.hard) for reason in match.gives_up] == [("gap", False)]
    assert match.amount(Merit.FITS_COURSE) == 0


def test_nobody_waits():
    assert matches(freed(3), []) == ()
