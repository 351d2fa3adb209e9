"""Names of the files of a repository, below its prefix."""

import re

FORMAT_FILE = "format.json"
KEYS, RUNS, PACKS, BLOBS = "keys/", "runs/", "packs/", "blobs/"
LEAVES, INDEX, MOVED, TRASH, BACKUPS = "leaves/", "index/", "moved/", "trash/", "backups/"
VERIFIED = "verified/"
ENDED = ".ended"  # runs/<run>.ended: nothing that this run writes counts any more

PACK_BYTES = 16 * 1024**2  # a pack is closed when its entries reach this
LARGE_BYTES = 8 * 1024**2  # larger objects are blobs of their own
FRAME_BYTES = 1024**2

_OURS = re.compile(
    r"format\.json|keys/[^/]+"
    r"|(packs|blobs)/([0-9a-f]{2})/\2[0-9a-f]{30}"
    r"|leaves/([0-9a-f]{2})/\3[0-9a-f]{62}\.[0-9a-f]{32}"
    r"|index/[0-9a-f]{32}(-tidy)?/[0-9]{4,}"
    r"|moved/[0-9a-f]{32}-[0-9a-f]{32}\.[0-9]+"
    r"|runs/[0-9a-f]{32}(\.ended)?"
    r"|trash/[0-9a-f]{32}-(forgotten|merged|[0-9a-f]{8})"
    r"|verified/[0-9a-f]{32}"
    r"|backups/[0-9TZ]+-[0-9a-f]{32}"
)
FOLDERS = frozenset({KEYS, RUNS, PACKS, BLOBS, LEAVES, INDEX, MOVED, TRASH, BACKUPS, VERIFIED})


def is_repository_file(name: str) -> bool:
    """Whether a repository has files of such a name. Any other is not read and stays: another program put it there, such as
    moved/tree.jpg, or it is of another repository below this prefix.
    """
    return _OURS.fullmatch(name) is not None


_MIB = 1024**2
_MOST = {"format.json": _MIB, "keys": _MIB, "packs": 128 * _MIB, "leaves": 128 * _MIB, "moved": 128 * _MIB}


def most_bytes(name: str) -> int:
    """More than any file of this kind has. What another program puts in its place may have 5 TiB, and must not fill the memory."""
    return _MOST.get(name.partition("/")[0], 32 * _MIB)


def pack_file(pack: str) -> str:
    """The file of a pack."""
    return f"{PACKS}{pack[:2]}/{pack}"


def blob_file(blob: str) -> str:
    """The file of a large object."""
    return f"{BLOBS}{blob[:2]}/{blob}"


def leaf_file(leaf: str) -> str:
    """The file of a leaf. ``leaf``: its hash, a dot, and the run that wrote it."""
    return f"{LEAVES}{leaf[:2]}/{leaf}"


def index_file(run: str, shard: int) -> str:
    """One file of the index that a run wrote."""
    return f"{INDEX}{run}/{shard:04}"


def moved_file(container: str, run: str) -> str:
    """Where a run moved the entries of a pack or blob."""
    return f"{MOVED}{container}-{run}"


def run_file(run: str) -> str:
    """The beats of a run."""
    return f"{RUNS}{run}"


def ended_file(run: str) -> str:
    """The mark of a run that was declared dead."""
    return f"{RUNS}{run}{ENDED}"


def backup_file(backup: str) -> str:
    """The root of a backup."""
    return f"{BACKUPS}{backup}"


def trash_file(number: str) -> str:
    """A list of condemned files."""
    return f"{TRASH}{number}"


def verified_file(number: str) -> str:
    """What verifications proved."""
    return f"{VERIFIED}{number}"
