"""The operator's life without a cluster: once over the manifests, or following them until it is stopped."""

import asyncio
import base64
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Protocol

from imagestore.api.kinds import Kind
from imagestore.controller.assembly import Brain, Surface, controller
from imagestore.controller.edges import EventRecorder
from imagestore.controller.keys import SecretUnread
from imagestore.controller.runtime import SECRET
from imagestore.controller.state.objects import Key
from imagestore.core.fencing import Fenced
from imagestore.core.reasons import Reason
from imagestore.local.events import NoWithdrawals
from imagestore.local.folder import StateError, StateFolder
from imagestore.local.objects import Declared, FolderObjects, FolderRefused
from imagestore.local.rest import Rest
from imagestore.reconcile.shared.situation import Settings

Json = Any
_DRAIN = 15.0  # seconds for what runs when it is asked to stop
_TICK = 0.05


class ManifestSource(Protocol):
    """Where manifests come from while they are followed."""

    def changed(self) -> bool:
        """Whether they are others than when they were read, and no longer being written."""
        ...

    def read(self) -> Declared:
        """Read them."""
        ...


class LocalOperator:
    """The controller on a state folder of which this process holds the lock. Raises StateError."""

    def __init__(
        self, folder: StateFolder, brain: Brain, settings: Settings, recorder: EventRecorder
    ) -> None:
        self._rest, self._failure = Rest(monotonic), ""
        self.stragglers = 0  # reconciles that were still running at the end
        self._stop, self._declared = asyncio.Event(), Declared()
        self.objects = FolderObjects(folder, self._fail)
        surface = Surface(
            self.objects,
            recorder,
            lambda _: NoWithdrawals(),
            self._permit,
            self._rest.ended,
            secret=self._secret,
        )
        self.controller = controller(brain, settings, 64, surface)

    def _fail(self, sentence: str) -> None:
        self._failure = self._failure or sentence
        self._stop.set()

    def _secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """A Secret among the manifests, for a thread."""
        found = self._declared.keys(namespace, name)
        if found is None:
            message = (
                f"there is no Secret {name} of the namespace {namespace} among the manifests; add one from your copy of the key,"
                f" or give it with --credentials FILE ({name})"
            )
            raise SecretUnread(Reason.SECRET_NOT_FOUND, message)
        return found

    def _permit(self) -> None:
        """Nothing is written to a store that could not be remembered."""
        if self._failure:
            raise Fenced(f"the state folder cannot be written: {self._failure}")

    async def begin(self, declared: Declared, *, prune: bool) -> list[Key]:
        """Take over what is desired, and learn all there is. Return the objects that no manifest names any more."""
        left = await self.declare(declared, prune=prune, heard=lambda *_: None)
        for kind, obj in self.objects.all():
            self.controller.triggers.event(kind, None, obj)
        self.controller.triggers.everything()  # a check at once, where a restarted operator would wait for its interval
        return left

    async def declare(
        self, declared: Declared, *, prune: bool, heard: Callable[[Kind, str, Json], None] | None = None
    ) -> list[Key]:
        """Take over what is desired. Return the objects that no manifest names and that were not deleted."""
        tell = heard or self.controller.triggers.event
        self._declared = declared
        self._surround(declared)
        await self._all(self.objects.apply(m, tell) for m in declared.manifests)
        missing = self.objects.missing(declared.manifests)
        if not prune or declared.incomplete:
            return missing
        await self._all(self.objects.delete(key, tell) for key in missing)
        return []

    async def _all(self, writes: Iterable[Awaitable[None]]) -> None:
        """Side by side, begun in their order. Raises StateError."""
        for ended in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(ended, FolderRefused):
                raise StateError(str(ended)) from ended
            if ended is not None:
                raise ended

    def _surround(self, declared: Declared) -> None:
        """Secrets and namespaces, as an API server tells of them."""
        named = {m.namespace for m in declared.manifests if m.namespace} | declared.namespaces.keys()
        labels = {n: {"kubernetes.io/metadata.name": n, **declared.namespaces.get(n, {})} for n in named}
        self.controller.namespaces.listed(
            [{"metadata": {"name": n, "labels": found}} for n, found in labels.items()]
        )
        self.controller.secrets.listed([_secret(n, data) for n, data in declared.secrets.items()])

    def credentials_changed(self) -> None:
        """What was given besides the manifests is another: connect anew wherever a Secret is named."""
        known = self.controller
        names = {
            e.target.name for o in known.cache.all() for e in known.kinds.edges(o) if e.relation == SECRET
        }
        for name in names:
            known.triggers.secret(name)

    async def settle(
        self, timeout: float, progress: Callable[[Mapping[Key, float]], None]
    ) -> dict[Key, float]:
        """Work until nothing is left to do at once, at most so many seconds. Return what was still waited for."""
        async with self._working():
            until = monotonic() + timeout
            while (waiting := self._rest.waited_for(self.controller)) and not self._stop.is_set():
                if monotonic() > until:
                    return waiting
                progress(waiting)
                await asyncio.sleep(_TICK)
        return waiting

    async def follow(self, manifests: ManifestSource, told: Callable[[list[Key]], None], poll: float) -> None:
        """Work, and follow the manifests, until a signal comes."""
        async with self._working():
            while not self._stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(poll):
                        await self._stop.wait()
                if self._stop.is_set():
                    return
                if manifests.changed():
                    told(await self.declare(await asyncio.to_thread(manifests.read), prune=True))
                elif self._is_wanted_again():
                    await self.declare(self._declared, prune=False)

    def _is_wanted_again(self) -> bool:
        """Whether an object is gone whose manifest came back while it was being deleted."""
        known = set(self.objects.known())
        return any(m.key not in known for m in self._declared.manifests)

    def stop(self) -> None:
        """Ask it to stop in good order."""
        self._stop.set()

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """A dispatcher that works, until the end of the block; then what runs is finished. Raises StateError."""
        loop, made = asyncio.get_running_loop(), self.controller
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # not the main thread
                loop.add_signal_handler(number, self._stop.set)
        dispatching = asyncio.create_task(made.dispatcher.run(), name="dispatcher")
        dispatching.add_done_callback(lambda _: self._stop.set())
        try:
            yield
            made.services.close()
            self.stragglers = await made.drain(_DRAIN)
        finally:
            made.queue.close()
            made.services.close()
            dispatching.cancel()
            await asyncio.gather(dispatching, return_exceptions=True)
            made.pool.shutdown(wait=False, cancel_futures=True)
        if self._failure:
            raise StateError(self._failure)
        if not dispatching.cancelled() and (error := dispatching.exception()) is not None:
            raise error


def _secret(name: str, data: Mapping[str, bytes]) -> Json:
    return {"metadata": {"name": name}, "data": {k: base64.b64encode(v).decode() for k, v in data.items()}}
