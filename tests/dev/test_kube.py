"""Waiting for CRDs copes with what the API server shows of one that was stored a moment ago."""

from typing import Any

import pytest

from dev.cluster.kube import not_served

ESTABLISHED = {"type": "Established", "status": "True"}


def crd(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "imagebuckets.imagestore.dev"}, **status}


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"status": None},
        {"status": {"conditions": None, "storedVersions": ["v1alpha1"]}},
        {"status": {"conditions": [ESTABLISHED | {"status": "False"}]}},
        {"status": {"conditions": [ESTABLISHED | {"type": "NamesAccepted"}]}},
    ],
)
def test_a_new_crd_is_waited_for(status: dict[str, Any]) -> None:
    assert not_served([crd(**status)]) == ["imagebuckets.imagestore.dev"]


def test_an_established_crd_is_served() -> None:
    assert not_served([crd(status={"conditions": [ESTABLISHED]})]) == []
