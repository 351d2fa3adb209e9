"""Which tests are unit tests, what the others need, and that unit tests are held to it."""

import dis
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.process import Server
from dev.programs import program
from dev.programs.cache import cache_folder
from dev.stores import FACTORIES, minio
from dev.testing.guard import unit_test
from dev.testing.mentions import loaded_globals, reached
from dev.testing.needs import _needs

ROOT = Path(__file__).parents[2]


def _starts_a_cluster(folder: Path) -> None:
    with Cluster.start(folder):
        pass


def _uses_helm(cluster: Cluster) -> None:
    Cluster.start(Path())
    cluster.helm("list")


def _chooses(name: str) -> Any:
    return FACTORIES[name](Path())


def _annotated(_: Cluster) -> None:
    """It takes one that another has started."""


def _in_a_class() -> None:
    Uses().it()


class Uses:
    def it(self) -> None:
        minio(Path())

    def another(self) -> None:
        program("versitygw")


@pytest.mark.parametrize(
    ("function", "chosen", "programs"),
    [
        (_starts_a_cluster, "", "etcd kube-apiserver kube-controller-manager kubectl"),
        (_uses_helm, "", "etcd helm kube-apiserver kube-controller-manager kubectl"),
        (_chooses, "ceph", "ceph"),
        (_chooses, "", "ceph minio rclone versitygw weed"),
        (_in_a_class, "", "minio"),
        (_annotated, "", ""),
    ],
)
def test_needs_are_read_from_the_code(function: Callable[..., Any], chosen: str, programs: str) -> None:
    found = _needs((function,), frozenset({chosen}), unknown=False)
    assert sorted(found.programs) == programs.split()
    assert found.processes is bool(programs)
    assert found.nothing is not bool(programs)


def test_globals_are_those_that_dis_tells() -> None:
    """Of every function of this file, and of one with more names than a byte can count."""
    many = compile("\n".join(f"def f(): return x{n}, y.x{n}" for n in range(3)), "few", "exec")
    wide = compile(f"def f():\n return [{','.join(f'x{n}' for n in range(400))}]", "many", "exec")
    codes = [c for made in (many, wide) for c in made.co_consts if isinstance(c, CodeType)]
    codes += [f.__code__ for f in globals().values() if isinstance(f, FunctionType)]
    for code in codes:
        told = [step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"]
        assert list(loaded_globals(code)) == told
    assert len(list(loaded_globals(codes[-1]))) > 2
    assert len(set(loaded_globals(wide.co_consts[0]))) == 400


def test_only_our_own_code_is_followed() -> None:
    met = reached((_in_a_class,))
    assert Uses.it in met
    assert Uses.another not in met
    assert any(thing is Server for thing in met)


def test_a_unit_test_starts_no_process_of_ours() -> None:
    with unit_test(), pytest.raises(pytest.fail.Exception, match="starts a process"):
        subprocess.run([sys.executable, "-c", ""], check=True)
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_a_unit_test_reads_no_program() -> None:
    with unit_test(), pytest.raises(pytest.fail.Exception, match="reads"):
        (cache_folder() / "etcd" / "v0" / "etcd").open()


def test_they_run_where_nothing_was_ever_built(tmp_path: Path) -> None:
    """Every other unit test is held to that by the guard, in each run of all tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "IMAGESTORE", "XDG"))}
    chosen = ["tests/core/test_units.py", "tests/k8s/test_lease.py", "tests/k8s/test_lanes.py", "tests/node"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "unit", "-q", "-p", "no:cacheprovider", *chosen],
        cwd=ROOT, env={**kept, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
    assert "deselected" in done.stdout, "those of the Lease that need a cluster"
    assert not (tmp_path / ".cache" / "imagestore").exists()
