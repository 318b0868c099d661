"""Which site a page is about."""

from dataclasses import dataclass

from django.http import HttpRequest

from clinics.models import Site
from core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Sites:
    """The active sites by name, and the one the page shows."""

    all: list[Site]
    chosen: Site

    @property
    def several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.all) > 1


def of(request: HttpRequest, *, preferred: object = None, named: object = None) -> Sites:
    """The site with the id ``named``, else that of ``?site=``, else the one with the id ``preferred``, else the first. One query.

    Raises ``NotFound`` when there is no such site, or none at all.
    """
    every = list(Site.objects.filter(is_active=True).order_by("name", "id"))
    if not every:
        raise NotFound("This clinic has no site yet. A manager sets one up first.")
    other = next((site for site in every if str(site.pk) == named), None)
    if other is not None:
        return Sites(every, other)
    code = request.POST.get("site") or request.GET.get("site")
    if code:
        found = next((site for site in every if site.code == code), None)
        if found is None:
            raise NotFound("There is no such site.")
        return Sites(every, found)
    return Sites(every, next((site for site in every if site.pk == preferred), every[0]))
