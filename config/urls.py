"""Where every address leads."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("api.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("", include("web.urls")),
]
if settings.DEVTOOLS:
    urlpatterns.insert(0, path("dev/", include("devtools.urls")))
