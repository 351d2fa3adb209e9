"""A watch that fails is begun anew, instead of ending kopf and with it the operator.

kopf takes any error inside a watch but 410, and 404 or 410 in place of a watch or a list, for the end of everything.
One ``500`` in a stream left the operator half-dead, seen behind the fault proxy: kopf waited for a task that it
could not cancel, no edit was noticed, /healthz said "alive", and 25 s later kopf killed the process with the
Lease in its hands.

What is known already never gets as far as kopf's workers: most events are the echo of our own writes or what we have
listed at the start, and a task, a queue and an invocation for each of them cost a fifth of a creation and half of a
restart. A deletion always does, since kopf remembers objects until it sees one. Nor is everything listed twice at a
start: kopf watches from our own listing on, so that no deletion falls between two.

This needs kopf's insides, which is one reason why its version is pinned.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from kopf._cogs.clients import errors, fetching, watching

from imagestore import metrics
from imagestore.api.kinds import GROUP, KINDS, Kind

log = logging.getLogger(__name__)
_ORIGINAL, _LISTING = watching.continuous_watch, fetching.fetch_objs
_GIVE_UP = 60  # failures in a row, half an hour; then it ends, and a restart is visible
_KINDS = {(GROUP, kind.plural): kind for kind in KINDS}

Knows = Callable[[Kind, Any], bool]
Known = Callable[[Kind], Awaitable[None]]


def install(knows: Knows, listed: dict[str, str], known: Known) -> Callable[[], None]:
    """From now on, for every watch of kopf's. What is handed back makes all of them list anew.

    ``knows``: whether this version of an object is remembered. ``listed``: the versions of listings that were made a
    moment ago, by plural; each is good for one watch. ``known``: waits until a kind could be listed.
    """
    ends: set[asyncio.Future[None]] = set()

    def again() -> None:
        listed.clear()
        for end in tuple(ends):
            _end(end)

    watching.continuous_watch, fetching.fetch_objs = _watch(knows, ends), _listing(listed, known)
    return again


def _end(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _watch(knows: Knows, ends: "set[asyncio.Future[None]]") -> Any:
    failures: dict[str, int] = {}

    async def continuous_watch(**arguments: Any) -> AsyncIterator[Any]:
        what, kind = str(arguments["resource"]), _kind(arguments["resource"])
        # kopf ends a watch when it is to pause; who made it end has it begin again with a listing.
        end, theirs = asyncio.get_running_loop().create_future(), arguments["operator_pause_waiter"]
        ends.add(end)
        theirs.add_done_callback(lambda _: _end(end))
        try:
            async for item in _ORIGINAL(**{**arguments, "operator_pause_waiter": end}):
                if kind is None or not _is_echo(kind, item, knows):
                    yield item
                if not isinstance(item, watching.Bookmark):
                    failures.pop(what, None)
                    _told(kind, item)
        except (watching.WatchingError, errors.APIError) as error:
            failures[what] = failures.get(what, 0) + 1
            forbidden = _is_forbidden(kind, error)
            if not forbidden and (not _passes(error) or failures[what] > _GIVE_UP):
                raise
            log.warning("the watch of %s is begun anew: %s", what, _said(error))
            await asyncio.sleep(min(30.0, 0.25 * 2 ** min(failures[what], 10)) * random.uniform(0.5, 1.0))  # noqa: S311
        finally:
            ends.discard(end)

    return continuous_watch


def _listing(listed: dict[str, str], known: Known) -> Any:
    async def fetch_objs(**arguments: Any) -> AsyncIterator[Any]:
        kind = _kind(arguments["resource"])
        if kind is not None:
            await known(kind)
        since = listed.pop(kind.plural, "") if kind else ""
        if since:
            yield [], since
            return
        async for page in _LISTING(**arguments):
            yield page

    return fetch_objs


def _kind(resource: Any) -> Kind | None:
    return _KINDS.get((resource.group, resource.plural))


def _is_echo(kind: Kind, item: Any, knows: Knows) -> bool:
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
