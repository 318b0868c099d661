"""Reads shared by more than one caller, each with its query count."""
