"""What one pass leaves for the next is for that one alone, and for the very object."""

from imagestore.controller.work.memories import Memories
from tests.k8s.test_object_cache import bucket


def test_progress_is_handed_on_once() -> None:
    memories, photos = Memories(), bucket("photos")
    memories.advance(photos, "seen")
    assert memories.progress(photos) == "seen"
    assert memories.progress(photos) is None


def test_a_namesake_gets_neither_progress_nor_memo() -> None:
    """It has a bucket of its own: with another's progress it wrote tags on one that it had never checked."""
    memories, gone, namesake = Memories(), bucket("photos"), bucket("photos", uid="another")
    memories.advance(gone, "seen")
    memories.keep(gone, "memo")
    assert (memories.progress(namesake), memories.of(namesake)) == (None, None)


def test_what_is_gone_is_forgotten() -> None:
    memories, photos = Memories(), bucket("photos")
    memories.advance(photos, "seen")
    memories.keep(photos, "memo")
    memories.tell(photos.key, ("shop--photos",))
    memories.forget(photos.key)
    assert (memories.progress(photos), memories.of(photos), memories.subjects(photos.key)) == (None, None, ())
