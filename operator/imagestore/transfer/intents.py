"""What a run is about to copy, as its checkpoint has it, and what becomes of it after the run was killed. Pure.

Tags and locks come behind the bytes on some stores, and an upload's ETag may prove nothing: a run that was killed right behind
CompleteMultipartUpload left an object without tags that the next one knew by size and time alone.
"""

from imagestore.core.objects import ListedObject
from imagestore.transfer.decide import BACK, Decision, DecisionRules, PairStep, equal_entry
from imagestore.transfer.equality import Evidence, evidence
from imagestore.transfer.journal import EntryFlag, etag_digest
from imagestore.transfer.pairs import KeyPair

_EITHER = frozenset({PairStep.CONFLICT, PairStep.COMPARE})  # the newer side is copied
_UNSETTLED = frozenset({PairStep.NOTE, PairStep.REFRESH, PairStep.COMPARE, PairStep.CONFLICT})


def intent(pair: KeyPair, step: PairStep) -> str:
    """The digest of the ETag that is copied: of the source's object; behind ``<`` of the destination's."""
    forward = _digest(pair.source) if step not in BACK else ""
    back = _digest(pair.destination) if step in BACK | _EITHER else ""
    return f"{forward}<{back}" if back else forward


def _digest(item: ListedObject | None) -> str:
    return "" if item is None else etag_digest(item.etag).hex()


def copied_back(pair: KeyPair, told: str) -> bool | None:
    """Whether a killed run was copying this pair back to the source; None: neither way, or nothing was copied."""
    forward, _, back = told.partition("<")
    ways = (forward and forward == _digest(pair.source), back and back == _digest(pair.destination))
    return None if bool(ways[0]) == bool(ways[1]) else bool(ways[1])


def settled(chosen: Decision, pair: KeyPair, told: str, rules: DecisionRules) -> Decision:
    """The decision on a pair of which the checkpoint has an intent."""
    back, source, destination = copied_back(pair, told), pair.source, pair.destination
    if back is None or chosen.step not in _UNSETTLED or source is None or destination is None:
        return chosen
    known = evidence(source, rules.source, destination, rules.destination)
    if known is Evidence.DIFFERENT:
        return chosen
    steps = _steps(known)
    return Decision(steps[back], equal_entry(pair.key, source, destination, EntryFlag.OURS), chosen.why)


def _steps(known: Evidence) -> tuple[PairStep, PairStep]:
    if known is Evidence.EQUAL:
        return PairStep.REFRESH, PairStep.REFRESH_BACK
    return PairStep.PROVE, PairStep.PROVE_BACK
