"""Names of the files of a repository, below its prefix."""

FORMAT_FILE = "format.json"
KEYS, RUNS, PACKS, BLOBS = "keys/", "runs/", "packs/", "blobs/"
LEAVES, INDEX, MOVED, TRASH, BACKUPS = "leaves/", "index/", "moved/", "trash/", "backups/"
ENDED = ".ended"  # runs/<run>.ended: nothing that this run writes counts any more

PACK_BYTES = 16 * 1024**2  # a pack is closed when its entries reach this
LARGE_BYTES = 8 * 1024**2  # larger objects are blobs of their own
FRAME_BYTES = 1024**2


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
