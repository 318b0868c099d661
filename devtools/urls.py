"""Addresses of the development pages."""

from django.urls import path

from devtools import preview
from devtools.sink import views

urlpatterns = [
    path("components/", preview.components, name="components"),
    path("messages/", views.caught_messages, name="caught-messages"),
    path("messages/<slug:name>/", views.caught_message, name="caught-message"),
]
