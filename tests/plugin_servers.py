"""Pytest plugin (``-p tests.plugin_servers``): the throw-away PostgreSQL and Valkey that the tests run on.

It acts before any conftest and before pytest-django reads the settings, as the addresses must be in the environment by
then. Workers of pytest-xdist inherit them. With DATABASE_URL or REDIS_URL set, those servers are used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from devtools.local import servers
from devtools.local.errors import LocalServerError


@pytest.hookimpl(wrapper=True, tryfirst=True)  # a wrapper: pytest-django's own hook must come after it
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, object, object]:
    """Start the pair once, in the controlling process."""
    os.environ.setdefault("DEVTOOLS", "1")  # the development settings: a fixed key, static files without a manifest
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["CACHE_URL"] = _cache_of(worker)
    elif not {"-h", "--help", "--version", "-V"} & set(args):
        _start(early_config)
    return (yield)


def _cache_of(worker: str) -> str:
    """A database of its own: workers count requests at the same frozen moment, and each empties its cache."""
    number = 10 + int(worker.removeprefix("gw")) % 6  # of sixteen; the first are the broker's
    return re.sub(r"\d+$", str(number), os.environ["CACHE_URL"])


def _start(config: pytest.Config) -> None:
    before = dict(os.environ)
    stack = ExitStack()
    try:
        urls = stack.enter_context(servers.running(durable=False))
    except LocalServerError as error:
        raise pytest.UsageError(str(error)) from error
    os.environ.update(urls.as_environment())

    def stop() -> None:
        stack.close()
        for name in urls.as_environment():
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)

    config.add_cleanup(stop)
