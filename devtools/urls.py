"""Addresses of the development pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
