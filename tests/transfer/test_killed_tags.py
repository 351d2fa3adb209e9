"""A run that is killed behind an object's bytes and before its tags, on stores that take tags afterwards only, as Ceph."""

from dataclasses import replace
from hashlib import md5

import pytest

from dev.testing.examples import each_call
from imagestore.backends.memory_content import CAPABLE
from imagestore.core.errors import Denied
from imagestore.core.objects import ObjectAttributes
from imagestore.transfer.job import TransferFilter
from tests.transfer.world import World, body, world

AFTER = replace(CAPABLE, tags_after=True)


@pytest.fixture(autouse=True)
def _in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagestore.transfer.copying.SINGLE", 5)


def put(w: World, side: str, key: str, data: bytes, album: str, *, parts: bool) -> None:
    """An object as an upload of one part left it, or as one request did: the ETag of a copy in parts proves nothing of that."""
    etag = f"{md5(md5(data).digest()).hexdigest()}-1" if parts else ""  # noqa: S324
    w.server(side).put("b", key, data, ObjectAttributes(tags={"album": album}), etag)


def edited(*, two_way: bool, parts: bool) -> World:
    """A pair that was equal, and since then new and edited objects with tags; two ways at either side."""
    w = world(near=AFTER, far=AFTER, two_way=two_way)
    sides = ("near", "far") if two_way else ("near",)
    for side in sides:
        for n in range(2):
            put(w, side, f"{side}{n}", body(n), "old", parts=parts)
    w.run_really()
    for side in sides:
        put(w, side, f"{side}0", body("edited"), side, parts=parts)
        put(w, side, f"{side}new", body("new"), side, parts=parts)
    return w


def albums(w: World, side: str) -> dict[str, str]:
    content = w.server(side).content("b")
    held = {key: content.current(key) for key in w.held(side)}
    return {key: (found.attributes.tags or {}).get("album", "") for key, found in held.items() if found}


@pytest.mark.parametrize("two_way", [False, True])
@pytest.mark.parametrize("parts", [False, True])
def test_the_next_run_sets_the_tags(parts: bool, two_way: bool) -> None:  # noqa: FBT001
    """One way after the fact by a rotation, two ways never: the object was equal without them."""
    for call in each_call():
        w = edited(two_way=two_way, parts=parts)
        wanted = {"near0": "near", "near1": "old", "nearnew": "near"}
        wanted |= {"far0": "far", "far1": "old", "farnew": "far"} if two_way else {}
        if not w.killed_at(call, w.run_really):
            break
        found = w.run_really()
        assert (found.complete, found.failed, found.conflicts, found.unverified) == (True, {}, 0, 0), call
        assert albums(w, "far") == albums(w, "near") == wanted, call
        assert w.held("far") == w.held("near"), call
    assert call > 20


@pytest.mark.parametrize("parts", [False, True])
def test_a_copy_whose_tags_are_denied_fails_in_each_run(parts: bool) -> None:  # noqa: FBT001
    """In the second run it was equal: its bytes were there."""
    w = edited(two_way=False, parts=parts)

    def denied(operation: str, _bucket: str, _key: str) -> None:
        if operation == "PutTags":
            raise Denied("no", code="AccessDenied")

    w.far.fault = denied
    assert [w.run_really().failed for _ in range(3)] == [{"Denied": 2}] * 3
    w.far.fault = None
    assert w.run_really().failed == {}
    assert albums(w, "far") == albums(w, "near")


@pytest.mark.parametrize("winner", ["near", "far"])
def test_the_winner_of_a_conflict_keeps_its_tags_and_the_loser_is_kept_once(winner: str) -> None:
    loser = "far" if winner == "near" else "near"
    for call in each_call():
        w = world(near=AFTER, far=AFTER, two_way=True)
        put(w, "near", "both", body("base"), "base", parts=False)
        w.run_really()
        put(w, loser, "both", body("lost"), loser, parts=False)
        put(w, winner, "both", body("won"), winner, parts=False)
        if not w.killed_at(call, w.run_really):
            break
        found = w.run_really()
        assert (found.complete, found.failed) == (True, {}), call
        assert w.held("near") == w.held("far") == {"both": body("won")}, call
        assert albums(w, "near") == albums(w, "far") == {"both": winner}, call
        aside = w.server(loser).current("b").items()
        assert [data for key, data in aside if "/conflicts/" in key] == [body("lost")], call
    assert call > 15


def test_what_a_store_replicated_itself_is_equal_for_a_run_that_only_compares() -> None:
    """A policy that turned to Native has a journal of before, which no such run writes."""
    w = edited(two_way=False, parts=True)
    w.run_really()
    for side in ("near", "far"):
        put(w, side, "by-the-store", body("x"), "x", parts=True)
    w.options = replace(w.options, dry_run=True)
    found = w.run_really()
    assert (found.backlog.objects, found.equal) == (0, 4)


def test_a_copy_to_the_source_is_chosen_by_the_tags_of_the_destination() -> None:
    """Those of the source had not been set when the run was killed."""
    for call in each_call():
        w = world(near=AFTER, far=AFTER, two_way=True, filter=TransferFilter(tags={"album": "far"}))
        put(w, "far", "new", body("new"), "far", parts=False)
        if not w.killed_at(call, w.run_really):
            break
        assert w.run_really().complete, call
        assert albums(w, "near") == albums(w, "far") == {"new": "far"}, call
    assert call > 10
