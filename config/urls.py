"""Where every address leads."""

from django.conf import settings
from django.urls import include, path

from config.health import livez, readyz
from config.operations import metrics, statusz

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("statusz", statusz),
    path("metrics", metrics),
    path("api/v1/", include("api.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("", include("web.open_urls")),
    path("", include("web.urls")),
]
handler500 = "web.failures.failed"

if settings.DEVTOOLS:
    urlpatterns.insert(0, path("dev/", include("devtools.urls")))
