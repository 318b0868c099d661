"""Telling people: reminders, messages, attempts, channels. Reads the domain, is never called by it."""
