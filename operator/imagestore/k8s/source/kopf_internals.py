"""All that is used of kopf beyond what it publishes: its watches and listings, its scan of the API, its identity.

kopf's version is pinned because of this, and no other module imports ``kopf._...``.

A watch that fails is restarted, instead of ending kopf and with it the operator.

kopf takes any error inside a watch but 410, and 404 or 410 in place of a watch or a list, for the end of everything.
One ``500`` in a stream left the operator half-dead, seen behind the fault proxy: kopf waited for a task that it
could not cancel, no edit was noticed, /healthz said "alive", and 25 s later kopf killed the process with the
Lease in its hands.

What is known already never gets as far as kopf's workers: most events are the echo of our own writes or what we have
listed at the start, and a task, a queue and an invocation for each of them cost a fifth of a creation and half of a
restart. A deletion always does, since kopf remembers objects until it sees one. Nor is everything listed twice at a
start: kopf watches from our own listing on, so that no deletion falls between two.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import aiohttp
import kopf
from kopf._cogs.clients import errors, fetching, scanning, watching
from kopf._cogs.structs.references import Insights
from kopf._core.engines import peering
from kopf._core.reactor import observation

from imagestore import metrics
from imagestore.api.kinds import Kind
from imagestore.controller.source import Subscription

__all__ = ["Insights", "followed_resources", "insights", "install", "peering_identity", "scan"]

log = logging.getLogger(__name__)
_ORIGINAL, _LISTING = watching.continuous_watch, fetching.fetch_objs
_GIVE_UP = 60  # failures in a row, half an hour; then it ends, and a restart is visible


def install(subscription: Subscription) -> Callable[[], None]:
    """Replace kopf's watches and listings from now on. Return a function that makes all of them list anew."""
    ends: set[asyncio.Future[None]] = set()

    def list_anew() -> None:
        subscription.versions.clear()
        for end in tuple(ends):
            _end(end)

    watching.continuous_watch, fetching.fetch_objs = _watch(subscription, ends), _listing(subscription)
    return list_anew


def insights() -> Insights:
    """An empty memory of what the API serves, for kopf to fill."""
    return Insights()


def followed_resources(known: Insights) -> set[tuple[str, str]]:
    """Group and plural of each resource that kopf follows."""
    return {(resource.group, resource.plural) for resource in known.watched_resources}


def peering_identity(name: str) -> Any:
    """The identity that kopf gives itself."""
    return peering.Identity(name)


async def scan(
    known: Insights, registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings, groups: Iterable[str]
) -> None:
    """Read the API's discovery again and make kopf follow what it lists."""
    for group in groups:
        try:
            found = await scanning.scan_resources(groups={group}, settings=settings, logger=log)
        except (errors.APIError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("cannot scan: %s", error)
            return
        async with known.revised:
            observation.revise_resources(resources=found, insights=known, registry=registry, group=group)
            await known.backbone.fill(resources=found)
            known.revised.notify_all()


def _end(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _by_name(subscription: Subscription) -> Mapping[tuple[str, str], Kind]:
    return {(kind.group, kind.plural): kind for kind in subscription.kinds}


def _watch(subscription: Subscription, ends: "set[asyncio.Future[None]]") -> Any:
    failures: dict[str, int] = {}
    kinds = _by_name(subscription)

    async def continuous_watch(**arguments: Any) -> AsyncIterator[Any]:
        resource = arguments["resource"]
        what, kind = str(resource), kinds.get((resource.group, resource.plural))
        # kopf ends a watch when it is to pause; who made it end has it begin again with a listing.
        end, theirs = asyncio.get_running_loop().create_future(), arguments["operator_pause_waiter"]
        ends.add(end)
        theirs.add_done_callback(lambda _: _end(end))
        try:
            async for item in _ORIGINAL(**{**arguments, "operator_pause_waiter": end}):
                if kind is None or not _is_echo(kind, item, subscription.knows):
                    yield item
                if not isinstance(item, watching.Bookmark):
                    failures.pop(what, None)
                    _told(kind, item)
        except (watching.WatchingError, errors.APIError) as error:
            failures[what] = failures.get(what, 0) + 1
            forbidden = _is_forbidden(kind, error)
            if not forbidden and (not _passes(error) or failures[what] > _GIVE_UP):
                raise
            log.warning("restarting the watch of %s: %s", what, _said(error))
            await asyncio.sleep(min(30.0, 0.25 * 2 ** min(failures[what], 10)) * random.uniform(0.5, 1.0))  # noqa: S311
        finally:
            ends.discard(end)

    return continuous_watch


def _listing(subscription: Subscription) -> Any:
    kinds = _by_name(subscription)

    async def fetch_objs(**arguments: Any) -> AsyncIterator[Any]:
        resource = arguments["resource"]
        kind = kinds.get((resource.group, resource.plural))
        if kind is not None:
            await subscription.listed(kind)
            if since := subscription.versions.pop(kind.plural, ""):
                yield [], since
                return
        async for page in _LISTING(**arguments):
            yield page

    return fetch_objs


def _is_echo(kind: Kind, item: Any, knows: Callable[[Kind, Any], bool]) -> bool:
    """Of a listing or a change; bookmarks, kopf's own and the API server's, and deletions never are."""
    told = not isinstance(item, watching.Bookmark) and item["type"] in {None, "ADDED", "MODIFIED"}
    return told and knows(kind, item["object"])


def _passes(error: Exception) -> bool:
    """404: the kind's CRD is gone, and kopf has not noticed yet. A kind without an object goes at once."""
    return isinstance(error, watching.WatchingError) or getattr(error, "status", None) in {404, 410}


def _is_forbidden(kind: Kind | None, error: Exception) -> bool:
    """A right that is missing for one of our kinds must not end the service of the others: kopf takes it for its end."""
    if kind is None or getattr(error, "status", None) != 403:
        return False
    metrics.KIND_FORBIDDEN.labels(kind.name).set(1)
    return True


def _told(kind: Kind | None, item: Any) -> None:
    """A watch told something, so it is allowed."""
    if kind is not None and item["type"] is not None:
        metrics.KIND_FORBIDDEN.labels(kind.name).set(0)


def _said(error: Exception) -> str:
    return str(error.args[0])[:300] if error.args else type(error).__name__
