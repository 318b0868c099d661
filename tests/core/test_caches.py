"""The cache: Redis, and each process's own while that is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from redis import ConnectionError as NoConnection

from core import caches
from core.caches import RedisCache
from tests.faults.broker import broker

NOWHERE = "unix:///nowhere/at/all?db=1"


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> Iterator[list[str]]:
    """Every question to Redis, from the beginning of the test on."""
    questions: list[str] = []
    real = caches.RedisCacheClient.get_client

    def get_client(self, key=None, *, write=False):
        questions.append(str(key))
        return real(self, key, write=write)

    monkeypatch.setattr(caches.RedisCacheClient, "get_client", get_client)
    monkeypatch.setattr(caches._Client, "away_until", 0.0)
    yield questions
    caches._Client.away_until = 0.0


def count_to(number: int, cache: BaseCache) -> int:
    cache.add("tries", 0, timeout=60)
    return [cache.incr("tries") for _ in range(number)][-1]


def test_while_redis_is_away_a_process_keeps_its_own_and_asks_once(asked: list[str]) -> None:
    cache = RedisCache(NOWHERE, {})
    cache.clear()
    assert cache.get("a") is None
    assert cache.get_or_set("a", lambda: 7, 60) == 7
    assert cache.get("a") == 7
    assert count_to(5, cache) == 5, "limits still count"
    assert (cache.add("lock", 1, 60), cache.add("lock", 1, 60), cache.delete("lock")) == (True, False, True)
    cache.set_many({"b": 1, "c": 2}, 60)
    assert cache.get_many(["b", "c", "d"]) == {"b": 1, "c": 2}
    cache.delete_many(["b"])
    assert (cache.has_key("b"), cache.has_key("c"), cache.touch("c", 9)) == (False, True, True)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("d")
    assert len(asked) == 1, "nobody waits for it again and again"


def test_control_djangos_own_raises() -> None:
    with pytest.raises(NoConnection):
        DjangoRedisCache(NOWHERE, {}).get("a")


@pytest.mark.processes
def test_full_killed_and_back(monkeypatch) -> None:
    with broker() as server:
        cache = RedisCache(f"unix://{server.socket}?db=1", {})
        cache.set("a", 1, 60)
        assert server.do("DBSIZE") == 0, "in another database than the broker's"
        server.do("CONFIG", "SET", "maxmemory", "1")
        cache.set("b", 2, 60)
        assert cache.get("b") == 2, "it is full: kept by the process"
        server.do("CONFIG", "SET", "maxmemory", "0")
        monkeypatch.setattr(caches._Client, "away_until", 0.0)
        assert (cache.get("a"), cache.get("b")) == (1, None), "after a while it is asked again"
        server.kill()
        cache.set("c", 3, 60)
        assert cache.get("c") == 3
        server.start()
        monkeypatch.setattr(caches._Client, "away_until", 0.0)
        assert cache.get("c") is None
