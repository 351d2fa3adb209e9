"""The values of the pure code do not change: what a reconcile was given is what it decided by, and what was hashed is found."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, is_dataclass
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

import imagestore
from imagestore.core.model import Model
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.facets.versioning import Versioning

ROOMS = ("core", "facets", "api", "forecast", "reconcile")
# What is summed up or carried on step by step; no other keeps one of these.
GROWS = {"BucketRun", "Forecast", "Holding", "KeySample", "Ledger", "Survey", "Sum", "_Draft"}


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        package = importlib.import_module(f"{imagestore.__name__}.{room}")
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


CLASSES: list[Any] = sorted(
    {
        kind
        for module in modules()
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    },
    key=lambda kind: (kind.__module__, kind.__name__),
)
DATACLASSES: list[Any] = [kind for kind in CLASSES if is_dataclass(kind)]


def test_every_value_is_frozen_and_only_what_grows_is_not() -> None:
    assert {k.__name__ for k in DATACLASSES if not k.__dataclass_params__.frozen} == GROWS
    models = [k for k in CLASSES if issubclass(k, Model)]
    assert len(models) > 100
    assert all(k.model_config["frozen"] for k in models)


def test_a_frozen_value_refuses_to_be_changed() -> None:
    event: Any = Event(Reason.CREATED, "a")
    with pytest.raises(FrozenInstanceError):
        event.message = "b"
    value: Any = Versioning(state="Enabled")
    with pytest.raises(ValidationError, match="frozen"):
        value.state = "Suspended"
    assert hash(value) == hash(Versioning(state="Enabled"))


def test_what_is_written_as_keywords_only_stays_so() -> None:
    """Two numbers or flags in a row, told apart by their place, were exchanged without a word from the type checker."""
    fields = {
        (kind.__name__, name)
        for kind in DATACLASSES
        for name, field in kind.__dataclass_fields__.items()
        if field.kw_only and name != "limits"  # of a base, with a default
    }
    told = {(kind, name) for kind in ("RunProgress", "RestorePasses") for name in ("admitted", "steps")}
    assert fields == {("BucketSituation", "clock"), ("BucketSituation", "surveys")} | told
