"""The picture in docs/architecture.md is the code's, and arrows in it are imports."""

from dev.architecture.__main__ import FILE, ROOT
from dev.architecture.drawing import draw
from dev.architecture.imports import House, Room, house


def test_the_picture_is_fresh() -> None:
    assert draw(house(ROOT)) == FILE.read_text(), "run `make generate`"


def test_every_package_is_in_a_layer() -> None:
    rooms = {room.name for layer in house(ROOT).layers for room in layer}
    there = (ROOT / "operator" / "imagestore").glob("*/__init__.py")
    assert {file.parent.name for file in there} <= rooms


def test_only_imports_that_no_chain_stands_for_are_drawn() -> None:
    rooms = [[Room(name, "", (), pure=True)] for name in "abcd"]
    imports = {"a": frozenset("bcd"), "b": frozenset("c"), "c": frozenset(), "d": frozenset()}
    assert list(House(rooms, imports).without_detours()) == [("a", "b"), ("a", "d"), ("b", "c")]
