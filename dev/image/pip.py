"""Where the builder's pip gets packages from, told to the pip that runs in the build."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Everything else is about the builder's own machine, such as folders.
_TOLD = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries")
_CA_IN_BUILD = "/run/ca.crt"


def secrets(folder: Path) -> dict[str, Path]:
    """The build's secrets `pip` and `ca`, the first as a file in ``folder``; none when nothing is configured."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings = parse(listed)
    if not (lines := told(settings)):
        return {}
    file = folder / "pip.conf"
    file.write_text("".join(["[global]\n", *(f"{key} = {value}\n" for key, value in lines.items())]))
    return {"pip": file} | ({"ca": Path(settings["cert"])} if "cert" in settings else {})


def parse(listed: str) -> Mapping[str, str]:
    """What `pip config list` says: lines such as ``global.index-url='https://...'``; the environment's win."""
    pairs = [line.partition("=") for line in listed.splitlines() if "=" in line]
    ordered = sorted(pairs, key=lambda pair: pair[0].startswith(":env:"))
    return {name.rpartition(".")[2]: _plain(value) for name, _, value in ordered}


def _plain(shown: str) -> str:
    """The value as pip.conf has it: pip shows Python's spelling of it, several addresses with line breaks in between."""
    value = str(ast.literal_eval(shown)) if shown[:1] in ("'", '"') else shown
    return "\n    ".join(value.split())


def told(settings: Mapping[str, str]) -> dict[str, str]:
    """What of it the build is told; the certificates are where the build has them."""
    kept = {key: value for key, value in settings.items() if key in _TOLD}
    return kept | ({"cert": _CA_IN_BUILD} if "cert" in settings else {})
