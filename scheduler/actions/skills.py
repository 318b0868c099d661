"""The skills resources can have and protocols can ask for."""

from django.core.exceptions import ValidationError
from django.db import transaction

from clinics.models import User
from clinics.permissions import Permission, require
from core import audit
from core.errors import InvalidInput
from scheduler.models import Skill


def add(*, code: str, name: str, by: User) -> Skill:
    """A skill by its code; one that is there already is given back, under its present name.

    Raises ``InvalidInput`` for a code with other characters than letters, digits, - and _, or no name; ``NotAllowed``.
    """
    require(by, Permission.EDIT_RESOURCES)
    skill = Skill(code=code, name=name)
    try:
        skill.clean_fields()
    except ValidationError as error:
        first = min(error.message_dict)
        raise InvalidInput(error.message_dict[first][0], pointer=first) from error
    with transaction.atomic(), audit.acting(by):
        return Skill.objects.get_or_create(code=code, defaults={"name": name})[0]
