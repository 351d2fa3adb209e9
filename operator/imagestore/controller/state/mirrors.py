"""What is kept of Secrets and namespaces, and what hears of their changes."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from sys import intern
from typing import Any

from imagestore.controller.logs import REDACTOR

Json = Any
_Told = Callable[[str], None]
_Labels = Mapping[str, str]
Relabelled = Callable[[str, _Labels, _Labels], None]  # a namespace, its labels before, and now
RUN_SECRET = "imagestore.dev/run"  # noqa: S105  the type of what the operator makes for the pods of a Job
# Not ours to know, or our own copies; and Helm's are large.
SECRET_PARAMS = {
    "fieldSelector": f"type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,type!={RUN_SECRET}"
}


class SecretMirror:
    """The Secrets of the operator's own namespace. Read from worker threads, written in the event loop."""

    def __init__(self, told: _Told) -> None:
        self._told = told
        self._data: dict[str, dict[str, bytes]] = {}

    def get(self, name: str) -> Mapping[str, bytes] | None:
        """A Secret's data, None if there is no such Secret."""
        return self._data.get(name)

    def listed(self, items: list[Json]) -> None:
        """This is all there is."""
        fresh = {i["metadata"]["name"]: _decoded(i) for i in items}
        for name in {*self._data, *fresh}:
            self._set(name, fresh.get(name))

    def changed(self, item: Json) -> None:
        """This is new or different."""
        self._set(item["metadata"]["name"], _decoded(item))

    def gone(self, item: Json) -> None:
        """This is not there any more."""
        self._set(item["metadata"]["name"], None)

    def _set(self, name: str, data: dict[str, bytes] | None) -> None:
        if self._data.get(name) == data:
            return
        if data is None:
            del self._data[name]
        else:
            self._data[name] = data
            REDACTOR.learn(data)
        self._told(name)


def _decoded(item: Json) -> dict[str, bytes]:
    return dict(_entries((item.get("data") or {}).items()))


def _entries(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, bytes]]:
    for name, value in pairs:
        try:
            yield name, base64.b64decode(value)
        except (binascii.Error, ValueError):
            continue


class NamespaceMirror:
    """The labels of all namespaces."""

    def __init__(self, told: Relabelled) -> None:
        self._told = told
        self._labels: dict[str, _Labels] = {}

    def labels(self, name: str) -> _Labels:
        """A namespace's labels; none while it is not known."""
        return self._labels.get(name, {})

    def listed(self, items: list[Json]) -> None:
        """This is all there is."""
        fresh = {i["metadata"]["name"]: _labels(i) for i in items}
        for name in {*self._labels, *fresh}:
            self._set(name, fresh.get(name))

    def changed(self, item: Json) -> None:
        """This is new or different."""
        self._set(item["metadata"]["name"], _labels(item))

    def gone(self, item: Json) -> None:
        """This is not there any more."""
        self._set(item["metadata"]["name"], None)

    def _set(self, name: str, labels: _Labels | None) -> None:
        if self._labels.get(name) == labels:
            return
        before = self.labels(name)
        if labels is None:
            del self._labels[name]
        else:
            self._labels[intern(name)] = labels
        self._told(name, before, self.labels(name))


def _labels(item: Json) -> _Labels:
    return {intern(k): intern(v) for k, v in (item["metadata"].get("labels") or {}).items()}
