"""What one reconcile of an object leaves for its next, and what others have told it. A restart loses both."""

from imagestore.controller.state.objects import Key, Stored


class Memories:
    """By object. They go with it: a namesake has none."""

    def __init__(self) -> None:
        self._memos: dict[Key, tuple[str, object]] = {}
        self._progress: dict[Key, tuple[str, object]] = {}
        self._subjects: dict[Key, tuple[str, ...]] = {}

    def of(self, obj: Stored) -> object:
        """The memo of this very object; None: there is none."""
        uid, memo = self._memos.get(obj.key, ("", None))
        return memo if uid == obj.uid else None

    def keep(self, obj: Stored, memo: object) -> None:
        """For its next reconcile."""
        self._memos[obj.key] = obj.uid, memo

    def advance(self, obj: Stored, progress: object) -> None:
        """What one pass found out for the next one."""
        self._progress[obj.key] = obj.uid, progress

    def progress(self, obj: Stored) -> object:
        """What the pass before found out, once, and for this very object: a namesake has a bucket of its own."""
        uid, progress = self._progress.pop(obj.key, ("", None))
        return progress if uid == obj.uid else None

    def tell(self, key: Key, subjects: tuple[str, ...]) -> None:
        """Another object's reconcile has found something that this one has to judge."""
        self._subjects[key] = subjects

    def subjects(self, key: Key) -> tuple[str, ...]:
        """What it was told last, once."""
        return self._subjects.pop(key, ())

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._memos.pop(key, None)
        self._progress.pop(key, None)
        self._subjects.pop(key, None)
