"""Makes kopf notice kinds that it does not follow.

kopf scans the API's discovery when a CRD changes, but discovery lags behind the CRD: of two CRDs that arrive
together it may find only one, and it never looks again. So this module checks, and makes kopf scan again.
tests/k8s/test_faults.py notices when kopf's insides move.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from imagestore.api.kinds import Kind
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import of
from imagestore.k8s.source.kopf_internals import Insights, followed_resources

log = logging.getLogger(__name__)
_PAUSE = 2.0


class Rescan:
    """Compares the kinds that kopf follows with those that it should."""

    def __init__(
        self,
        client: Client,
        kinds: tuple[Kind, ...],
        insights: Insights,
        scan: Callable[[], Awaitable[None]],
    ) -> None:
        self._client, self._kinds, self._insights, self._scan = client, kinds, insights, scan

    def missing(self) -> list[Kind]:
        """The kinds that kopf does not follow."""
        there = followed_resources(self._insights)
        return [kind for kind in self._kinds if (kind.group, kind.plural) not in there]

    async def run(self) -> None:
        """Compare every two seconds, for ever. Call the API only while a kind is missing."""
        while True:
            await asyncio.sleep(_PAUSE)
            served = [kind.name for kind in self.missing() if await self._is_served(kind)]
            if served:
                log.info("kopf does not follow %s; scanning again", " and ".join(served))
                await self._scan()

    async def _is_served(self, kind: Kind) -> bool:
        try:
            await self._client.request("GET", of(kind), of(kind).path(), params={"limit": "1"}, tries=1)
        except ApiError:
            return False
        return True
