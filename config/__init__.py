"""Wiring only: settings, urls, Celery, the beat timetable. Nothing may import it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
