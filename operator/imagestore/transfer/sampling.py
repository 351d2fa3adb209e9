"""Boundaries between ranges of keys, found by asking for the key behind a guess: some ten calls for each range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imagestore.core.census import Amount
from imagestore.core.keys import is_reserved, raw
from imagestore.core.objects import ListedObject
from imagestore.transfer.job import TransferEnd

DIGITS = 48  # characters of a key that a guess is made of
FINER = 4  # ranges that are sampled for each that is wanted
ESTIMATED = 16  # ranges from which the number of all objects is estimated
SAMPLE_PAGE = 1000
ENOUGH = 200  # guesses that a long common prefix may cost


def sampled_boundaries(end: TransferEnd, shards: int) -> list[str]:
    """At most ``shards`` - 1 existing keys, without the end's prefix, between ranges of about one size. Raises StoreError.

    For a store that lists in the order of bytes. Fewer, where the end has few keys.
    """
    return _quantiles(_sampled(_Sampler(end), FINER * shards), shards)


def estimated(end: TransferEnd) -> Amount:
    """About how many objects there are, and their bytes. Raises StoreError. For a store that lists in the order of bytes."""
    sampler = _Sampler(end)
    objects = int(sum(g.weight for g in _sampled(sampler, ESTIMATED)))
    return Amount(objects, objects * sampler.bytes // max(1, sampler.seen))


def _sampled(sampler: "_Sampler", most: int) -> "list[_Gap]":
    gaps = [sampler.measured(_Gap("", ""))]
    for _ in range(ENOUGH + 2 * most):
        gap = max(gaps, key=lambda g: 0.0 if g.whole else g.weight)
        if gap.whole or len(gaps) >= most:
            break
        at = gaps.index(gap)
        gaps[at : at + 1] = sampler.split(gap)
    return gaps


def _quantiles(gaps: "Sequence[_Gap]", shards: int) -> list[str]:
    total, seen = sum(g.weight for g in gaps), 0.0
    found: list[str] = []
    for gap in gaps[:-1]:
        seen += gap.weight
        if seen * shards >= total * (len(found) + 1):
            found.append(gap.high)
    return found[: shards - 1]


@dataclass(frozen=True)
class _Gap:
    """The keys behind ``low`` up to ``high`` (empty: the last one). ``weight``: how many there are, about.

    ``bound``: behind it there is no key but ``high``. ``whole``: one page has all of them.
    """

    low: str
    high: str
    weight: float = 0.0
    bound: str = ""
    whole: bool = False


@dataclass
class _Sampler:
    end: TransferEnd
    letters: set[str] = field(default_factory=set)
    seen: int = 0  # objects in all pages, and their bytes
    bytes: int = 0

    def split(self, gap: _Gap) -> list[_Gap]:
        """Two gaps with an existing key between them, or one of which less is unknown."""
        guess = self._middle(gap)
        keys = self._keys(guess, 1) if gap.low < guess else []
        key = keys[0] if keys else gap.high
        if guess <= gap.low:
            return [_Gap(gap.low, gap.high, gap.weight, gap.bound, whole=True)]
        if key == gap.high or (gap.high and raw(key) >= raw(gap.high)):
            return [_Gap(gap.low, gap.high, gap.weight, guess)]
        return [self.measured(_Gap(gap.low, key)), self.measured(_Gap(key, gap.high, bound=gap.bound))]

    def measured(self, gap: _Gap) -> _Gap:
        """With its weight: counted in one page, or by how much of the gap a page goes through."""
        keys = self._keys(gap.low, SAMPLE_PAGE)
        self.letters.update("".join(keys))
        inside = [k for k in keys if not gap.high or raw(k) <= raw(gap.high)]
        if len(inside) < len(keys) or len(keys) < SAMPLE_PAGE:
            return _Gap(gap.low, gap.high, len(inside), gap.bound, whole=True)
        low, high, last = (self._number(k) for k in (gap.low, gap.bound or gap.high, inside[-1]))
        part = (last - low) / max((high or self._number("")) - low, 1)
        return _Gap(gap.low, gap.high, SAMPLE_PAGE / min(max(part, 1e-9), 1.0), gap.bound)

    def _keys(self, after: str, limit: int) -> list[str]:
        """The next ``limit`` keys behind one, without the end's prefix; fewer only where there are no more.

        A page may be short, and hold objects that are not content: then the rest was taken for the end of the bucket.
        """
        store, end = self.end.store, self.end
        begin: Mapping[str, str] | None = store.start_after(end.prefix + after) if after else {}
        items, page_size = list[ListedObject](), limit
        while begin is not None and len(items) < limit:
            page = store.objects(end.bucket, begin, prefix=end.prefix, limit=page_size)
            items += [i for i in page.items if not is_reserved(i.key)]
            begin, page_size = page.after, SAMPLE_PAGE
        items = items[:limit]
        self.seen, self.bytes = self.seen + len(items), self.bytes + sum(i.size for i in items)
        return [i.key[len(end.prefix) :] for i in items]

    def _middle(self, gap: _Gap) -> str:
        low = self._number(gap.low)
        high = self._number(gap.bound or gap.high) if gap.bound or gap.high else self._base() ** DIGITS
        number, alphabet = (low + high) // 2, sorted(self.letters)
        digits: list[int] = []
        for _ in range(DIGITS):
            number, digit = divmod(number, self._base())
            digits.append(digit)
        used = "".join(alphabet[d - 1] if d else "\0" for d in reversed(digits))
        return used.split("\0")[0]

    def _base(self) -> int:
        return len(self.letters) + 1

    def _number(self, key: str) -> int:
        """The place of a key among all that are made of these letters; 0 stands for its end."""
        place = {c: n for n, c in enumerate(sorted(self.letters), 1)}
        found = 0
        for char in key[:DIGITS].ljust(DIGITS, "\0"):
            found = found * self._base() + place.get(char, 0)
        return found
