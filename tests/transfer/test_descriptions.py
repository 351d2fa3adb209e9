"""What a pod says of a file that is no description, or one of another version. Of all kinds of runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from imagestore.backends.objects import ObjectStore
from imagestore.controller.restore_description import RESTORE_DESCRIPTION, restore_of
from imagestore.repository.making.description import BACKUP_DESCRIPTION, backup_of
from imagestore.transfer.description import RUN_DESCRIPTION, run_of
from imagestore.transfer.descriptions import DescriptionKind, StoreNamed, WrongDescription

Read = Callable[[str, StoreNamed], object]
KINDS: dict[str, tuple[DescriptionKind, Read]] = {
    "run": (RUN_DESCRIPTION, run_of),
    "backup": (BACKUP_DESCRIPTION, backup_of),
    "restore": (RESTORE_DESCRIPTION, lambda text, store: restore_of(text, store, "0")),
}
PLACE = {"backend": "eu", "bucket": "photos", "prefix": ""}


def no_store(name: str) -> ObjectStore:
    raise KeyError(name)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "null", "{}", '{"form": {}'])
def test_another_file_is_told(name: str, text: str) -> None:
    kind, read = KINDS[name]
    for reading in (kind.backends, lambda text: read(text, no_store)):
        with pytest.raises(WrongDescription, match=f"^the file is not the description of a {name}$"):
            reading(text)


@pytest.mark.parametrize("name", KINDS)
def test_so_is_one_without_its_places(name: str) -> None:
    kind, read = KINDS[name]
    for gone in kind.places:
        members: dict[str, Any] = {"form": kind.form, **dict.fromkeys(kind.places, PLACE)}
        members.pop(gone)
        with pytest.raises(WrongDescription, match=f"^the file is not the description of a {name}$"):
            read(json.dumps(members), no_store)


@pytest.mark.parametrize("name", KINDS)
def test_another_version_is_told_with_both_numbers(name: str) -> None:
    kind, read = KINDS[name]
    newer = json.dumps({"form": kind.form + 1})
    with pytest.raises(
        WrongDescription,
        match=f"^the description has form {kind.form + 1}, and this version reads {kind.form}$",
    ):
        read(newer, no_store)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_missing_is_named(name: str) -> None:
    kind, read = KINDS[name]
    members = {"form": kind.form, **dict.fromkeys(kind.places, PLACE)}
    with pytest.raises(WrongDescription, match=f"^the description of the {name} is not whole: KeyError "):
        read(json.dumps(members), no_store)


@pytest.mark.parametrize("name", KINDS)
def test_each_backend_is_named_once_and_an_absent_place_has_none(name: str) -> None:
    kind, _ = KINDS[name]
    first, *others = kind.places
    members: dict[str, Any] = {"form": kind.form, first: PLACE, **dict.fromkeys(others, PLACE)}
    assert kind.backends(json.dumps(members)) == ("eu",)
    assert kind.backends(json.dumps({**members, others[-1]: None})) == ("eu",)
