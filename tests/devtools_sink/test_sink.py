"""The mail sink: a real SMTP server, as a process, and the pages that show what it caught."""

from __future__ import annotations

import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.urls import reverse

from devtools.sink import mailbox
from devtools.sink.server import MailSink

ROOT = Path(__file__).resolve().parents[2]


def mail(subject: str, text: str = "Hello", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Alder <a@example.org>", "pat@example.org", subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def send(port: int, *messages: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as connection:
        for message in messages:
            connection.send_message(message)


@pytest.fixture
def sink(tmp_path: Path, settings) -> Iterator[MailSink]:
    settings.MESSAGE_SINK_DIR = tmp_path / "caught"
    sink = MailSink(settings.MESSAGE_SINK_DIR)
    sink.start()
    yield sink
    sink.stop()


def test_every_mail_becomes_a_file_in_order_of_arrival(sink) -> None:
    send(sink.port, mail("One"), mail("Two ñ"))
    assert [caught.mail["Subject"] for caught in mailbox.newest(sink.folder)] == ["Two ñ", "One"]
    assert len(sink.caught()) == 2
    assert [path.name for path in sink.folder.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "devtools.sink", "--port", "0", "--dir", str(tmp_path / "caught")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_the_process_prints_a_line_for_each_and_ends_when_told(process, tmp_path: Path) -> None:
    first = process.stdout.readline()
    port = int(first.partition("127.0.0.1:")[2].partition(",")[0])
    send(port, mail("Your appointment on Thursday 26 November"))
    assert process.stdout.readline() == "mail to pat@example.org: Your appointment on Thursday 26 November\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert len(list((tmp_path / "caught").glob("*.eml"))) == 1


def test_a_taken_port_is_said_in_one_line(sink, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "devtools.sink", "--port", str(sink.port), "--dir", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: cannot listen on port {sink.port}:")
    assert ended.stderr.count("\n") == 1


def test_the_pages_show_what_was_caught(sink, client, flora) -> None:
    client.force_login(flora)
    assert b"No message yet" in client.get(reverse("caught-messages")).content
    send(sink.port, mail("First"), mail("<script>alert(1)</script>", "Dear <b>Pat</b>", "<p onclick=x>Pat</p>"))
    listed = client.get(reverse("caught-messages")).content.decode()
    assert listed.index("&lt;script&gt;") < listed.index("First")
    name = mailbox.newest(sink.folder)[0].name
    shown = client.get(reverse("caught-message", args=[name])).content.decode()
    assert "Dear &lt;b&gt;Pat&lt;/b&gt;" in shown
    assert "&lt;p onclick=x&gt;" in shown
    assert "Alder &lt;a@example.org&gt;" in shown
    assert "<script>alert" not in shown + listed


def test_the_pages_ask_who_is_there(sink, client, db) -> None:
    assert client.get(reverse("caught-messages")).status_code == 302


@pytest.mark.parametrize("name", ["nothing", "..", "../caught", "../../etc/passwd", "a/b", ""])
def test_only_files_of_the_folder_are_read(sink, name: str) -> None:
    (sink.folder.parent / "secret.eml").write_text("Subject: secret\n\nx")
    assert mailbox.read(sink.folder, name) is None
    assert mailbox.read(sink.folder, "../secret") is None


def test_an_unknown_message_is_not_found(sink, client, flora) -> None:
    client.force_login(flora)
    assert client.get(reverse("caught-message", args=["123-abc"])).status_code == 404


def test_the_page_shows_texts_too(client, flora, settings, tmp_path) -> None:
    from devtools.phone_network.ledger import Ledger

    settings.MESSAGE_SINK_DIR = tmp_path
    for body in ("First <b>", "Second"):
        Ledger(tmp_path).take(sender="+12025550123", to="+12125550177", body=body)
    client.force_login(flora)
    page = client.get(reverse("caught-messages")).content.decode()
    assert page.index("Second") < page.index("First &lt;b&gt;")
    assert "To +12125550177" in page
