"""Whom to plan a series around: the nurse of the infusions, the therapist, the physiotherapist.

With the main resource of each series chosen, continuity is a cost of single visits and the tree stays exact. The
combinations are tried from the most promising on.
"""

from itertools import combinations as subsets

from scheduler.engine.candidates import Choice
from scheduler.engine.course import Course
from scheduler.engine.request import SameResource
from scheduler.engine.rules import main_resources


def options(course: Course, rule: SameResource) -> list[Choice]:
    """What a series can be planned around, sorted."""
    given = [
        dict(placement.resources)[rule.role]
        for placement in course.request.fixed
        if placement.visit in rule.visits and rule.role in dict(placement.resources)
    ]
    followed = main_resources(given, rule.at_most) if rule.hard else ()
    if followed and len(followed) == rule.at_most:
        return [tuple(sorted(followed))]
    able = [
        set(course.free.able(visit, role))
        for visit in course.visits
        if visit.key in rule.visits and visit.key not in course.fixed
        for role in visit.roles
        if role.key == rule.role
    ]
    if not able:
        return []
    alone = rule.hard and course.whole and rule.at_most == 1
    common = set.intersection(*able) if alone else set.union(*able)
    others = sorted((common | set(given)) - set(followed))
    more = min(rule.at_most - len(followed), len(others))
    return sorted(tuple(sorted((*followed, *names))) for names in subsets(others, more))
