"""Addresses of the development pages."""

from django.urls import path

from devtools.sink import views

urlpatterns = [
    path("messages/", views.caught_messages, name="caught-messages"),
    path("messages/<slug:name>/", views.caught_message, name="caught-message"),
]
