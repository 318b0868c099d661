"""Stub."""
from django.http import HttpResponse


def late(request, **_):
    return HttpResponse("")
