"""Whether objects that fail one after the other are their own fault, or that of a store, and of which one."""

from collections.abc import Callable
from dataclasses import dataclass

from imagestore.core.errors import Conflict, Denied, NotFound, Rejected, StoreError
from imagestore.core.keys import without_key
from imagestore.transfer.decide import BACK
from imagestore.transfer.job import TransferJob
from imagestore.transfer.listings import SideFailed, at_side
from imagestore.transfer.performing import WorkOutcome
from imagestore.transfer.report import TransferSide

HOPELESS = 100  # objects that fail one after the other, until the stores are asked
_OF_ONE_OBJECT = Denied, Rejected, NotFound
_OF_SPACE = ("quota", "full", "insufficient")  # in a store's word: no object behind this one fits, either


@dataclass
class FailureScale:
    """``save``: writes something of the operator to the destination. Raises StoreError."""

    job: TransferJob
    save: Callable[[], None]
    unanswered: int = 0  # in a row
    refused: int = 0  # in a row
    borne: int = HOPELESS  # of refused ones, until the stores are asked again

    def weigh(self, outcome: WorkOutcome) -> None:
        """Count it. Raises SideFailed where the store is at fault. A prefix that the source denied stopped a replication for ever."""
        error = outcome.error
        if not outcome.failure:
            self.unanswered, self.refused, self.borne = 0, 0, HOPELESS
        elif error is None or isinstance(error, Conflict):
            pass  # an archived object, or one that changes, says nothing of the store
        elif _is_of_one_object(error):
            self._refused()
        else:
            self.unanswered += 1
            if self.unanswered >= HOPELESS:
                self._see_both()
                raise self._failed(outcome, error)

    def _refused(self) -> None:
        self.refused += 1
        if self.refused >= self.borne:
            self._see_both()
            self.borne *= 2

    def _see_both(self) -> None:
        """A page of the source can be listed, and the destination takes what the operator keeps there."""
        source = self.job.source
        with at_side("source"):
            source.store.objects(source.bucket, {}, prefix=source.prefix, limit=1)
        with at_side("destination"):
            self.save()

    def _failed(self, outcome: WorkOutcome, error: StoreError) -> SideFailed:
        told = without_key(str(error), outcome.work.pair.key)
        message = f"{self.unanswered} objects in a row could not be copied; the last one: {told}"
        return SideFailed(self._side(outcome), error.in_other_words(message))

    def _side(self, outcome: WorkOutcome) -> TransferSide:
        """Whether the last object can be read tells it."""
        back = outcome.work.step in BACK
        end = self.job.destination if back else self.job.source
        try:
            with end.store.read(end.bucket, end.prefix + outcome.work.pair.key):
                return "source" if back else "destination"
        except StoreError:
            return "destination" if back else "source"


def _is_of_one_object(error: StoreError) -> bool:
    return isinstance(error, _OF_ONE_OBJECT) and not any(word in error.code.lower() for word in _OF_SPACE)
