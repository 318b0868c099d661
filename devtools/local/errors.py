"""The one error of the local launcher."""


class LocalServerError(Exception):
    """Something local is missing, busy or broken; the text is one line and says what to do."""
