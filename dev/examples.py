"""The examples as a user would edit them for a running store: endpoint and keys, nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dev.stores import Store

FOLDER = Path(__file__).resolve().parents[1] / "examples"


def manifests(example: str, stores: Mapping[str, Store]) -> list[dict[str, Any]]:
    """Every object of an example. ``stores``: what runs here, by the StorageBackend's name."""
    objects = [o for path in sorted((FOLDER / example).glob("*.yaml")) for o in _read(path)]
    return [_edited(o, stores) for o in objects]


def text(objects: list[dict[str, Any]]) -> str:
    """For ``kubectl apply -f -``."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def _read(path: Path) -> list[dict[str, Any]]:
    return [o for o in yaml.safe_load_all(path.read_text()) if o]


def _edited(found: dict[str, Any], stores: Mapping[str, Store]) -> dict[str, Any]:
    name = found["metadata"]["name"]
    if found["kind"] == "StorageBackend":
        return found | {"spec": _backend(found["spec"], stores[name]) | _tiers(found["spec"], stores)}
    if (
        found["kind"] == "Secret" and "key" not in found["stringData"]
    ):  # that of a repository is as good as any
        return found | {"stringData": _secret(name, stores)}
    return found


def _backend(spec: dict[str, Any], store: Store) -> dict[str, Any]:
    s3 = spec["s3"] | {"endpoint": store.endpoint, "region": store.region, "addressing": "Path"}
    admin = {"admin": spec["admin"] | {"endpoint": store.admin_endpoint}} if "admin" in spec else {}
    return spec | {"s3": s3} | admin


def _tiers(spec: dict[str, Any], stores: Mapping[str, Store]) -> dict[str, Any]:
    """A remote tier is on the store that has the name of its Secret."""
    return {"tiers": [_tier(t, stores) for t in spec["tiers"]]} if "tiers" in spec else {}


def _tier(tier: dict[str, Any], stores: Mapping[str, Store]) -> dict[str, Any]:
    remote = tier.get("remote")
    if remote is None:
        return tier
    store = stores[remote["credentials"]["secretRef"]["name"]]
    return tier | {"remote": remote | {"endpoint": store.endpoint, "region": store.region}}


def _secret(name: str, stores: Mapping[str, Store]) -> dict[str, str | None]:
    store = stores[name.removesuffix("-admin").removesuffix("-ca")]
    if name.endswith("-ca"):
        return {"ca.crt": store.ca_file.read_text() if store.ca_file else ""}
    if name.endswith("-admin"):
        return {"accessKeyId": store.admin_access_key, "secretAccessKey": store.admin_secret_key}
    return {"accessKeyId": store.access_key, "secretAccessKey": store.secret_key}
