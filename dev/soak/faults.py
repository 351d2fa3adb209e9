"""What breaks: stores, the API server, the operator, its Secrets and its Lease; one at a time."""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random

from dev.soak.api import Api
from dev.soak.world import RELEASE, SYSTEM, World, secrets

Fault = Callable[[World, Api, Random], AbstractContextManager[str]]
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/{RELEASE}"


@contextmanager
def store_stopped(world: World, _api: Api, chance: Random) -> Iterator[str]:
    """A store is down, and comes back with what it holds."""
    name = chance.choice(sorted(world.stores))
    world.stores[name].stop()
    yield name
    world.stores[name].start()


@contextmanager
def store_paused(world: World, _api: Api, chance: Random) -> Iterator[str]:
    """A store takes connections and answers nothing."""
    name = chance.choice(sorted(world.stores))
    world.stores[name].pause()
    yield name
    world.stores[name].resume()


@contextmanager
def api_server_restarted(world: World, _api: Api, _chance: Random) -> Iterator[str]:
    """Every watch is cut."""
    world.cluster.restart_apiserver()
    yield "kube-apiserver"


@contextmanager
def secret_rotated(world: World, api: Api, chance: Random) -> Iterator[str]:
    """A Secret changes: backends connect anew."""
    name = chance.choice(sorted(world.stores))
    _change(api, name, {"rotation": str(chance.random())})
    yield name


@contextmanager
def secret_broken(world: World, api: Api, chance: Random) -> Iterator[str]:
    """A Secret has wrong keys for a while."""
    name = chance.choice(sorted(world.stores))
    _change(api, name, {"secretAccessKey": "wrong-wrong-wrong-wrong"})
    yield name
    _change(api, name, secrets(name, world.stores[name])[0]["stringData"])


def _change(api: Api, name: str, values: dict[str, str]) -> None:
    data = {k: base64.b64encode(v.encode()).decode() for k, v in values.items()}
    api.send("PATCH", f"/api/v1/namespaces/{SYSTEM}/secrets/{name}", {"data": data})


@contextmanager
def operator_killed(world: World, _api: Api, _chance: Random) -> Iterator[str]:
    """SIGKILL in the middle of whatever it does."""
    world.operator.server.kill()
    yield "operator"


@contextmanager
def lease_stolen(_world: World, api: Api, chance: Random) -> Iterator[str]:
    """Somebody else writes itself into the Lease, and dies."""
    api.send("PATCH", _LEASE, {"spec": {"holderIdentity": f"thief-{chance.random()}"}})
    yield "lease"


# Those that end the operator's process; those that may (on a busy machine the API server is away for longer than a
# Lease can wait); the others leave it its memory, whose growth is measured.
ENDING: tuple[Fault, ...] = (operator_killed, lease_stolen)
TRYING: tuple[Fault, ...] = (api_server_restarted,)
LASTING: tuple[Fault, ...] = (store_stopped, store_paused, secret_rotated, secret_broken)
