"""How one browser shows the pages: light or dark, compact or comfortable. Kept in a cookie: it says nothing private."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "display"
THEMES = ("system", "light", "dark")
DENSITIES = ("compact", "comfortable")
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Display:
    """A choice of theme and density."""

    theme: str = "system"
    density: str = "compact"

    @classmethod
    def chosen(cls, theme: str, density: str) -> "Display":
        """The choice, with anything unknown replaced by the default."""
        return cls(theme if theme in THEMES else THEMES[0], density if density in DENSITIES else DENSITIES[0])

    @classmethod
    def of(cls, request: HttpRequest) -> "Display":
        """What this browser chose before."""
        theme, _, density = request.COOKIES.get(COOKIE, "").partition(".")
        return cls.chosen(theme, density)

    def remember(self, response: HttpResponse) -> None:
        """Keeps the choice in this browser for a year."""
        response.set_cookie(
            COOKIE,
            f"{self.theme}.{self.density}",
            max_age=YEAR_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
