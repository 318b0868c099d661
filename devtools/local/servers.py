"""The pair every other process needs: PostgreSQL and a Redis-protocol server, ready to use.

``DATABASE_URL`` and ``REDIS_URL`` in the environment name servers to use; what is not named is started here, and ends with
the block or with this process, whichever comes first and however it comes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.local import data_folder, given, postgres, valkey

_ADDRESSES = "addresses.json"


@dataclass(frozen=True)
class ServerUrls:
    """Where the servers are."""

    database: str  # postgres://user:password@host/name
    redis_broker: str  # Celery's spelling: redis:// or redis+socket://
    redis_cache: str  # Django's spelling: redis:// or unix://
    data_dir: Path | None  # where the servers started here keep their data and logs; None: both were given

    def as_environment(self) -> dict[str, str]:
        """The variables that the settings read."""
        return {"DATABASE_URL": self.database, "REDIS_URL": self.redis_broker, "CACHE_URL": self.redis_cache}


@contextmanager
def running(data_dir: Path | None = None, *, durable: bool = True) -> Iterator[ServerUrls]:
    """Give the servers for the length of the block. Call it from the main thread.

    Args:
        data_dir: where data is kept between starts (``data_folder.default()``); None: a folder that is thrown away.
        durable: False only for throw-away data: writes are not forced to disk.

    Raises:
        LocalServerError: one line that says what is missing, busy or out of reach, and what to do.
    """
    database = os.environ.get("DATABASE_URL", "")
    redis = os.environ.get("REDIS_URL", "")
    cache = os.environ.get("CACHE_URL", "")
    if database:
        given.check_database(database)
    if redis:
        given.check_redis(redis)
    with ExitStack() as stack:
        if not (database and redis):
            folder = data_dir if data_dir is not None else stack.enter_context(data_folder.throw_away())
            lock = stack.enter_context(data_folder.locked(folder))
            sockets = stack.enter_context(data_folder.socket_folder(folder))
            if not database:
                database = stack.enter_context(postgres.running(folder, sockets=sockets, durable=durable, lock=lock))
            if not redis:
                socket = stack.enter_context(valkey.running(folder, sockets=sockets, durable=durable, lock=lock))
                redis = f"redis+socket://{socket}?virtual_host=0"
        else:
            folder = None
        urls = ServerUrls(database, redis, cache or given.cache_url(redis), folder)
        if folder is not None:
            stack.enter_context(_published(urls, folder))
        yield urls


def started_by_another(data_dir: Path) -> dict[str, str] | None:
    """The variables of servers that another process runs on ``data_dir`` right now; None when nobody does."""
    if not data_folder.is_in_use(data_dir):
        return None
    try:
        addresses: dict[str, str] = json.loads((data_dir / _ADDRESSES).read_text())
    except (OSError, ValueError):
        return None
    return addresses


@contextmanager
def _published(urls: ServerUrls, folder: Path) -> Iterator[None]:
    path = folder / _ADDRESSES
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # it holds a password
        json.dump(urls.as_environment(), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
