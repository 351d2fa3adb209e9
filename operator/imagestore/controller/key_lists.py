"""The list of keys that a Restore names: an object that others can write. It is read within bounds, and only until it is chosen."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from imagestore.controller.opening import RunParts, Unready
from imagestore.core.errors import NotFound
from imagestore.core.keys import raw
from imagestore.core.reasons import Reason
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.shared.runs import RunTrouble

LIST_BYTES = 8 * 1024**2
MOST_KEYS = 100_000  # as many as the report of a Restore names
LONGEST_LINE = 4096  # bytes; keys are shorter


def key_list(parts: RunParts, job: RestoreJob) -> frozenset[str]:
    """The keys that the job's list names. Raises Unready, for good where the list is empty or too large; StoreError."""
    if job.keys is None:
        return frozenset()
    where, key = job.keys
    end = parts.end("source", where)
    try:
        with end.store.read(end.bucket, key) as body:
            if body.head.size > LIST_BYTES:
                raise _too_large(body.head.size)
            found = _listed(body)
    except NotFound:
        raise _unlisted(
            f"the bucket {end.bucket} does not have the object of filter.keysFrom", final=False
        ) from None
    if not found:
        raise _unlisted("the object of filter.keysFrom names no key")
    return found


def _listed(body: Iterable[bytes]) -> frozenset[str]:
    found = set[str]()
    for line in filter(None, map(_without_return, _lines(body))):
        found.add(line.decode("utf-8", "surrogateescape"))
        if len(found) > MOST_KEYS:
            raise _unlisted(f"the list has more than {MOST_KEYS} keys; split it, or give prefixes")
    return frozenset(found)


def _without_return(line: bytes) -> bytes:
    return line.removesuffix(b"\r")


def _lines(body: Iterable[bytes]) -> Iterator[bytes]:
    rest, size = b"", 0
    for block in body:
        size += len(block)
        if size > LIST_BYTES:
            raise _too_large(size)
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise _unlisted(f"a line has more than {LONGEST_LINE} bytes; give one key a line")
    yield rest


def _too_large(size: int) -> Unready:
    return _unlisted(f"the list of keys has {size} bytes; split it at {LIST_BYTES}, or give prefixes")


def _unlisted(message: str, *, final: bool = True) -> Unready:
    return Unready(RunTrouble("source", Reason.KEYS_NOT_LISTED, message, final))


def kept_list(keys: frozenset[str]) -> bytes:
    """The list as a Restore keeps it once it was chosen: each key in a line."""
    return b"\n".join(sorted(map(raw, keys)))


def of_kept_list(kept: bytes | None) -> frozenset[str]:
    """The keys of a kept list."""
    lines = kept.split(b"\n") if kept else ()
    return frozenset(line.decode("utf-8", "surrogateescape") for line in lines)


def list_digest(keys: frozenset[str]) -> str:
    """What tells a list from others; empty where there is none."""
    return sha256(kept_list(keys)).hexdigest() if keys else ""
