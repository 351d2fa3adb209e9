"""``python -m tests.repository.sweep FIRST STEP [NAME...] < store.json``: kill or freeze processes behind each STEP-th mutating call to a real store.

After each every listed backup is restored and compared byte by byte. Prints what was done, as JSON.
"""

import json
import secrets
import sys
import time
from itertools import count
from random import Random

from dev.stores import Store
from tests.repository.forked import RealWorld
from tests.repository.restore_command import RestoreCommand, digests

OBJECTS = 12
PARTS = 17 * 1024**2  # two parts
MOST = 200


def changed(world: RealWorld, random: Random, *, parts: bool) -> None:
    """Four new contents, one of which came and went before; ``parts``: an object that goes up in parts, too."""
    for _ in range(4):
        world.put(f"{random.randrange(OBJECTS):02}", random.randbytes(1000))
    world.put("again", random.choice([b"one" * 300, b"other" * 300]))
    if parts:
        world.put("parts", random.randbytes(16) * (PARTS // 16))


def of_backups(world: RealWorld, random: Random, first: int, step: int) -> int:
    """Each run goes on from what the killed one left."""
    for number in count(first, step):
        changed(world, random, parts=True)
        done = world.back_up(kill_after=number)
        world.restored()
        if not done.killed:
            break
        assert number < MOST
    return number


def of_removals(world: RealWorld, random: Random, first: int, step: int) -> int:
    """Before each kill there is something to forget, to delete, to repack, and dead runs."""
    for number in count(first, step):
        for _ in range(2):
            changed(world, random, parts=False)
            world.back_up()
        world.back_up(kill_after=5)
        world.prune()
        world.pass_days()
        done = world.prune(kill_after=number)
        world.restored()
        if not done.killed:
            break
        assert number < MOST
    assert done.result["held"] == "", done
    return number


def of_frozen(world: RealWorld, random: Random, first: int, step: int) -> int:
    """A backup sleeps behind one of its calls while removals run to their end; every second one sleeps for four days."""
    for number in count(first, step):
        changed(world, random, parts=False)
        world.prune()
        backup = world.frozen_backup(number)
        if not backup.stopped():
            break
        for _ in range(2):
            if number // step % 2:
                world.pass_days()
            world.prune()
        backup.goes_on()
        done = backup.done()
        lost = isinstance(done.result, dict)
        if not lost:
            world.expected[done.result] = world.content
        assert not lost or "RunLost" in done.result["error"], done
        assert (lost and number // step % 2) or done.result in world.restored()
        world.restored()
    world.expected[backup.done().result] = world.content
    return number


def of_restores(world: RealWorld, random: Random, first: int, step: int) -> int:
    """The command, killed, and then run again with its checkpoint: everything is there, and no upload is left open."""
    changed(world, random, parts=True)
    world.back_up()
    restores = RestoreCommand(world)
    for number in count(first, step):
        done = restores.run(kill_after=number)
        killed, again = done.killed, restores.run() if done.killed else done
        assert again.result[0] == 0, again
        assert restores.held() == digests(world.content)
        if not killed:
            break
        restores.empty()
    return number


SWEEPS = {"backup": of_backups, "removal": of_removals, "frozen": of_frozen, "restore": of_restores}


def main(first: int, step: int, *names: str) -> None:
    """The sweeps of these names, one after the other on one repository; none: all."""
    store = Store(**json.load(sys.stdin))
    world, random = RealWorld(store, f"sweep-{secrets.token_hex(5)}"), Random(1)  # noqa: S311
    for n in range(OBJECTS):
        world.put(f"{n:02}", random.randbytes(1000))
    world.back_up()
    told: dict[str, object] = {"store": store.name}
    for name in names or SWEEPS:
        began = time.monotonic()
        told[name] = SWEEPS[name](world, random, first, step)
        told[f"{name} seconds"] = round(time.monotonic() - began, 1)
    for _ in range(3):
        assert world.prune(last=1).result["held"] == ""
        world.pass_days()
    assert len(world.restored()) == 1
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
