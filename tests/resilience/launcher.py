"""The operator as a forked process that can be told to kill itself at one of its own mutating calls.

Run as a program, one JSON line a start on standard input. The modules are imported once, so that a start
costs a fork instead of a second. Only the places where bytes leave the process are wrapped, aiohttp's
and our own: the code under test is what the image runs, and holds no switch that could kill it.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

import imagestore.k8s.life.brain
import imagestore.k8s.life.operator  # noqa: F401  loaded before the fork: kopf, aiohttp and botocore with it
from imagestore.__main__ import main as imagestore_main
from imagestore.backends.http.client import HttpClient

READS = {"GET", "HEAD"}
# A Lease is renewed by time, and a review changes nothing: neither belongs to an object.
NOT_COUNTED = ("/leases", "/selfsubjectrulesreviews")
_PR_SET_PDEATHSIG = 1


@dataclass
class Switch:
    """Writes down every mutating call, numbers those about one object, and kills the process at one of them."""

    about: str
    number: int
    side: str
    trail: int
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watches(self, method: str, url: str) -> bool:
        """Whether this call may change something that belongs to an object."""
        return method not in READS and not any(part in url for part in NOT_COUNTED)

    def begins(self, method: str, url: str, body: Any) -> int:
        """The call's number, 0 if it is about something else; unless the process ends here."""
        if not self.watches(method, url):
            return 0
        text = body if isinstance(body, bytes) else str(body or "").encode()
        with self.lock:
            ours = self.about in url or self.about.encode() in text
            self.count += ours
            number = self.count if ours else 0
            self._pass(number, "before", method, url, 0)
            return number

    def ends(self, number: int, method: str, url: str, status: int) -> None:
        """The answer is there, and nobody has seen it yet."""
        if not self.watches(method, url):
            return
        with self.lock:
            self._pass(number, "after", method, url, status)

    def _pass(self, number: int, side: str, method: str, url: str, status: int) -> None:
        line = {"about": self.about if number else "", "number": number, "side": side}
        line |= {"method": method, "url": url, "status": status}
        os.write(self.trail, json.dumps(line).encode() + b"\n")
        if number and (number, side) == (self.number, self.side):
            os.kill(os.getpid(), signal.SIGKILL)


def wire(switch: Switch) -> None:
    """Put the switch where bytes leave the process."""
    _wire_kubernetes(switch)
    _wire_stores(switch)


def _wire_kubernetes(switch: Switch) -> None:
    request = aiohttp.ClientSession._request

    async def counted(self: Any, method: str, url: Any, **rest: Any) -> Any:
        number = switch.begins(method, str(url), rest.get("data"))
        answer = await request(self, method, url, **rest)
        switch.ends(number, method, str(url), answer.status)
        return answer

    _put(aiohttp.ClientSession, "_request", counted)


def _wire_stores(switch: Switch) -> None:
    """Whatever a store or its admin API is asked goes through one client."""
    send = HttpClient.send

    def counted(self: Any, request: Any) -> Any:
        url = f"{self._target.scheme}://{request.host}{request.target}"
        number = switch.begins(request.method, url, request.body)
        answer = send(self, request)
        switch.ends(number, request.method, url, answer.status)
        return answer

    _put(HttpClient, "send", counted)


def _put(kind: type, method: str, wrapped: Callable[..., Any]) -> None:
    setattr(kind, method, wrapped)


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _child(order: dict[str, Any], parent: int) -> None:
    _die_with_parent(parent)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["env"])
    trail = os.open(order["trail"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    wire(Switch(order["about"], order["number"], order["side"], trail))
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    os._exit(imagestore_main(order["argv"]))


def main() -> None:
    """Start one operator for each line, and say how it ended."""
    parent = os.getpid()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line), parent)
        print(json.dumps({"pid": pid}), flush=True)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"code": code}), flush=True)


if __name__ == "__main__":
    main()
