"""Staff accounts. Patients never have one."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from core.audit import audited
from core.ids import uuid7


class Role(models.TextChoices):
    """What somebody does in the clinic; ``clinics.permissions`` says what each may do."""

    FRONT_DESK = "front_desk", "Front desk"
    CLINICIAN = "clinician", "Clinician"
    NURSE = "nurse", "Nurse"
    MANAGER = "manager", "Manager"
    SERVICE = "service", "Service"


class UserManager(BaseUserManager["User"]):
    """Makes accounts. There are no superusers: roles decide."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account that signs in with its e-mail address. Without a password it cannot sign in."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Finds an account by e-mail address, in any case."""
        return self.get(email=(username or "").lower())

    def service(self) -> "User":
        """The account on whose behalf the system itself acts: sweeps, lapses, imports. Nobody signs in as it."""
        user, _ = self.get_or_create(
            email="service@courseline.internal",
            defaults={"name": "Courseline", "role": Role.SERVICE, "password": make_password(None)},
        )
        return user


@audited(but_not=["password", "last_login"])
class User(AbstractBaseUser):
    """A member of staff, or the service account."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name", "role"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="clinics_user_email_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="clinics_user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name, as Django's parts ask for it."""
        return self.name

    def get_short_name(self) -> str:
        """The first word of the name that is no title."""
        words = self.name.split()
        return next((word for word in words if not word.endswith(".")), self.name)
