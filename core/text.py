"""Text that PostgreSQL can keep."""


def storable(value: str) -> bool:
    """Whether the text has neither a NUL nor half of a surrogate pair; JSON and forms can carry both."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def harmless(text: str) -> str:
    """A text for a cell of a table, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
