"""Run as a program: 200 MB up and down through one client, and the most memory that it took, in MB."""

import sys
from collections.abc import Iterator

from dev.memory import peak
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.messages import BLOCK, BodyStream, HttpRequest
from imagestore.backends.http.route import HttpTarget


def main(scheme: str, authority: str, ca_file: str, size: str, framing: str) -> None:
    """Print how many bytes came down, and by how much the most memory grew."""
    client = HttpClient(HttpTarget(scheme, authority, ca_file or None))

    def put(length: int) -> int:
        body = BodyStream(_blocks(length), None if framing == "chunked" else length)
        with client.stream(HttpRequest("PUT", authority, "/", {}, body)) as answer:
            return sum(map(len, answer))

    put(2 * BLOCK)  # what a first request needs once
    before = peak()
    print(put(int(size)), round(peak() - before))


def _blocks(size: int) -> Iterator[bytes]:
    for begin in range(0, size, BLOCK):
        yield b"y" * min(BLOCK, size - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
