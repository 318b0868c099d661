"""A small library without clinic knowledge: ids, clock, audit, locks, announcements."""
