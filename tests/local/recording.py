"""The backend that ``apply`` has connected, with every call told to a story's store first: counted, and refused where it has a fault."""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.base import Backend, Driver, Observation
from imagestore.core.facet import Facet
from tests.local.realstore import RealStore

_TOLD = {"check": "Check", "made_at": "MadeAt", "delete": "Delete", "remains": "Remains", "sweep": "Sweep"}


class RecordedDriver:
    """Of one setting."""

    def __init__(self, driver: Driver, name: str, store: RealStore) -> None:
        self._driver, self._name, self._store = driver, name, store
        self.permissions = driver.permissions

    def read(self, bucket: str) -> Facet | None:
        """Tell and read."""
        self._store.call(f"Get:{self._name}", bucket)
        return self._driver.read(bucket)

    def write(self, bucket: str, value: Any, seen: Any | None) -> None:
        """Tell and write."""
        self._store.call(f"Put:{self._name}", bucket)
        self._driver.write(bucket, value, seen)

    def clear(self, bucket: str, seen: Any) -> None:
        """Tell and clear."""
        self._store.call(f"Delete:{self._name}", bucket)
        self._driver.clear(bucket, seen)


class RecordedBackend:
    """As ``MemoryBackend`` tells of its calls."""

    def __init__(self, backend: Backend, store: RealStore) -> None:
        self._backend, self._store = backend, store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if name not in _TOLD:
            return found

        def told(bucket: str, *args: Any, **more: Any) -> Any:
            self._store.call(_TOLD[name], bucket)
            return found(bucket, *args, **more)

        return told

    @property
    def drivers(self) -> Mapping[str, Driver]:
        """Each of them tells."""
        return {n: RecordedDriver(d, n, self._store) for n, d in self._backend.drivers.items()}

    def create(self, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        """Tell, let another program be quicker, and create."""
        self._store.call("Create", bucket)
        if self._store.meanwhile is not None:
            self._store.meanwhile(bucket)
        return self._backend.create(bucket, at_creation)

    def mark(self, bucket: str, *args: Any) -> Observation:
        """Tell of both of its calls, and mark."""
        self._store.call("Put:tags", bucket)
        self._store.call("Get:tags", bucket)
        return self._backend.mark(bucket, *args)

    def page(self, bucket: str, scope: Any, after: Mapping[str, str]) -> Any:
        """Tell, and list."""
        self._store.call(f"List:{scope}", bucket)
        listing: Any = self._backend
        return listing.page(bucket, scope, after)
