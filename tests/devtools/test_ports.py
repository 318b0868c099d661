"""Ports: a busy one is refused with the command that avoids it."""

import re
import socket

import pytest

from devtools.local import ports
from devtools.local.errors import LocalServerError

ADVICE = "make demo PORT={port}"


def test_a_free_port_is_given_back():
    port = ports.any_free()
    assert ports.require_free(port, advice=ADVICE) == port


def test_a_busy_port_is_refused_with_another_that_is_free():
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        busy = taken.getsockname()[1]
        with pytest.raises(LocalServerError) as refused:
            ports.require_free(busy, advice=ADVICE)
    text = str(refused.value)
    assert text.startswith(f"port {busy} is busy: run `make demo PORT=")
    other = int(re.search(r"PORT=(\d+)", text)[1])
    assert other != busy
    ports.require_free(other, advice=ADVICE)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(LocalServerError, match="is not a port"):
        ports.require_free(port, advice=ADVICE)
