"""A bearer token that a program prints, as managed clusters have it (client.authentication.k8s.io)."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from imagestore.k8s.api.errors import AccessError

_PATIENCE = 30.0  # seconds that the program may take
_UNSAID = 600.0  # how long a token is used that does not say when it expires
_LEAST = 10.0  # between two runs: of two machines' clocks one may be wrong
_AHEAD = 60.0  # renewed so long before it expires, of a short one after four fifths of its time


class ExecToken:
    """Blocking while ``fresh`` is false: then it is asked in a thread. Several may ask; the program runs once."""

    def __init__(
        self,
        command: Mapping[str, Any],
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = _PATIENCE,
    ) -> None:
        self._command, self._clock, self._now, self._patience = command, clock, now, patience
        self._lock = threading.Lock()
        self._header, self._until, self._expires = "", clock(), clock()
        self._failed: tuple[float, str] | None = None

    def fresh(self) -> bool:
        """Whether a token is at hand that need not be renewed yet."""
        return self._clock() < self._until

    def __call__(self) -> str:
        asked = self._clock()
        with self._lock:
            if not self.fresh():
                self._told(asked)
                self._renew()
            return self._header

    def _told(self, asked: float) -> None:
        """All that waited get the same failure: with a run of its own for each of them a replica did not end."""
        if self._failed and self._failed[0] >= asked:
            raise AccessError(self._failed[1])

    def _renew(self) -> None:
        try:
            self._header, lasts = self._asked()
        except AccessError as error:
            if self._clock() >= self._expires:
                self._failed = self._clock(), str(error)
                raise
            self._until = min(
                self._expires, self._clock() + _LEAST
            )  # the one at hand is good a little longer
        else:
            began = self._clock()
            self._expires = began + lasts
            self._until = began + max(_LEAST, lasts - min(_AHEAD, lasts / 5))

    def _asked(self) -> tuple[str, float]:
        """The header, and how many seconds it may be used."""
        try:
            status = json.loads(self._printed())["status"]
            token, expires = str(status["token"]), status.get("expirationTimestamp")
            lasts = (datetime.fromisoformat(expires) - self._now()).total_seconds() if expires else _UNSAID
        except (ValueError, KeyError, TypeError):
            # Not what it printed: that may hold a token.
            raise AccessError(f"{self._name} printed no ExecCredential with a token") from None
        return f"Bearer {token}", lasts

    def _printed(self) -> str:
        words = [str(self._command["command"]), *map(str, self._command.get("args") or ())]
        try:
            ended = subprocess.run(
                words, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                check=False, timeout=self._patience,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise AccessError(f"{self._name} did not end within {self._patience:g} s") from None
        except OSError as error:
            raise AccessError(f"{self._name} cannot be run: {error.strerror}") from None
        if ended.returncode != 0:
            raise AccessError(f"{self._name} ended with {ended.returncode}")
        return ended.stdout

    def _environment(self) -> dict[str, str]:
        """Some programs do nothing unless they are told in which version they are asked."""
        info = {
            "apiVersion": self._command.get("apiVersion", "client.authentication.k8s.io/v1"),
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }
        extra = {e["name"]: e["value"] for e in self._command.get("env") or ()}
        return {**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(info), **extra}

    @property
    def _name(self) -> str:
        return f"{self._command['command']}, which the kubeconfig names,"
