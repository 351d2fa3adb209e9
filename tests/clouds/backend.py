"""A backend for cabinets, as its folder in ``backends/`` would have it, and its record for the registry."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import (
    Driver,
    HeldUsage,
    MarkPlace,
    Observation,
    Remains,
    Remotes,
    ServerInfo,
    Swept,
)
from imagestore.backends.cloud import Cloud, ConnectionRequest, StorePage
from imagestore.backends.guard.call import Call
from imagestore.backends.guard.guarded import guarded
from imagestore.backends.guard.limiter import Divide, undivided
from imagestore.backends.objects import ObjectStore
from imagestore.backends.own_access import NOTHING_NEEDED, OwnAccess
from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.errors import BucketTaken, NotFound, Rejected
from imagestore.core.facet import Facet
from imagestore.core.losses import beyond, uses
from imagestore.core.reading import NotRepresentable, Support
from imagestore.forecast.terms import Terms
from tests.clouds.cabinet import Cabinet
from tests.clouds.settings import SETTINGS, SUPPORT, CabinetSetting, encoded

LABEL = "owner"


def short(owner: str) -> str:
    """A label holds 63 characters of lower case and no slash: an owner is known by a digest."""
    return hashlib.sha256(owner.encode()).hexdigest()[:40]


PLACE = MarkPlace(f"the label {LABEL}", encode=short)


@dataclass(frozen=True)
class Document:
    """The settings of one drawer in the document of all. Every change is a read, an edit and a write by its etag."""

    call: Call

    def of(self, drawer: str) -> dict[str, Any]:
        """One call. NotFound: there is no such drawer."""
        return _part(self.call("read", {}), drawer)

    def edit(self, drawer: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The part as it was written."""
        answer = self.call("read", {})
        change(part := _part(answer, drawer))
        self.call("write", {"document": answer["document"], "etag": answer["etag"]})
        return part


def _part(answer: Mapping[str, Any], drawer: str) -> dict[str, Any]:
    if drawer not in answer["document"]:
        raise NotFound("there is no such drawer", code="NoDrawer")
    part: dict[str, Any] = answer["document"][drawer]
    return part


@dataclass(frozen=True)
class CabinetDriver:
    """Reads, writes and clears one facet."""

    document: Document
    facet: str
    setting: CabinetSetting
    permissions: tuple[str, ...] = ("settings.read", "settings.write")

    def read(self, bucket: str) -> Facet | None:
        return self.setting.decode(self.document.of(bucket))

    def write(self, bucket: str, value: Facet, seen: Facet | NotRepresentable | None) -> None:
        support = SUPPORT[self.facet]
        lost = uses(value, support.lost)
        refused = {**dict.fromkeys(lost, support.reason), **beyond(value, support.limits)}
        if refused:
            raise Rejected(
                "; ".join(f"{p} cannot be stored here: {why}" for p, why in refused.items()), code="Lossy"
            )
        self.document.edit(bucket, lambda part: part.update({self.setting.key: encoded(value)}))

    def clear(self, bucket: str, seen: Facet | NotRepresentable | None) -> None:
        if seen is None or seen.is_empty():
            return
        if self.setting.cleared is not None:
            self.write(bucket, self.setting.cleared, seen)
        else:
            self.document.edit(bucket, lambda part: part.pop(self.setting.key, None))


@dataclass(frozen=True)
class CabinetBackend:
    """One cabinet with one key."""

    name: str
    endpoint: str
    call: Call
    region: str = "cellar"
    support: Mapping[str, Support] = field(default_factory=lambda: SUPPORT)
    remotes: Remotes | None = None
    objects: ObjectStore | None = None
    divide: Divide = undivided
    own_access: OwnAccess = NOTHING_NEEDED
    list_prices: PriceTable = UNPRICED
    mark_place: MarkPlace | None = PLACE

    @property
    def document(self) -> Document:
        return Document(self.call)

    @property
    def drivers(self) -> Mapping[str, Driver]:
        return {name: CabinetDriver(self.document, name, setting) for name, setting in SETTINGS.items()}

    def support_of(self, bucket: str) -> Mapping[str, Support]:
        return self.support

    def probe(self) -> ServerInfo:
        self.call("read", {})
        return ServerInfo("Cabinet")

    def identity(self, *, anew: bool = False) -> str | None:
        return None

    def check(self, bucket: str, *, expected: bool = True, made: bool = False) -> Observation | None:
        """One call tells the owner and every setting."""
        try:
            return _observed(self.document.of(bucket))
        except NotFound:
            return None

    def mark(
        self, bucket: str, owner: str, seen: Observation, wanted: Mapping[str, Facet | None]
    ) -> Observation:
        def label(part: dict[str, Any]) -> None:
            part["labels"] = {**part.get("labels", {}), LABEL: short(owner)}

        self.document.edit(bucket, label)
        return _observed(self.document.of(bucket))

    def name_refusal(self, bucket: str) -> str:
        if 3 <= len(bucket) <= 40 and "--" not in bucket and "." not in bucket:
            return ""
        return "a drawer's name has 3 to 40 letters, digits and single hyphens; choose another bucketName"

    def create(self, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        try:
            self.call("make", {"drawer": bucket})
        except Rejected as error:
            if error.code != "DrawerExists":
                raise
            raise BucketTaken(str(error), ours=True, code=error.code) from error
        return True

    def made_at(self, bucket: str) -> datetime | None:
        return None

    def delete(self, bucket: str) -> None:
        try:
            self.call("remove", {"drawer": bucket})
        except NotFound:
            return

    def remains(self, bucket: str) -> Remains:
        try:
            return Remains(len(self.call("list", {"drawer": bucket})["sheets"]), 0)
        except NotFound:
            return Remains(0, 0)

    def sweep(self, bucket: str, limit: int) -> Swept:
        there = self.call("list", {"drawer": bucket})["sheets"]
        for sheet in there[:limit]:
            self.call("shred", {"drawer": bucket, "sheet": sheet})
        return Swept(len(there[:limit]), more=len(there) > limit, digest=str(there[:limit]) if there else "")

    def usage(self, bucket: str) -> HeldUsage | None:
        return None

    def identifier(self, bucket: str) -> str:
        return f"{self.endpoint}/{bucket}"

    def arn(self, bucket: str) -> str | None:
        return None


def _observed(part: Mapping[str, Any]) -> Observation:
    values = {name: setting.decode(part) for name, setting in SETTINGS.items()}
    return Observation(part.get("labels", {}).get(LABEL), values)


def cloud(cabinet: Cabinet) -> Cloud:
    """The record that a line of the registry would have, for this one server."""

    def connect(request: ConnectionRequest) -> CabinetBackend:
        key = request.given.store.text("cabinetKey") if request.given.store else ""

        def raw(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            if operation not in ("read", "list"):
                request.permit()
            return cabinet.call(operation, {**parameters, "key": key})

        call = guarded(raw, request.spec.limits, request.timing, request.observer, {"make"})
        return CabinetBackend(request.name, "cabinet://cellar", call)

    def terms(_: StorageBackendSpec | None) -> Terms:
        return Terms({"Archive": "vault"}, ("drawer", "vault"))

    return Cloud(connect, terms, lambda: StorePage("Cabinet", SUPPORT))
