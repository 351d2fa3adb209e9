"""The operator's parts in the test's own process, on the very small API server: without kopf, and without the Lease."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller.assembly import Brain
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import Connecting
from imagestore.core.fencing import Permit, permitted
from imagestore.k8s.life.wiring import OperatorParts, Options, assemble
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import Settings
from tests.k8s.known import BY_KIND, KIND
from tests.k8s.small_api import SmallApi, clients
from tests.k8s.test_object_cache import raw

SPEC = {
    "provider": "S3",
    "s3": {"endpoint": "https://store.example", "region": "here"},
    "credentials": {"ambient": {}},
    "namespaces": {"names": ["shop"]},
}
EU = Key("StorageBackend", "", "eu")
PHOTOS = Key("ImageBucket", "shop", "photos")
TIDY = Key("LifecyclePolicy", "shop", "tidy")


class Shop:
    """A backend and what is on it, as the API server has it; a memory for a store."""

    def __init__(self) -> None:
        self.api, self.store = SmallApi(page=100), MemoryStore()
        self.put(EU, SPEC)
        self.put(PHOTOS, {"backendRef": {"name": "eu"}, "bucketName": "shop--photos"})
        self.put(TIDY, {"bucketRefs": [{"name": "photos"}], "rules": [{"name": "x", "expire": {"days": 3}}]})

    def put(self, key: Key, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
        """An object, or an edit of it: its status stays."""
        path = BY_KIND[key.kind].path(key.namespace)
        known = self.api.objects.get(path, {}).get(key.name, {})
        body = raw(key.name, namespace=key.namespace, metadata=metadata)
        body["metadata"].pop("" if key.namespace else "namespace", None)
        made = {"apiVersion": KIND[key.kind].api_version, "kind": key.kind, "metadata": body["metadata"]}
        return self.api.put(path, {**known, **made, "spec": spec})

    def get(self, key: Key) -> dict[str, Any]:
        """It, as it is now."""
        return self.api.objects[BY_KIND[key.kind].path(key.namespace)][key.name]

    def told(self, parts: OperatorParts, keys: Iterable[Key]) -> None:
        """The parts hear of these objects as a watch or a listing tells of them."""
        for key in keys:
            parts.controller.triggers.event(KIND[key.kind], None, self.get(key))

    def ready(self, key: Key) -> str:
        """The reason of its Ready condition."""
        conditions = self.get(key).get("status", {}).get("conditions", ())
        return next((f"{c['status']} {c['reason']}" for c in conditions if c["type"] == "Ready"), "")

    @asynccontextmanager
    async def parts(
        self, kinds: Kinds = ALL, permit: Permit = permitted, *, lists: bool = False
    ) -> AsyncIterator[OperatorParts]:
        """All parts, which know everything (``lists``: because they list it); a dispatcher that works."""
        memory = MemoryBackend(self.store, FACETS)
        brain = Brain(kinds, Connecting(lambda *_: memory))
        async with clients(self.api, permit) as client:
            parts = assemble(client, Options(Settings("prod"), "op", "inside"), brain, permit)
            if lists:
                await parts.listing.learn()
            else:
                self.told(parts, (EU, PHOTOS, TIDY))
            working = asyncio.create_task(parts.controller.dispatcher.run())
            try:
                yield parts
            finally:
                working.cancel()
                await parts.controller.dispatcher.drain(10)
                parts.controller.services.close()
                parts.controller.pool.shutdown()
