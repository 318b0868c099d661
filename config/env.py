"""Typed readers of the environment. A missing or wrong value stops the start with a sentence that says what to set."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def required(name: str, *, hint: str) -> str:
    """The value of ``name``.

    Raises ``ImproperlyConfigured`` with ``hint`` when it is missing or empty.
    """
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value


def secret_key(*, development: bool) -> str:
    """The signing key: at least 50 characters, except in development, where a fixed one will do."""
    if development:
        return env.str("SECRET_KEY", default="development-only-" + "0" * 50)  # type: ignore[no-any-return]
    value = required("SECRET_KEY", hint="Set it to 50 or more random characters.")
    if len(value) < 50:
        raise ImproperlyConfigured("SECRET_KEY is too short: use 50 or more random characters.")
    return value


def folder(name: str, *, default: Path) -> Path:
    """A folder's path."""
    return Path(env.str(name, default=str(default)))


def one_of(name: str, *, choices: tuple[str, ...]) -> str:
    """One of these words; the first is the default.

    Raises ``ImproperlyConfigured`` for anything else.
    """
    value: str = env.str(name, default=choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to {' or '.join(choices)}, or leave it out.")
    return value
