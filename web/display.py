"""How one browser shows the pages: colours, spacing, names, the rail, letters as keys. Kept in a cookie: it says nothing private."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "display"
CHOICES = {
    "theme": ("system", "light", "dark"),
    "density": ("compact", "comfortable"),
    "names": ("full", "initials"),
    "rail": ("narrow", "wide"),
    "letters": ("off", "on"),
}
"""What can be chosen, the default first. The order is that of the cookie."""
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Display:
    """A choice of each. ``names`` are initials while the screen is shared; ``letters`` are keys without Ctrl or Alt."""

    theme: str = "system"
    density: str = "compact"
    names: str = "full"
    rail: str = "narrow"
    letters: str = "off"

    @classmethod
    def of(cls, request: HttpRequest) -> "Display":
        """What this browser chose before; the default for anything unknown."""
        kept = request.COOKIES.get(COOKIE, "").split(".")
        return cls().but(dict(zip(CHOICES, kept, strict=False)))

    def but(self, chosen: Mapping[str, str]) -> "Display":
        """The same with what was chosen now; what is unknown changes nothing."""
        return Display(
            **{
                each.name: value if (value := chosen.get(each.name)) in CHOICES[each.name] else getattr(self, each.name)
                for each in fields(self)
            }
        )

    def remember(self, response: HttpResponse) -> None:
        """Keeps the choice in this browser for a year."""
        response.set_cookie(
            COOKIE,
            ".".join(astuple(self)),
            max_age=YEAR_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
