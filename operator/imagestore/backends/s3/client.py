"""A store's address, credentials and CA; and the botocore session that all stores share."""

import threading
from dataclasses import dataclass, field
from typing import Any

from imagestore.backends.s3.dialects import extended
from imagestore.core.fencing import Permit, permitted

CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Keys:
    """Credentials of a store. Masked wherever they are printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be masked in every message."""
        return (self.secret_access_key, *([self.session_token] if self.session_token else ()))


@dataclass(frozen=True)
class StoreTarget:
    """Where and as whom. ``keys`` None: those that botocore finds (pod identity, IRSA, an instance role).

    ``permit`` raises Fenced where nothing may be written any more.
    """

    endpoint: str
    region: str
    keys: Keys | None
    addressing: str = "path"  # or virtual
    ca: bytes | None = field(default=None, repr=False)
    connections: int = 10
    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    permit: Permit = permitted

    def leave(self, method: str) -> None:
        """Raise Fenced if such a request must not be sent. Called right before its first byte: a paused leader may resume anywhere."""
        if method not in _READS:
            self.permit()


class _Shared:
    """One botocore session for the whole process: its model of S3 and its search for credentials.

    botocore is imported when it is asked for: a copy of objects with keys at hand needs neither, and its import takes 0.2 s.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None
        self.session: Any = None

    def credentials(self) -> Any:
        """Those of the environment, a profile, pod identity or an instance role; None without any."""
        import botocore.session

        with self._lock:
            self.session = self.session or botocore.session.Session()
            return self.session.get_credentials()

    def model(self) -> Any:
        """botocore's model of S3 without its documentation, which is half of its megabytes."""
        from botocore.loaders import create_loader
        from botocore.model import ServiceModel

        with self._lock:
            if self._model is None:
                raw = create_loader().load_service_model("s3", "service-2")
                self._model = ServiceModel(extended(_undocumented(raw)), "s3")
            return self._model


def _undocumented(value: Any) -> Any:
    if isinstance(value, dict):
        # Also a member's name, and a member is no text.
        kept = {k: v for k, v in value.items() if k != "documentation" or not isinstance(v, str)}
        return {k: _undocumented(v) for k, v in kept.items()}
    return [_undocumented(v) for v in value] if isinstance(value, list) else value


SHARED = _Shared()
