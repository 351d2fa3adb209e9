"""Carry connections between the machine's loopback and the node's network namespace.

Run as `python relay.py PID FROM:HOST:PORT=TO:HOST:PORT...`, where FROM and TO are `node` (the network namespace of
process PID) or `machine`. So the node needs neither a route nor a rule of the machine's.
"""

import asyncio
import ctypes
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_CLONE_NEWNET = 0x40000000
_BUFFER = 1 << 16


@dataclass(frozen=True)
class End:
    """An address in one of the two namespaces."""

    where: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "End":
        """Such as node:10.0.0.1:443."""
        where, host, port = text.split(":")
        return cls(where, host, int(port))


class Namespaces:
    """Both, by open files; sockets are made in either."""

    def __init__(self, pid: int) -> None:
        self._files = {"machine": _open("/proc/self/ns/net"), "node": _open(f"/proc/{pid}/ns/net")}

    def socket(self, where: str) -> socket.socket:
        """A TCP socket that stays in that namespace, whoever uses it."""
        with self._inside(where):
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    @contextmanager
    def _inside(self, where: str) -> Iterator[None]:
        _enter(self._files[where])
        try:
            yield
        finally:
            _enter(self._files["machine"])


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _enter(file: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(file, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


async def _serve(namespaces: Namespaces, listen: End, connect: End) -> None:
    listener = namespaces.socket(listen.where)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((listen.host, listen.port))

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other = namespaces.socket(connect.where)
        other.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(other, (connect.host, connect.port))
        except OSError:  # nobody listens there: that is what the caller is to see
            other.close()
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(sock=other)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))

    server = await asyncio.start_server(carry, sock=listener)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_BUFFER):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def _main(pid: int, routes: list[str]) -> None:
    namespaces = Namespaces(pid)
    pairs = [route.split("=") for route in routes]
    serving = [_serve(namespaces, End.parse(listen), End.parse(connect)) for listen, connect in pairs]
    sys.stdout.write("carrying\n")  # each listens before it first waits
    sys.stdout.flush()
    await asyncio.gather(*serving)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2:]))
