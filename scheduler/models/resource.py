"""Chairs, rooms, devices and people: what they can do and when they are there."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinics.models import Site
from clinics.models.site import Weekday
from core.audit import audited
from core.models import Model
from scheduler.engine.request import HANDS_LANE


class Kind(models.TextChoices):
    """The kinds of resource a protocol can ask for."""

    CHAIR = "chair", "Chair"
    ROOM = "room", "Room"
    DEVICE = "device", "Device"
    PERSON = "person", "Person"
    GROUP = "group", "Group"
    """A class that meets at fixed times: its hours are its meetings, its lanes are its seats."""


@audited()
class Skill(Model):
    """Something a resource can do or has: a protocol asks for it by code."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


@audited()
class Resource(Model):
    """Something or somebody an appointment takes. ``lanes`` is how many it can serve at once when shared."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=100)
    skills = models.ManyToManyField(Skill, related_name="resources", blank=True)
    lanes = models.PositiveSmallIntegerField(default=1)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="resource"
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order on the board.")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="scheduler_resource_name_unique"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="scheduler_resource_kind_known"),
            models.CheckConstraint(condition=Q(lanes__gte=1, lanes__lt=HANDS_LANE), name="scheduler_resource_lanes"),
            models.CheckConstraint(
                condition=Q(user=None) | Q(kind=Kind.PERSON), name="scheduler_resource_account_of_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class ResourceSkill(Resource.skills.through):  # type: ignore[name-defined,misc]  # made by Django
    """Which resource has which skill. Declared to be audited: who may give an infusion is decided by it."""

    class Meta:
        proxy = True


@audited()
class WorkingHours(Model):
    """Wall-clock hours of one resource on one weekday, ``valid_until`` not included.

    A person works only in these. Anything else without rows follows its site's opening hours.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts = models.TimeField()
    ends = models.TimeField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="scheduler_workinghours_forward"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="scheduler_workinghours_weekday"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="scheduler_workinghours_validity",
            ),
        ]
        indexes = [models.Index(fields=["resource", "weekday"], name="scheduler_workinghours_of")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"


@audited()
class Absence(Model):
    """An exception to a resource's hours: away (leave, service), or there when it usually is not."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_extra = models.BooleanField(default=False, help_text="At work in this period, beyond the usual hours.")
    reason = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="scheduler_absence_forward"),
        ]
        indexes = [models.Index(fields=["resource", "ends_at"], name="scheduler_absence_of")]

    def __str__(self) -> str:
        return self.reason
