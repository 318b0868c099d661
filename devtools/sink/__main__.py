"""``python -m devtools.sink --port 1025 --dir var/messages``: catch mail until stopped, a line for each message.

Anything that speaks SMTP may send here; nothing ever leaves this machine.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from devtools.sink.server import MailSink


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or Ctrl-C; 2 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m devtools.sink", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes any free one")
    parser.add_argument("--dir", type=Path, required=True, help="where to keep the messages, one .eml file each")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sink = MailSink(options.dir, port=options.port, told=lambda line: print(line, flush=True))
    try:
        port = sink.start()
    except OSError as error:
        print(f"error: cannot listen on port {options.port}: {error.strerror or error}", file=sys.stderr)
        return 2
    print(f"catching mail on 127.0.0.1:{port}, kept in {options.dir}", flush=True)
    stop.wait()
    sink.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
