"""Where the loser of a conflict is kept in a bucket without versions."""

from imagestore.core.errors import Rejected, Unavailable
from imagestore.core.keys import LONGEST_KEY, raw
from imagestore.core.objects import KeyProblem, KeyVerdict
from tests.transfer.world import World, world


def in_conflict(key: str) -> World:
    w = world(two_way=True)
    w.put(key, b"base")
    w.run_really()
    w.put(key, b"loser")
    w.put(key, b"winner", side="far")
    return w


def kept(w: World) -> list[bytes]:
    return [v for k, v in w.near.current("b").items() if k.startswith(".imagestore/conflicts/")]


def test_a_loser_whose_key_is_long_is_kept_under_a_digest() -> None:
    """With the folder before it the key was too long: neither side ever got the winner, and each run failed again."""
    key = "ü" * 500
    w = in_conflict(key)
    w.near.verdict = lambda k: KeyVerdict(k, KeyProblem.UNMAPPABLE if len(raw(k)) > LONGEST_KEY else None)

    def too_long(_operation: str, _bucket: str, asked: str) -> None:
        if len(raw(asked)) > LONGEST_KEY:
            raise Rejected("the key is too long", code="KeyTooLongError")

    w.near.fault = too_long
    found = w.run_really()
    assert (found.conflicts, found.failed) == (1, {})
    assert w.held("near") == w.held("far") == {key: b"winner"}
    assert kept(w) == [b"loser"]


def test_a_loser_that_an_earlier_run_kept_does_not_stop_the_winner() -> None:
    """It was kept, the winner could not be copied, and then it was there already: that conflict was never settled."""
    w = in_conflict("k")

    def unreadable(operation: str, _bucket: str, key: str) -> None:
        if (operation, key) == ("Get", "k"):
            raise Unavailable("no answer")

    w.far.fault = unreadable
    assert w.run_really().failed == {"Unavailable": 1}
    assert kept(w) == [b"loser"]
    w.far.fault = None
    assert (w.run_really().failed, w.held("near")) == ({}, {"k": b"winner"})
    assert kept(w) == [b"loser"]
