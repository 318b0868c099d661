"""The processes of the demo: the same as in production, plus a mail sink."""

import re
import sys
from pathlib import Path

from devtools.local.conditions import answering, listening, printed
from devtools.local.ports import LOOPBACK
from devtools.local.supervisor import Program

_NOISE = re.compile(
    r"Task \S+ (received|succeeded)|Scheduler: Sending|mingle:|beat: (Starting|Shutting)|Connected to redis|"
    r"Shutdown state|Worker (shutdown|exit)|\[INFO\] (Control|Handling)|"
    # under root with a checkout only root can read
    r"superuser privileges|absolutely not recommended|--uid option|User information"
)
_CELERY = re.compile(r"^\[[^]]*?(?P<level>[A-Z]+)(/[^]]*)?\] *")


def _shown(line: str) -> str | None:
    """A line of Celery's or gunicorn's as the log says it; its banner and its routine are left out."""
    line = _CELERY.sub("", line)
    if not line.strip() or line.startswith((" ", "-", "_", "*", "[", "celery@", "LocalTime", ".", "Configuration")):
        return None if "[ERROR]" not in line and "[CRITICAL]" not in line else line
    return None if _NOISE.search(line) else line


def mail_sink(*, port: int, folder: Path) -> Program:
    """The SMTP server that keeps every message instead of delivering it."""
    return Program(
        "mail",
        [sys.executable, "-m", "devtools.sink", "--port", str(port), "--dir", str(folder)],
        ready=listening(port),
    )


def phone_network(*, port: int, folder: Path, clinic_port: int) -> Program:
    """The network that keeps every text instead of delivering it, and carries patients' answers to the clinic."""
    inbound = f"http://localhost:{clinic_port}/hooks/twilio/inbound"
    arguments = ["--port", str(port), "--dir", str(folder), "--inbound", inbound]
    return Program("phone", [sys.executable, "-m", "devtools.phone_network", *arguments], ready=listening(port))


def web(*, port: int) -> Program:
    """Gunicorn with the pages and the API."""
    return Program(
        "web",
        [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--bind",
            f"{LOOPBACK}:{port}",
            "--workers",
            "2",
            "--threads",
            "4",
            "--access-logfile",
            "-",
            "--access-logformat",
            "%(m)s %({courseline.route}e)s %(s)s in %(M)s ms",  # no addresses: they may carry names and codes
            "--worker-tmp-dir",
            "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp",  # noqa: S108 - a heartbeat file, emptied at once
            "--no-control-socket",
        ],
        ready=answering(port, "/livez"),
        show=lambda line: None if " /livez " in line or " - " in line else _shown(line),
    )


def worker() -> Program:
    """The Celery worker, for both queues."""
    return Program(
        "worker",
        [
            sys.executable, "-m", "celery", "-A", "config", "worker",
            "--queues", "default,delivery", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip",
            "--without-mingle",
        ],
        ready=printed(r"ready\."),
        show=_shown,
    )  # fmt: skip


def beat(*, folder: Path) -> Program:
    """Celery's beat, which only wakes the work that stands in the database."""
    return Program(
        "beat",
        [
            sys.executable, "-m", "celery", "-A", "config", "beat",
            "--loglevel", "INFO", "--schedule", str(folder / "beat"), "--pidfile", "",
        ],
        ready=printed(r"beat: Starting"),
        show=_shown,
    )  # fmt: skip
