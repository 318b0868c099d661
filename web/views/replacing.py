"""Stub."""
from django.http import HttpResponse


def choose(request, **_):
    return HttpResponse("")
