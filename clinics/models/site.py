"""Sites: where the clinic is, in which zone, and when it is open."""

from django.core.exceptions import ValidationError
from django.db import models
from phonenumber_field.modelfields import PhoneNumberField

from clinics import red_words
from core.audit import audited
from core.models import Model


def validate_zone(value: str) -> None:
    """Refuses what is not an IANA time zone.

    Raises ``ValidationError``.
    """
    from zoneinfo import available_timezones

    if value not in available_timezones():
        raise ValidationError(f"There is no time zone called {value}. Use a name such as Europe/Berlin.")


class Weekday(models.IntegerChoices):
    """Monday is 0, as in Python's ``date.weekday``."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


@audited()
class Site(Model):
    """One place of the clinic."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    public_name = models.CharField(
        max_length=40, help_text="The sender's name in messages; says nothing about treatment."
    )
    zone = models.CharField(max_length=64, validators=[validate_zone], help_text="IANA time zone.")
    phone = PhoneNumberField()
    address = models.CharField(max_length=200)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 code; decides the public holidays.")
    subdivision = models.CharField(max_length=6, blank=True, help_text="State or province, for its holidays.")
    closed_on_holidays = models.BooleanField(default=True)
    desk_carries_out = models.BooleanField(
        default=False, help_text="Decisions of clinicians about courses are carried out by the front desk."
    )
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuses a public name that tells what the clinic treats: it stands in every message, read on locked screens.

        Raises ``ValidationError``.
        """
        if words := red_words.found(self.public_name):
            raise ValidationError(
                {
                    "public_name": f"Leave out {', '.join(words)}: the name in messages must not tell what a visit is for."
                }
            )


@audited()
class OpeningHours(Model):
    """Wall-clock hours on one weekday, from ``valid_from`` up to but not including ``valid_until``."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")), name="clinics_openinghours_forward"
            ),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="clinics_openinghours_weekday"),
            models.CheckConstraint(
                condition=models.Q(valid_until=None) | models.Q(valid_until__gt=models.F("valid_from")),
                name="clinics_openinghours_validity",
            ),
        ]
        indexes = [models.Index(fields=["site", "weekday"], name="clinics_openinghours_site")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


@audited()
class SiteDay(Model):
    """One date that is unlike its weekday: closed, or open at other hours, holiday or not."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="days")
    on = models.DateField()
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)
    reason = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "on"], name="clinics_siteday_unique"),
            models.CheckConstraint(
                condition=models.Q(opens=None, closes=None)
                | models.Q(opens__isnull=False, closes__isnull=False, closes__gt=models.F("opens")),
                name="clinics_siteday_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.reason}"

    @property
    def is_closed(self) -> bool:
        """Whether nothing happens on this date."""
        return self.opens is None
