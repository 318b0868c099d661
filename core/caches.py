"""The cache on Redis, which may go away at any time: then each process keeps its own, and nobody waits or sees an error."""

import time
from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.cache.backends.redis import RedisCacheClient

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 0.5
"""How long a page waits for Redis at most."""
AWAY_SECONDS = 5.0
"""How long a process does not ask again after it got no answer: pages that come meanwhile do not wait at all."""


def _or_own(name: str) -> Callable[..., Any]:
    """The client's method of this name; while Redis is away, or refuses as it is full, the same of the process's own cache."""
    ask = getattr(RedisCacheClient, name)

    def method(self: "_Client", *given: Any) -> Any:
        if time.monotonic() >= _Client.away_until:
            from redis import RedisError

            try:
                return ask(self, *given)
            except (RedisError, OSError) as failure:
                _Client.away_until = time.monotonic() + AWAY_SECONDS
                log.warning("cache_away", failure=type(failure).__name__)
        return getattr(self.own, name)(*given)

    return method


class _Client(RedisCacheClient):
    """Django's, with a cache of the process's own in reserve."""

    away_until: ClassVar[float] = 0.0

    def __init__(self, servers: Any, **options: Any) -> None:
        super().__init__(servers, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, **options)
        self.own = LocMemCache("while Redis is away", {})

    add = _or_own("add")
    get = _or_own("get")
    set = _or_own("set")
    touch = _or_own("touch")
    delete = _or_own("delete")
    get_many = _or_own("get_many")
    has_key = _or_own("has_key")
    incr = _or_own("incr")
    set_many = _or_own("set_many")
    delete_many = _or_own("delete_many")
    clear = _or_own("clear")


class RedisCache(DjangoRedisCache):
    """Django's, but that Redis may be away. Limits and locks then hold within each process."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
