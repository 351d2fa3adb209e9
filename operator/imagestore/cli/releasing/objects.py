"""The objects with the operator's finalizer, and how it is removed."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from imagestore.cli.errors import CommandError
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import of
from imagestore.kinds import ALL

_Json = Any
# Against the order in which they are listed: a backend is kept for as long as a bucket needs it.
ORDER = tuple(record.kind.name for record in reversed(tuple(ALL)) if record.finalizer is not None)
TRIES = 5
AT_ONCE = 8


@dataclass(frozen=True, order=True)
class FinalizedObject:
    """One object with the operator's finalizer. ``deleting``: it is deleted as soon as the finalizer is removed."""

    kind: str
    namespace: str
    name: str
    deleting: bool

    @property
    def label(self) -> str:
        """As the command line names it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.label}" + (" (being deleted)" if self.deleting else "")


async def finalized_objects(client: Client) -> list[FinalizedObject]:
    """Every object with the operator's finalizer, in the order in which they are released."""
    return [target for kind in ORDER for target in await _of(client, kind)]


async def _of(client: Client, kind: str) -> list[FinalizedObject]:
    try:
        pages = [page async for page in client.pages(of(ALL[kind].kind), metadata=True)]
    except ApiError as error:
        if error.status == 404:  # the kind is not installed
            return []
        raise
    metas = [item["metadata"] for page in pages for item in page.items]
    return [
        FinalizedObject(kind, m.get("namespace", ""), m["name"], "deletionTimestamp" in m)
        for m in metas
        if ALL[kind].finalizer in (m.get("finalizers") or ())
    ]


def chosen(found: list[FinalizedObject], names: Iterable[str]) -> list[FinalizedObject]:
    """The objects with these names. Raises CommandError for a name that no object has: it may be a typo."""
    by_label = {t.label: t for t in found}
    missing = [n for n in names if n not in by_label]
    if missing:
        raise CommandError(
            *(
                f"{n}: no object of this name has the operator's finalizer; see: imagestore release --all --dry-run"
                for n in missing
            )
        )
    return [t for t in found if t.label in set(names)]


async def release_all(client: Client, targets: list[FinalizedObject]) -> list[str]:
    """Remove the finalizers, several at a time and kind by kind. Return a sentence for each that could not be removed."""
    failed: list[str] = []
    for kind in ORDER:
        gate = asyncio.Semaphore(AT_ONCE)
        one = [_guarded(client, t, gate, failed) for t in targets if t.kind == kind]
        await asyncio.gather(*one)
    return failed


async def _guarded(
    client: Client, target: FinalizedObject, gate: asyncio.Semaphore, failed: list[str]
) -> None:
    async with gate:
        try:
            await _release(client, target)
        except ApiError as error:
            failed.append(f"{target}: {error}")


async def _release(client: Client, target: FinalizedObject) -> None:
    """Keep the finalizers of others. The resourceVersion guards against undoing a change made in the meantime."""
    resource = of(ALL[target.kind].kind)
    for attempt in range(1, TRIES + 1):
        try:
            meta = (await client.get(resource, target.namespace, target.name))["metadata"]
            left = [f for f in meta.get("finalizers") or () if f != ALL[target.kind].finalizer]
            body = {"metadata": {"resourceVersion": meta["resourceVersion"], "finalizers": left}}
            await client.patch(resource, target.namespace, target.name, body)
        except ApiError as error:
            if error.status == 404:
                return
            if error.status != 409 or attempt == TRIES:
                raise
        else:
            return
