"""Seeing to it that kopf really follows our kinds.

kopf scans the API's discovery when a CRD changes, but discovery lags behind the CRD: of two CRDs that arrive
together it may find only one, and it never looks again. So we look, and make it scan once more. This needs
kopf's insides, which is one reason why its version is pinned; tests/k8s/test_faults.py notices when they move.
"""

import asyncio
import logging

import aiohttp
import kopf
from kopf._cogs.clients import errors, scanning
from kopf._cogs.structs.references import Insights
from kopf._core.reactor import observation

from imagestore.api.kinds import GROUP, KINDS, Kind
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import of

log = logging.getLogger(__name__)
_PAUSE = 2.0


class Following:
    """What kopf follows, and a hand to help it."""

    def __init__(
        self, client: Client, registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings
    ) -> None:
        self.insights = Insights()
        self._client, self._registry, self._settings = client, registry, settings

    def missing(self) -> list[Kind]:
        """Our kinds that kopf does not follow."""
        followed = {r.plural for r in self.insights.watched_resources if r.group == GROUP}
        return [k for k in KINDS if k.plural not in followed]

    async def run(self) -> None:
        """For ever; a call is made only while something is missing. In the context that kopf was spawned in."""
        while True:
            await asyncio.sleep(_PAUSE)
            served = [k.name for k in self.missing() if await self._is_served(k)]
            if served:
                log.info("kopf has not noticed %s; scanning once more", " and ".join(served))
                await self._scan()

    async def _is_served(self, kind: Kind) -> bool:
        try:
            await self._client.request("GET", of(kind), of(kind).path(), params={"limit": "1"}, tries=1)
        except ApiError:
            return False
        return True

    async def _scan(self) -> None:
        try:
            found = await scanning.scan_resources(groups={GROUP}, settings=self._settings, logger=log)
        except (errors.APIError, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("cannot scan: %s", error)
            return
        async with self.insights.revised:
            observation.revise_resources(
                resources=found, insights=self.insights, registry=self._registry, group=GROUP
            )
            await self.insights.backbone.fill(resources=found)
            self.insights.revised.notify_all()
