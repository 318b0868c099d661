"""docker-compose.yml and Dockerfile: their shape, and every command of ours in them really started."""

import io
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from devtools.local import binaries, conditions, ports, processes, servers
from devtools.local.supervisor import Program, Supervisor
from tests.devtools.conftest import eventually

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = COMPOSE["services"]
OURS = {"web", "worker", "beat", "migrate"}
THEIRS = {"db", "redis", "mail"}
LONG_RUNNING_WITH_HEALTH = {"web", "worker", *THEIRS}

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:(?P<kind>:-|:\?)(?P<text>[^}]*))?\}")


def filled_in(text: str) -> str:
    """``text`` as compose reads it when no variable is set."""
    return VARIABLE.sub(lambda found: found["text"] if found["kind"] == ":-" else "", text).replace("$$", "$")


# --- shape ---------------------------------------------------------------------------------------------------


def test_the_services_are_those_of_the_architecture():
    assert set(SERVICES) == OURS | THEIRS


@pytest.mark.parametrize("name", sorted(OURS | THEIRS))
def test_each_image_has_a_variable_and_a_pinned_default(name):
    image = SERVICES[name]["image"]
    found = VARIABLE.fullmatch(image)
    assert found, f"{image} cannot be replaced"
    assert re.search(r":(local|v?\d+\.\d+)", found["text"]), f"{found['text']} is not pinned"


def test_the_base_image_has_a_build_argument():
    assert DOCKERFILE.index("ARG BASE_IMAGE=") < DOCKERFILE.index("FROM ")
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE_IMAGE}"}
    default = re.search(r"^ARG BASE_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)[1]
    assert COMPOSE["x-app"]["build"]["args"]["BASE_IMAGE"] == f"${{BASE_IMAGE:-{default}}}"


def test_building_needs_no_other_frontend_image():
    assert "syntax=" not in DOCKERFILE


def test_the_image_runs_without_root():
    user, command = DOCKERFILE.rindex("\nUSER 1"), DOCKERFILE.rindex("\nCMD ")
    assert user < command
    assert all("user" not in SERVICES[name] for name in OURS)
    assert all(SERVICES[name]["cap_drop"] == ["ALL"] and SERVICES[name]["read_only"] for name in OURS)


@pytest.mark.parametrize("name", [".env", ".git", ".venv", "var", "devtools", "tests"])
def test_the_image_leaves_out(name):
    assert name in (ROOT / ".dockerignore").read_text().splitlines()


def test_what_waits_waits_for_health():
    for name in OURS - {"migrate"}:
        assert {service: wait["condition"] for service, wait in SERVICES[name]["depends_on"].items()} == {
            "db": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"
    assert all("healthcheck" in SERVICES[name] for name in LONG_RUNNING_WITH_HEALTH)


def test_data_lies_on_named_volumes():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert SERVICES["db"]["volumes"] == ["database:/var/lib/postgresql"]  # the place of PostgreSQL 18 and later


def test_secrets_have_no_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        kinds = {found["kind"] for found in VARIABLE.finditer(text) if found["name"] == name}
        assert kinds == {":?"}


def test_nothing_is_reachable_from_outside_unless_asked_for():
    published = [filled_in(port) for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(published) == ["127.0.0.1:8000:8000", "127.0.0.1:8025:8025"]


def test_every_variable_can_be_found_in_the_example():
    example = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    text = (ROOT / "docker-compose.yml").read_text()
    used = {found["name"] for found in VARIABLE.finditer(text)}
    assert used <= documented | {"MAIL_PORT"}
    assert documented <= used


def test_every_variable_of_ours_is_read_by_the_settings():
    read = "".join(path.read_text() for path in (ROOT / "config").glob("*.py"))
    assert [name for name in COMPOSE["x-app"]["environment"] if f'"{name}"' not in read] == []


def test_every_periodic_job_has_a_worker_for_its_queue():
    from config.beat import TIMETABLE

    queues = re.search(r"-Q (\S+)", SERVICES["worker"]["command"])[1].split(",")
    assert {job["options"]["queue"] for job in TIMETABLE.values()} <= set(queues)


def test_neither_addresses_nor_query_strings_are_logged():
    words = shlex.split(SERVICES["web"]["command"])
    wanted = words[words.index("--access-logformat") + 1]
    # %(U)s would keep the codes of patients' links; %(r)s, %(q)s and %(f)s also the names people search for
    assert set(re.findall(r"%\(([^)]+)\)s", wanted)) == {"t", "m", "{courseline.route}e", "s", "M"}


# --- the commands, started -----------------------------------------------------------------------------------


def command_of(name: str) -> list[str]:
    """The command of a service of ours, as this environment can run it."""
    words = shlex.split(filled_in(SERVICES[name]["command"]))
    program = {"python": [sys.executable]}.get(words[0], [sys.executable, "-m", words[0]])
    return [*program, *words[1:]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The variables of the compose file, with servers of its own behind them and nothing of development."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "DEVTOOLS", "PYTHONDONTWRITEBYTECODE"):
            patch.delenv(name, raising=False)
        with servers.running(durable=False) as urls:
            given = {name: filled_in(value) for name, value in COMPOSE["x-app"]["environment"].items()}
            yield {
                **os.environ,
                **given,
                **urls.as_environment(),
                "SECRET_KEY": secrets.token_urlsafe(50),
                "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
            }


(COLLECT,) = (shlex.split(found) for found in re.findall(r"manage\.py collectstatic .+", DOCKERFILE))
"""How the image collects its static files."""


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def migrated(environment) -> dict[str, str]:
    """The one-shot service has run, and the image's static files are collected."""
    for command in (command_of("migrate"), [sys.executable, *COLLECT]):
        done = run(command, environment)
        assert done.returncode == 0, done.stdout + done.stderr
    return environment


@pytest.mark.processes
def test_every_service_of_ours_starts_and_its_health_check_tells(migrated, tmp_path):
    port = ports.any_free()
    web_check = [sys.executable, "-c", SERVICES["web"]["healthcheck"]["test"][3].replace("8000", str(port))]
    worker_words = SERVICES["worker"]["healthcheck"]["test"][1].replace("$$HOSTNAME", os.uname().nodename)
    worker_check = [sys.executable, "-m", *shlex.split(worker_words)]
    assert run(web_check, migrated).returncode != 0  # the control: nobody answers yet
    assert run(worker_check, migrated).returncode != 0

    web = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in command_of("web")]
    python, *words = command_of("beat")
    beat = [python, *(word.replace("/tmp/", f"{tmp_path}/") for word in words)]  # noqa: S108 - the container's folder
    with Supervisor(environment=migrated, output=io.StringIO()) as supervisor:
        supervisor.start(
            Program("web", web, ready=conditions.answering(port, "/livez"), ready_seconds=300, unprivileged=False),
            Program(
                "worker",
                command_of("worker"),
                ready=conditions.printed(r"celery@\S+ ready"),
                ready_seconds=300,
                unprivileged=False,
            ),
            Program("beat", beat, ready=conditions.printed("beat: Starting"), ready_seconds=300, unprivileged=False),
        )
        for check in (web_check, worker_check):
            done = run(check, migrated)
            assert done.returncode == 0, done.stdout + done.stderr
        signed_out = conditions.answering(port, "/accounts/login/")
        assert eventually(lambda: signed_out(()))  # with the collected static files


def test_the_image_alone_serves_too():
    command = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1]
    words = yaml.safe_load(command)
    assert words[:4] == ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000"]
    done = run([sys.executable, "-m", *words, "--version"], dict(os.environ))
    assert done.returncode == 0, done.stderr


def test_redis_starts_with_its_options():
    from devtools.local import data_folder, valkey

    words = shlex.split(SERVICES["redis"]["command"])
    assert words[0] == "valkey-server"
    with data_folder.throw_away() as folder, data_folder.locked(folder) as lock:
        socket = folder / "valkey.sock"
        command = [binaries.valkey_server(folder), *words[1:], "--port", "0", "--unixsocket", socket, "--dir", folder]
        with processes.server(
            "Valkey",
            command,
            log=folder / "log",
            ready=lambda: valkey._answers(socket),
            stop_signal=signal.SIGTERM,
            lock=lock,
        ):
            assert (folder / "appendonlydir").is_dir()


def test_the_databases_health_check_takes_its_options():
    from devtools.local import data_folder

    with data_folder.throw_away() as folder:
        program = binaries.postgres_install(folder) / "bin" / "pg_isready"
    check = SERVICES["db"]["healthcheck"]["test"]
    assert check[:2] == ["CMD", "pg_isready"]
    done = subprocess.run([program, *check[2:], "--port", str(ports.any_free())], capture_output=True, check=False)
    assert done.returncode == 2  # no answer; 3 would be a wrong option
