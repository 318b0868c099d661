"""Servers named by the environment: used when they answer, refused in one line without the password when they do not."""

import pytest

from devtools.local import given, ports, servers
from devtools.local.errors import LocalServerError
from tests.devtools.conftest import processes_naming

PASSWORD = "correct-horse-battery"


def refusal(**environment: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(LocalServerError) as refused, servers.running(durable=False):
            pass
    text = str(refused.value)
    assert PASSWORD not in text
    assert "\n" not in text
    return text


def test_servers_that_answer_are_used_and_nothing_is_started(data_dir, tmp_path, monkeypatch):
    with servers.running(data_dir, durable=False) as own:
        monkeypatch.setenv("DATABASE_URL", own.database)
        monkeypatch.setenv("REDIS_URL", own.redis_broker)
        with servers.running(tmp_path / "unused") as urls:
            assert (urls.database, urls.redis_broker, urls.redis_cache) == (
                own.database,
                own.redis_broker,
                own.redis_cache,
            )
            assert urls.data_dir is None
            assert not processes_naming(tmp_path / "unused")


def test_only_what_is_not_named_is_started(data_dir, tmp_path_factory, monkeypatch):
    with servers.running(data_dir, durable=False) as own:
        monkeypatch.setenv("DATABASE_URL", own.database)
        with servers.running(durable=False) as urls:
            assert urls.database == own.database
            assert urls.redis_broker != own.redis_broker
            assert not (urls.data_dir / "postgres").exists()


def test_a_database_out_of_reach_is_named_without_its_password():
    port = ports.any_free()
    text = refusal(DATABASE_URL=f"postgres://clinic:{PASSWORD}@127.0.0.1:{port}/clinic")
    assert text.startswith(
        f"DATABASE_URL is set, but PostgreSQL at 127.0.0.1:{port} cannot be used (Connection refused)"
    )
    assert text.endswith("start it, correct DATABASE_URL, or unset it to use the built-in server")


def test_a_wrong_password_is_named_without_showing_it(data_dir):
    with servers.running(data_dir, durable=False) as own:
        wrong = own.database.replace(own.database.split(":")[2].split("@")[0], PASSWORD)
        assert "password authentication failed" in refusal(DATABASE_URL=wrong)


def test_a_database_address_that_is_none_says_how_to_write_one():
    assert "write postgres://" in refusal(DATABASE_URL=f"{PASSWORD} is not an address")


def test_a_redis_out_of_reach_is_named_without_its_password():
    port = ports.any_free()
    text = refusal(REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    assert text.startswith(f"REDIS_URL is set, but Redis at 127.0.0.1:{port} cannot be used (")


def test_a_redis_socket_that_is_not_there_is_named(tmp_path):
    assert f"Redis at {tmp_path}/none.sock" in refusal(REDIS_URL=f"redis+socket://{tmp_path}/none.sock?virtual_host=0")


@pytest.mark.parametrize(
    ("broker", "cache"),
    [
        ("redis://cache.example:6379/0", "redis://cache.example:6379/1"),
        (
            "rediss://:secret@cache.example/0?ssl_cert_reqs=required",
            "rediss://:secret@cache.example/1?ssl_cert_reqs=required",
        ),
        ("redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=1"),
    ],
)
def test_the_cache_is_database_one_of_the_same_server(broker, cache):
    assert given.cache_url(broker) == cache
