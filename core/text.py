"""Text that PostgreSQL can keep."""


def storable(value: str) -> bool:
    """Whether the text has neither a NUL nor half of a surrogate pair; JSON and forms can carry both."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
