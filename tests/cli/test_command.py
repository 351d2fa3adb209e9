"""The console script as a process: exit codes, start-up, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import pytest

from dev.stores import Store
from tests.cli.world import backend, bucket, imagestore, write

ROOT = Path(__file__).parents[2]


def _run(*argv: object, cwd: Path = ROOT, stdin: str = "") -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KUBE", "IMAGESTORE", "AWS"))}
    return subprocess.run(
        [str(Path(sys.executable).parent / "imagestore"), *map(str, argv)],
        env={**clean, "HOME": str(cwd)}, cwd=cwd, input=stdin, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_exit_codes_tell_nothing_changes_and_errors_apart(minio_store: Store, tmp_path: Path) -> None:
    new = backend(minio_store) + bucket("new", "shop--exit", "tags: {a: b}")
    assert _run("plan", "-f", "-", stdin=new).returncode == 2
    minio_store.s3().create_bucket(Bucket="shop--exit")
    tags = [{"Key": "a", "Value": "b"}, {"Key": "imagestore.dev/owner", "Value": "any/shop/new"}]
    minio_store.s3().put_bucket_tagging(Bucket="shop--exit", Tagging={"TagSet": tags})
    same = _run("plan", "-f", write(tmp_path, new))
    assert same.returncode == 0, same.stdout
    assert "1 without changes" in same.stdout
    wrong = _run("plan", "-f", write(tmp_path, new + "  nonsense: 1\n"))
    assert wrong.returncode == 1
    assert "spec.nonsense: unknown field" in wrong.stdout


def test_no_colour_in_a_pipe(minio_store: Store) -> None:
    new = backend(minio_store) + bucket("new", "shop--pipe")
    assert "\x1b" not in _run("plan", "-f", "-", stdin=new).stdout


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ("plan", "-f", "/nowhere.yaml", "--offline"),
            "/nowhere.yaml: cannot be read: No such file or directory",
        ),
        (("plan", "-f", "/dev/null", "--offline", "--credentials", "/nowhere"), "/nowhere: cannot be read"),
        (("import", "eu/bucket", "--offline"), "there is no StorageBackend eu"),
        (("release", "--all"), "no Kubernetes to work on"),
        (("generate",), "this is not imagestore's repository"),
    ],
)
def test_what_goes_wrong_is_a_sentence(argv: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = _run(*argv, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ("import", "eu"),
            "write BACKEND/BUCKET, such as eu/shop--photos, not eu; see imagestore import --help",
        ),
        (
            ("import", "eu/x"),
            "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, not x",
        ),
        (
            ("backend", "probe", "--bucket", "S"),
            "digits, dots and hyphens, not S; see imagestore backend probe --help",
        ),
        ((), "COMMAND; see imagestore --help"),
        (("plan", "-f", "x", "--day", "soon"), "give a day such as 2027-01-31, not soon"),
        (("run", "--drift-interval", "0"), "0 is not at least 1 seconds"),
        (("run", "--drift-interval", "soon"), "invalid duration value: 'soon'"),
    ],
    ids=str,
)
def test_wrong_usage_says_what_to_write_and_where_the_help_is(
    argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`import eu/x` was told to write BACKEND/BUCKET, which it had."""
    with pytest.raises(SystemExit) as ended:
        imagestore(capsys, *argv)
    assert ended.value.code == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [(), ("run",), ("plan",), ("lifecycle",), ("lifecycle", "preview"), ("lifecycle", "simulate"), ("import",),
     ("release",), ("backend",), ("backend", "probe"), ("generate",)],
    ids=" ".join,
)  # fmt: skip
def test_help_is_plain_text(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The module's docstring was shown, with the marks of another form of text in it."""
    with pytest.raises(SystemExit) as ended:
        imagestore(capsys, *command, "--help")
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "``" not in said
    assert "None" not in said


def test_the_help_is_there_before_one_has_looked_up() -> None:
    def seconds() -> float:
        before = getrusage(RUSAGE_CHILDREN)
        assert _run("--help").returncode == 0
        after = getrusage(RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # CPU seconds, and the best of several: the machine may be busy with other tests. Measured alone: 0.1 s.
    assert min(seconds() for _ in range(5)) < 0.3


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from imagestore.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('kopf', 'aiohttp', 'botocore', 'pydantic', 'yaml', 'cel_expr_python') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]"


def test_generate_checks_without_writing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = imagestore(capsys, "generate", "--check", "--root", tmp_path)
    assert stale.code == 1
    assert "stale: crds/imagebuckets.yaml" in stale.out
    assert list(tmp_path.iterdir()) == []
    assert imagestore(capsys, "generate", "--root", tmp_path).code == 0
    assert imagestore(capsys, "generate", "--check", "--root", tmp_path).code == 0
