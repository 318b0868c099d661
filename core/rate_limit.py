"""Counting requests, so that nobody can try without end. Without a shared cache each process counts its own."""

import hashlib
import time

import structlog
from django.core.cache import cache

log = structlog.get_logger(__name__)


def allowed(what: str, who: str, *, limit: int, seconds: int) -> bool:
    """Counts one more by ``who``; whether that is within ``limit`` in this window of ``seconds``.

    When the cache is away, everything is allowed: what is protected here is not safe by this alone.
    """
    window = int(time.time()) // seconds
    key = f"limit:{what}:{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()[:32]}:{window}"
    try:
        cache.add(key, 0, timeout=2 * seconds)
        return cache.incr(key) <= limit
    except Exception as failure:  # noqa: BLE001 - any cache, any failure
        log.warning("rate_limit_not_counted", failure=type(failure).__name__)
        return True
