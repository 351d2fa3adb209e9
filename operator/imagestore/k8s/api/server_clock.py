"""How far a server's clock is ahead of ours, from the dates of its answers. Pure."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import inf

_CUT_OFF = 1.0  # second that a date does not tell


@dataclass
class ServerClock:
    """``least`` and ``most``: seconds between which it is ahead, by all answers since a clock was last set."""

    least: float = -inf
    most: float = inf

    @property
    def ahead(self) -> float:
        """Seconds; negative: it is behind. 0 where the two clocks may agree."""
        return self.least if self.least > 0 else min(self.most, 0.0)

    def heard(self, date: str, before: float, after: float) -> None:
        """An answer with this Date came ``after`` a request that was sent ``before``, both in seconds since 1970."""
        try:
            told = parsedate_to_datetime(date).timestamp()
        except ValueError:  # a proxy's, or none
            return
        least, most = told - after, told + _CUT_OFF - before
        if least > self.most or most < self.least:
            self.least, self.most = least, most
        else:
            self.least, self.most = max(self.least, least), min(self.most, most)
