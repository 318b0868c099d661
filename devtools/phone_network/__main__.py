"""``python -m devtools.phone_network --port 0 --dir var/messages``: a phone network until stopped, a line for each text."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from devtools.phone_network import account
from devtools.phone_network.server import PhoneNetwork


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or Ctrl-C; 2 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m devtools.phone_network", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes any free one")
    parser.add_argument("--dir", type=Path, required=True, help="where to keep the texts, one file each")
    parser.add_argument("--account", default=account.ACCOUNT, help="the account's id (default: %(default)s)")
    parser.add_argument("--token", default=account.TOKEN, help="the account's token (default: %(default)s)")
    parser.add_argument("--number", default=account.NUMBER, help="the clinic's number (default: %(default)s)")
    parser.add_argument("--secret", default=account.SECRET, help="of signed requests (default: %(default)s)")
    parser.add_argument("--inbound", default="", help="where patients' answers are sent to")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        network = PhoneNetwork(
            options.dir,
            port=options.port,
            account=options.account,
            token=options.token,
            number=options.number,
            secret=options.secret,
            inbound=options.inbound,
        )
    except OSError as error:
        print(f"error: cannot listen on port {options.port}: {error.strerror or error}", file=sys.stderr)
        return 2
    network.told = lambda line: print(line, flush=True)
    thread = threading.Thread(target=network.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    print(f"taking texts on 127.0.0.1:{network.port}, kept in {options.dir}", flush=True)
    stop.wait()
    network.shutdown()
    thread.join()
    network.courier.stop()
    network.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
