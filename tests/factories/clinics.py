"""People and places for tests. Defaults are valid and lively: a New York clinic open on weekdays from 8 to 18."""

from datetime import date, time

import factory

from clinics.models import OpeningHours, Patient, Role, Site, SiteDay, User
from tests.factories.base import Factory

PASSWORD = "a long enough password"
LONG_AGO = date(2020, 1, 1)
WEEKDAYS = range(5)


class OpeningHoursFactory(Factory):
    class Meta:
        model = OpeningHours

    weekday = 0
    opens = time(8)
    closes = time(18)
    valid_from = LONG_AGO


class SiteFactory(Factory):
    """``hours=()`` leaves it without opening hours."""

    class Meta:
        model = Site
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"site-{n}")
    name = factory.Sequence(lambda n: f"Riverside {n}")
    public_name = "Riverside"
    zone = "America/New_York"
    phone = "+12125550100"
    address = "1 River Street"
    country = "US"
    subdivision = "NY"

    @factory.post_generation
    def hours(self, create, extracted, **kwargs):
        if create:
            weekdays = WEEKDAYS if extracted is None else extracted
            OpeningHours.objects.bulk_create(
                OpeningHoursFactory.build(site=self, weekday=weekday, **kwargs) for weekday in weekdays
            )


class SiteDayFactory(Factory):
    class Meta:
        model = SiteDay

    site = factory.SubFactory(SiteFactory)
    on = date(2026, 5, 5)
    reason = "Stocktaking"


class UserFactory(Factory):
    """An account that cannot sign in, as hashing is slow on purpose; ``password=PASSWORD`` gives it one."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    name = factory.Faker("name")
    role = Role.FRONT_DESK

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, **kwargs)


class PatientFactory(Factory):
    class Meta:
        model = Patient

    site = factory.SubFactory(SiteFactory)
    given_name = factory.Faker("first_name")
    family_name = factory.Faker("last_name")
    birth_on = date(1980, 2, 29)
    phone = factory.Sequence(lambda n: f"+1212555{1000 + n % 9000:04d}")
    email = factory.Sequence(lambda n: f"patient{n}@example.org")
    may_email = True
    may_text = True
