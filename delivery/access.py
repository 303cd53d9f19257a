"""Signing in with an access token (OAuth 2, XOAUTH2), as Microsoft 365 and Google want it; a program of the house's choice gets it."""

import shlex
import subprocess
import threading
import time

from delivery.model import DeliveryError

COMMAND_SECONDS = 30
KEPT_SECONDS = 300  # tokens last an hour; whoever hands out one that lasts less than this hands out a useless one


class AccessToken:
    """Called, gives a token that may be used now. Many connections ask at once; the program is asked once. Raises DeliveryError."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._token = _asked(self._command)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._token

    def refused(self) -> None:
        """A server did not take it: the next call asks again."""
        self._until = 0.0


def xoauth2(username: str, token: str) -> str:
    return f"user={username}\1auth=Bearer {token}\1\1"


def _asked(command: str) -> str:
    """The token never stands in a message of ours; what the program says on its standard error does."""
    try:
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise DeliveryError(f"token-command: it gave nothing within {COMMAND_SECONDS} seconds: {command}") from error
    except (OSError, ValueError) as error:
        raise DeliveryError(f"token-command: it cannot be run: {command}: {error}") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
        raise DeliveryError(f"token-command: it ended with {done.returncode}: {said}")
    token = done.stdout.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise DeliveryError("token-command: it must print one access token and nothing else")
    return token
