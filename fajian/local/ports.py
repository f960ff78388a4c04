"""Free ports of this machine."""

import socket
from contextlib import closing
from secrets import randbelow

#: below the range from which systems take ports for outgoing connections
FIRST_PORT, LAST_PORT = 20_000, 32_000


def free_port(wanted: int | None = None) -> int:
    """Return *wanted* if it is free on this machine, else another port that is."""
    port = wanted
    while port is None or not _is_free(port):
        port = FIRST_PORT + randbelow(LAST_PORT - FIRST_PORT)
    return port


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
