"""Servers named by DATABASE_URL and REDIS_URL: asked before they are used. Passwords never appear in what is said."""

from __future__ import annotations

from devtools.local.errors import LocalServerError

CONNECT_SECONDS = 5


def check_database(url: str) -> None:
    """Sign in once to the database that ``url`` names.

    Raises:
        LocalServerError: the address is not understood, or the server refuses or does not answer.
    """
    import environ  # imported here: the same reader as the settings use, and only when an address is given
    import psycopg

    try:
        parts = environ.Env.db_url_config(url)
    except Exception as error:  # the reader raises many types for a malformed address
        raise LocalServerError(
            "DATABASE_URL is not understood: write postgres://user:password@host:5432/name, or unset it"
        ) from error
    options = parts.get("OPTIONS") or {}
    host = str(parts.get("HOST") or options.get("host") or "")
    password = str(parts.get("PASSWORD") or "")
    place = f"{host or 'the default socket'}{':' + str(parts['PORT']) if parts.get('PORT') else ''}"
    try:
        psycopg.connect(
            host=host or None,
            port=parts.get("PORT") or None,
            user=parts.get("USER") or None,
            password=password or None,
            dbname=parts.get("NAME") or None,
            sslmode=options.get("sslmode"),
            connect_timeout=CONNECT_SECONDS,
        ).close()
    except psycopg.Error as error:
        raise LocalServerError(
            f"DATABASE_URL is set, but PostgreSQL at {place} cannot be used ({_reason(error, password)}): "
            "start it, correct DATABASE_URL, or unset it to use the built-in server"
        ) from None


def check_redis(url: str) -> None:
    """Ping the Redis or Valkey that ``url`` names.

    Raises:
        LocalServerError: the address is not understood, or the server refuses or does not answer.
    """
    from urllib.parse import urlsplit

    import redis  # imported here: only when an address is given

    parts = urlsplit(url)
    place = parts.path if parts.scheme in {"redis+socket", "unix"} else f"{parts.hostname}:{parts.port or 6379}"
    try:
        with redis.Redis.from_url(_client_url(url), socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise LocalServerError(
            f"REDIS_URL is set, but Redis at {place} cannot be used ({_reason(error, parts.password or '')}): "
            "start it, correct REDIS_URL, or unset it to use the built-in server"
        ) from None


def cache_url(redis_url: str) -> str:
    """The address of the cache on the same server as the broker: its database 1."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(redis_url)
    if parts.scheme in {"redis+socket", "unix"}:
        return f"unix://{parts.path}?db=1"
    return urlunsplit(parts._replace(path="/1"))


def _client_url(url: str) -> str:
    """redis-py's spelling of an address that Celery understands."""
    return "unix://" + url.removeprefix("redis+socket://").split("?")[0] if url.startswith("redis+socket://") else url


def _reason(error: Exception, password: str) -> str:
    text = " ".join(str(error).split()).split(" Is the server running")[0].rsplit("failed: ", 1)[-1].rstrip(".")
    return text.replace(password, "***") if password else text
