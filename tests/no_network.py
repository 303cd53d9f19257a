"""`python -m tests.no_network build …`: the command line, in a process that dies the moment it reaches for the network."""

from __future__ import annotations

import os
import socket
import sys

FORBIDDEN = 99  # the exit code


ASKING = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}


def forbid(event: str, args: tuple[object, ...]) -> None:
    """An audit hook cannot be taken off again. Merely making a socket is no call: urllib3 does so to look for IPv6."""
    if event in ASKING:
        print(f"The network was asked for: {event} {args[1:]}", file=sys.stderr, flush=True)
        os._exit(FORBIDDEN)


if __name__ == "__main__":
    sys.addaudithook(forbid)
    if sys.argv[1] == "control":
        socket.socket(socket.AF_INET).connect(("127.0.0.1", 9))
    from desk.cli import main

    main()
