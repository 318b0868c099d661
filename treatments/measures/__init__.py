"""Questionnaires and ratings: what they ask, how they are scored, and what a change in a score means. Plain Python."""
