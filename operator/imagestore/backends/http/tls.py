"""TLS contexts, and files of CA certificates that came as bytes from a Secret.

urllib3 is imported where TLS is spoken: it takes 0.1 s.
"""

import os
import ssl
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any


def context(ca_file: str | None) -> ssl.SSLContext:
    """A context as strict as urllib3's: TLS 1.2 at least, host names checked. ``ca_file`` None means the system's CAs."""
    from urllib3.util.ssl_ import create_urllib3_context

    made: ssl.SSLContext = create_urllib3_context()
    made.verify_mode, made.check_hostname = ssl.CERT_REQUIRED, True
    if ca_file is None:
        made.load_default_certs()
    else:
        made.load_verify_locations(cafile=ca_file)
    return made


def inside(sock: Any, made: ssl.SSLContext, name: str) -> Any:
    """TLS to ``name`` within a connection that is TLS already."""
    from urllib3.util.ssltransport import SSLTransport

    return SSLTransport(sock, made, server_hostname=name)


def ca_file(ca: bytes | None) -> str | None:
    """The path of a file with these certificates; the same path for the same bytes. None if none were given."""
    return None if ca is None else str(_file(ca))


_files: dict[bytes, Path] = {}
_files_lock = threading.Lock()


def _file(ca: bytes) -> Path:
    with _files_lock:
        if ca not in _files or not _files[ca].exists():
            _files[ca] = _in_memory(ca) if hasattr(os, "memfd_create") else _on_disk(ca)
        return _files[ca]


def _in_memory(ca: bytes) -> Path:
    """In a memfd: a writable volume in the pod would make `kubectl drain` refuse."""
    number = os.memfd_create("imagestore-ca")
    with open(number, "wb", closefd=False) as made:
        made.write(ca)
    return Path(f"/proc/self/fd/{number}")


def _on_disk(ca: bytes) -> Path:
    """In a temporary file where there is no memfd. It is deleted at the end of the process."""
    with tempfile.NamedTemporaryFile(prefix="imagestore-ca-", suffix=".crt", delete=False) as made:
        made.write(ca)
    path = Path(made.name)
    weakref.finalize(_files_lock, path.unlink, missing_ok=True)
    return path
