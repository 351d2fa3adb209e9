"""Nights of a BackupSchedule through ``imagestore apply``, on two real stores, with a clock of the test's."""

from pathlib import Path

import pytest

from dev.stores import Store
from tests.local.nights import Nights, packs
from tests.local.pair import Pair, fill, keys
from tests.repository.test_drill import png


@pytest.fixture
def nights(
    tmp_path: Path, seaweedfs_store: Store, minio_store: Store, capsys: pytest.CaptureFixture[str]
) -> Nights:
    """Twenty pictures in a bucket, and a bucket for their backups on another store."""
    made = Nights(Pair(tmp_path / "manifests", seaweedfs_store, minio_store, capsys))
    source, _ = made.pair.buckets()
    made.write(
        verify={"full": {"days": 1}, "drill": {"cron": "0 5 * * SUN", "sample": 10}},
        objectives={"rpo": "26h", "rto": "4h"},
    )
    assert made.apply("2026-01-01 12:00").code == 0
    pictures = {f"originals/{n:02}.png": png(f"#{n:02x}4000") for n in range(20)}
    fill(seaweedfs_store.s3(), source, pictures)
    return made


def test_a_night_is_backed_up_verified_and_drilled(nights: Nights, seaweedfs_store: Store) -> None:
    assert nights.said() == ("True", "Scheduled")
    assert nights.backups() == {}
    assert nights.said("Verified") == ("Unknown", "FirstRun")
    nights.apply("2026-01-02 02:16:59")
    assert nights.backups() == {}
    nights.apply("2026-01-02 02:20")
    assert nights.backups() == {"nightly-20260102t0217z": "Succeeded"}
    assert nights.said("Verified") == ("True", "Verified"), nights.status()
    assert nights.said("Drilled") == ("Unknown", "FirstRun")
    nights.apply("2026-01-04 05:01")  # a Sunday; the Backup of 02:17 is too late by now
    assert nights.status()["missed"] == 2
    assert nights.said("Drilled") == ("True", "Drilled"), nights.status()
    (bucket,) = nights.status()["buckets"]
    assert (bucket["drill"]["sampled"], bucket["drill"]["decoded"], bucket["drill"]["left"]) == (10, 10, 0)
    assert keys(seaweedfs_store.s3(), f"shop--photos-{nights.pair.name}") == [
        f"originals/{n:02}.png" for n in range(20)
    ]
    assert nights.said("WithinRpo") == ("False", "RpoMissed"), "26 hours went by"
    nights.apply("2026-01-05 02:18")
    assert nights.said("WithinRpo") == ("True", "WithinRpo")
    assert list(nights.backups()) == ["nightly-20260102t0217z", "nightly-20260105t0217z"]


def test_damage_is_found_told_and_holds_removals(nights: Nights, minio_store: Store) -> None:
    nights.write(retention={"last": 1})
    nights.apply("2026-01-02 02:20")
    bucket = f"shop--copy-{nights.pair.name}"
    for key in packs(minio_store, bucket):
        minio_store.s3().delete_object(Bucket=bucket, Key=key)
    nights.apply("2026-01-03 02:20")
    assert nights.said("Verified") == ("False", "Damaged")
    assert nights.said("Held") == ("True", "RemovalHeld"), (nights.status(), nights.backups())
    assert nights.message("Verified").startswith("20 objects of the backups of photos are damaged;")
    assert "originals/" not in str(nights.status())


def test_a_removal_is_held_and_approved(nights: Nights) -> None:
    # Not all is read within these nights: no backup is verified, and none stays for that.
    nights.write(retention={"last": 9}, verify={"full": {"days": 30}}, objectives={"rpo": "26h"})
    for day in range(2, 6):
        assert nights.apply(f"2026-01-0{day} 02:20").code == 0
    nights.write(retention={"last": 1})
    nights.apply("2026-01-06 02:20")
    (bucket,) = nights.status()["buckets"]
    held = bucket["removal"]["held"]
    assert (held["backups"], held["why"]) == (4, "4 of 5 backups would go, more than 50%")
    nights.write(approve=[held["token"]])
    nights.apply("2026-01-06 02:30")
    assert nights.said("Held") == ("", "")
    (bucket,) = nights.status()["buckets"]
    assert (bucket["removal"]["forgotten"], bucket["removal"]["backups"]) == (4, 1)
