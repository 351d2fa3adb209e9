"""One setting of a bucket: a row of data with two pure functions, and the one driver that carries rows out.

A row says which operations read, write and remove the setting, which error codes mean "nothing is set",
and what the store must grant. One more setting is one more row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from imagestore.backends.guard.call import Call
from imagestore.backends.s3.errors import in_words
from imagestore.backends.s3.settings import named
from imagestore.backends.s3.settings.learned import Learned
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.rebase import (
    HeldSetting,
    altered,
    losses,
    our_parts,
    patterns,
    rebased,
    restricted,
)
from imagestore.core import errors
from imagestore.core.errors import Rejected, StoreError, Unavailable
from imagestore.core.facet import Facet, Parts
from imagestore.core.losses import beyond, uses
from imagestore.core.reading import FULL, NotRepresentable, Support
from imagestore.core.render import printable, quote
from imagestore.facets.lifecycle_rule import FOREIGN

F = TypeVar("F", bound=Facet)

StoreAnswer = Mapping[str, Any]
Parameters = dict[str, Any]

NOT_VISIBLE = "NotYetVisible"  # the code of an Unavailable of this driver: ask again later
LOSSY = "Lossy"  # the code of a Rejected that this driver, not the store, decided on


def never(_value: Any, _at: BucketPlace) -> Parameters:
    """The ``encode`` of what is observe-only. No plan writes it; should one, nothing is sent."""
    raise Rejected("this setting is observe-only, never written", code="OnlyByHand")


def one_word(document: str, element: str, field: str) -> Callable[[Facet, BucketPlace], Parameters]:
    """The ``encode`` of a setting that is one word: the facet's field, in this element of this document."""
    return lambda value, _at: {document: {element: getattr(value, field)}}


@dataclass(frozen=True)
class Setting(Generic[F]):
    """The row. ``decode`` gives None for "nothing is set", and raises what it likes where it does not understand.

    ``clear``: the operation that removes the setting; without one, ``cleared`` is written instead.
    ``harmless``: the value in a form that does nothing yet, to find out what a store would drop; with ``beside`` only.
    ``beside``: what is sent, with what the store's document holds besides the facet (a policy's Id). A row that has it
    reads the document anew before it writes, so that others' parts go back as they are then.
    ``foreign``: what the parts of a value that are not ours mean, by name, as far as they are sent at all.
    ``named``: a set of named configurations, each with calls of its own; ``encode`` is given one at a time.
    ``identity`` is the id in the store of one by its name; with ``name_inside`` no parameter repeats it.
    ``advice``: what a person should know who reads that the store refuses a value. Without ``write`` the
    setting is observe-only.
    """

    facet: str
    read: str
    decode: Callable[[StoreAnswer, BucketPlace], F | None]
    permissions: tuple[str, ...]
    write: str = ""
    encode: Callable[[F, BucketPlace], Parameters] = never
    absent: frozenset[str] = frozenset()
    clear: str = ""
    cleared: F | None = None
    harmless: Callable[[F, F | None], F] | None = None
    beside: Callable[[StoreAnswer, Parameters], Parameters] | None = None
    foreign: Callable[[F], Mapping[str, Any]] | None = None
    identity: Callable[[str], str] = named.configuration_id
    named: bool = False  # from here on `named` is this, no longer the module
    name_inside: bool = False
    advice: Callable[[F, F | None], str] | None = None

    def understood(self, answer: StoreAnswer, at: BucketPlace) -> F | None:
        """What an answer says. Unrepresentable, whatever the decoder trips over: that concerns this setting alone."""
        try:
            return self.decode(answer, at)
        except Exception as error:
            words = f"{self.facet} holds what cannot be represented: {printable(in_words(error))[:300]}"
            raise errors.Unrepresentable(words, operation=self.read) from error

    def puts(self, value: F, seen: F | None, at: BucketPlace) -> Iterator[Parameters]:
        """The parameters of each call that is needed to store ``value`` where ``seen`` is."""
        if not self.named:
            yield self.encode(value, at)
            return
        for name in named.changed(value, seen):
            told = {} if self.name_inside else {"Id": name}
            yield {**told, **self.encode(value.restrict({name}), at)}

    def removals(self, value: F | None, seen: F | None) -> Iterator[Parameters]:
        """The parameters of each call that removes what ``value`` has no more."""
        if self.named:
            yield from ({"Id": i} for i in named.gone(value, seen, self.identity))
        else:
            yield {}


@dataclass
class S3Setting(Generic[F]):
    """Reads, writes and removes one setting through ``call``. Implements ``base.Driver``.

    ``lossless``: the store is known to keep everything of this facet, so nothing is tried out first.
    ``learned``: what it turned out to drop of which bucket's; shared with the backend that made this driver.
    """

    row: Setting[F]
    call: Call
    support: Support = FULL
    lossless: bool = True
    partition: str = "aws"
    tiers: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    stores: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[str, ...] | None = None
    learned: Learned = field(default_factory=Learned)

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the store must grant."""
        return self.row.permissions if self.grants is None else self.grants

    def read(self, bucket: str) -> F | None:
        """The value in the store. Unrepresentable when the store holds what no value can say."""
        return self._held(bucket).value

    def _answer(self, bucket: str) -> StoreAnswer | None:
        def ask(more: Parameters) -> StoreAnswer:
            return self.call(self.row.read, {"Bucket": bucket, **more})

        try:
            return named.pages(ask) if self.row.named else ask({})
        except StoreError as error:
            if error.code in self.row.absent:
                return None
            raise

    def write(self, bucket: str, value: F, seen: F | NotRepresentable | None) -> None:
        """Store ``value``. Rejected with code Lossy, and nothing changed, if the store would drop a part."""
        if value.is_empty() and self.row.clear:
            self.clear(bucket, seen)
            return
        old = None if isinstance(seen, NotRepresentable) else seen
        new = set(uses(value, self.support.lost)) - set(uses(old, self.support.lost) if old else ())
        self._refuse(sorted(new), self.support.reason)
        there = beyond(old, self.support.limits) if old else {}
        for path, fix in beyond(value, self.support.limits).items():
            self._refuse([path] if path not in there else [], fix)
        if self.row.beside is None:
            self._put(bucket, value, HeldSetting({}, old))
        else:
            self._store(bucket, value, our_parts(value, old), self._before(bucket, seen))

    def _before(self, bucket: str, seen: F | NotRepresentable | None) -> HeldSetting[F]:
        if not isinstance(seen, NotRepresentable):
            return HeldSetting({}, None) if seen is None else self._held(bucket)
        return HeldSetting(self._answer(bucket) or {}, None)  # what stands beside it goes back all the same

    def _held(self, bucket: str) -> HeldSetting[F]:
        answer = self._answer(bucket)
        value = None if answer is None else self.row.understood(answer, self._place(bucket))
        return HeldSetting(answer or {}, value)

    def _store(self, bucket: str, value: F, mine: Parts, held: HeldSetting[F]) -> None:
        """First in a form that does nothing, where the store is not known to keep all."""
        wanted = self._on(held, value, mine)
        first = wanted if self._trusted else self._harmless(wanted, held.value)
        tried = first.canonical() != wanted.canonical()
        self._put(bucket, first, held)
        if tried or (self._foreign(first) and not self._trusted):
            kept = self._proven(bucket, first, held, mine)
            if tried:
                self._put(bucket, self._on(kept, wanted, mine), kept)

    @property
    def _trusted(self) -> bool:
        return self.lossless or self.row.harmless is None

    def _harmless(self, value: F, seen: F | None) -> F:
        return value if self.row.harmless is None else self.row.harmless(value, seen)

    def _foreign(self, value: F | None) -> Mapping[str, Any]:
        return {} if self.row.foreign is None or value is None else self.row.foreign(value)

    def _on(self, held: HeldSetting[F], value: F, mine: Parts) -> F:
        """``value`` with others' parts as they are held, of what is read anew before it is written."""
        return rebased(value, held.value, mine) or value

    def clear(self, bucket: str, seen: F | NotRepresentable | None) -> None:
        """Remove the setting. Nothing is sent unless something was seen.

        A DELETE of a sub-resource that a server does not know can fall through to "delete the bucket"
        (SeaweedFS 4.48, RGW 16, MinIO, moto): so never "to be sure".
        """
        if seen is None or seen.is_empty():
            return
        parts = None if isinstance(seen, NotRepresentable) else seen.parts()
        if self.row.beside is None or parts is None:
            self._remove(bucket, seen)
            return
        held = self._held(bucket)  # what others have added since stays
        left = rebased(None, held.value, parts)
        if left is None or left.is_empty():
            self._remove(bucket, held.value, held.answer)
        else:
            self._put(bucket, left, held)

    def _remove(
        self, bucket: str, seen: F | NotRepresentable | None, answer: StoreAnswer | None = None
    ) -> None:
        if seen is None or seen.is_empty():
            return
        if self.row.clear:
            self._delete(bucket, None, None if isinstance(seen, NotRepresentable) else seen)
        elif self.row.cleared is not None:
            self._put(bucket, self.row.cleared, HeldSetting(answer or {}, None))

    def _delete(self, bucket: str, value: F | None, seen: F | None) -> None:
        for which in self.row.removals(value, seen):
            try:
                self.call(self.row.clear, {"Bucket": bucket, **which})
            except Rejected as error:
                if error.code not in self.row.absent:  # else another program was faster
                    raise

    def _proven(self, bucket: str, sent: F, held: HeldSetting[F], mine: Parts) -> HeldSetting[F]:
        """What the store holds after ``sent`` was written, if it kept our parts and gave others' back as they were."""
        kept = self._held(bucket)
        lost = losses(self.row.facet, kept.value, sent, mine)
        if lost and restricted(kept.value, mine) == restricted(held.value, mine):
            # The answer lags behind, or the write was forgotten. Taken for a loss, one stale answer made the
            # setting unsupported.
            message = f"{self.row.facet} was tried out, switched off, and the store still answers as before"
            raise Unavailable(message, code=NOT_VISIBLE, operation=self.row.write)
        strange = list(altered(self._foreign(sent), self._foreign(kept.value)))
        if lost or strange:
            self._take_back(bucket, held, kept, mine)
        if lost:
            self.learned.learn(self.row.facet, bucket, patterns(lost))
        self._refuse([d.path for d in lost], "the store dropped it when it was tried out, switched off")
        self._refuse_beside(strange)
        return kept

    def _take_back(self, bucket: str, held: HeldSetting[F], kept: HeldSetting[F], mine: Parts) -> None:
        """Ours as it was, all else as it is now: another program may have written in between."""
        back = rebased(held.value, kept.value, mine)
        if back is None or back.is_empty():
            self._remove(bucket, kept.value, kept.answer)
        else:
            self._put(bucket, back, kept)

    def _refuse(self, lost: list[str], why: str) -> None:
        if lost:
            message = f"{', '.join(lost)} cannot be stored here: {why}"
            raise Rejected(message, code=LOSSY, operation=self.row.write)

    def _refuse_beside(self, strange: list[str]) -> None:
        if strange:
            message = (
                f"{quote(strange[0].removeprefix(FOREIGN), 100)} in {self.row.facet}, which is not the operator's,"
                " reads otherwise since it was sent back as it was found; what the operator wrote was taken back:"
                " correct or remove it"
            )
            raise Rejected(message, code=LOSSY, operation=self.row.write)

    def _put(self, bucket: str, value: F, held: HeldSetting[F]) -> None:
        if value.is_empty() and self.row.clear:
            self._remove(bucket, held.value)
            return
        for sent in self.row.puts(value, held.value, self._place(bucket)):
            if self.row.beside:
                sent = self.row.beside(held.answer, sent)
            self._send(value, held.value, {"Bucket": bucket, **sent})
        if self.row.named:
            self._delete(bucket, value, held.value)

    def _send(self, value: F, seen: F | None, parameters: Parameters) -> None:
        try:
            self.call(self.row.write, parameters)
        except Rejected as error:
            known = self.support.known(self.row.facet)
            if not (advice := self.row.advice(value, seen) if self.row.advice else known):
                raise
            raise Rejected(f"{error}; {advice}", code=error.code, operation=error.operation) from error

    def _place(self, bucket: str) -> BucketPlace:
        return BucketPlace(bucket, self.partition, self.tiers, self.role, self.stores)
