"""Wiring only: settings, urls, Celery, the beat timetable. Nothing may import it."""
