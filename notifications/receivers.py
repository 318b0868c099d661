"""Receivers of announcements."""
