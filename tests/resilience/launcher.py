"""The operator as a forked process that can be told to kill itself at one of its own mutating calls.

Run as a program, one JSON line a start on standard input. The modules are imported once, so that a start
costs a fork instead of a second. Only the two places where bytes leave the process are wrapped, aiohttp's
and botocore's own: the code under test is what the image runs, and holds no switch that could kill it.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import botocore.httpsession

import imagestore.k8s.brain
import imagestore.k8s.operator  # noqa: F401  loaded before the fork: kopf, aiohttp and botocore with it
from imagestore.__main__ import main as imagestore_main

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

    def before(self, method: str, url: str, body: Any) -> int:
        """The call's number, 0 if it is about something else; unless the process ends here."""
        text = body if isinstance(body, bytes) else str(body or "").encode()
        with self.lock:
            ours = self.about in url or self.about.encode() in text
            self.count += ours
            number = self.count if ours else 0
            self._pass(number, "before", method, url, 0)
            return number

    def after(self, number: int, method: str, url: str, status: int) -> None:
        """The answer is there, and nobody has seen it yet."""
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
        if not switch.watches(method, str(url)):
            return await request(self, method, url, **rest)
        number = switch.before(method, str(url), rest.get("data"))
        answer = await request(self, method, url, **rest)
        switch.after(number, method, str(url), answer.status)
        return answer

    aiohttp.ClientSession._request = counted  # type: ignore[method-assign,assignment]


def _wire_stores(switch: Switch) -> None:
    send = botocore.httpsession.URLLib3Session.send

    def counted(self: Any, request: Any) -> Any:
        if not switch.watches(request.method, request.url):
            return send(self, request)
        number = switch.before(request.method, request.url, request.body)
        answer = send(self, request)
        switch.after(number, request.method, request.url, answer.status_code)
        return answer

    botocore.httpsession.URLLib3Session.send = counted


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
