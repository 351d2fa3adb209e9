"""Words that docs/style.md keeps out of what users read."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READ_BY_USERS = ("README.md", "CONTRIBUTING.md", "docs/", "charts/", "crds/", "examples/")
NOT_CHECKED = ("docs/style.md",)  # names the words
WORDS = re.compile(
    r"\b(somebody|nobody|anybody|everybody|whoever|whosoever|nowhere|somewhere|stranger\w*|wish\w*|deeds?)\b",
    re.IGNORECASE,
)
# How often a file may still use them. Lower these; never raise one.
ALLOWED: dict[str, int] = {
    "charts/imagestore/templates/crds/imagebuckets.yaml": 1,
    "charts/imagestore/templates/crds/storagebackends.yaml": 3,
    "charts/imagestore/templates/release-job.yaml": 1,
    "charts/imagestore/values.yaml": 1,
    "crds/imagebuckets.yaml": 1,
    "crds/storagebackends.yaml": 3,
    "docs/adr/0001-parts-with-owners.md": 5,
    "docs/adr/0002-raw-for-foreign-parts.md": 2,
    "docs/adr/0003-look-through-tags.md": 1,
    "docs/adr/0004-tokens.md": 1,
    "docs/adr/0005-lanes.md": 2,
    "docs/adr/0006-two-memories-of-a-wish.md": 5,
    "docs/adr/0007-silent-means-unmanaged.md": 5,
    "docs/adr/0008-how-the-shell-begins-and-ends.md": 2,
    "docs/adr/0009-a-transport-of-our-own.md": 1,
    "docs/adr/0010-named-configurations.md": 1,
    "docs/adr/0012-references.md": 10,
    "docs/adr/0013-only-looked-at.md": 3,
    "docs/adr/0014-servers-of-unknown-make.md": 3,
    "docs/adr/0015-policies-are-inputs-of-buckets.md": 2,
    "docs/adr/0016-forecasts.md": 2,
    "docs/adr/0017-counted-before-it-removes.md": 6,
    "docs/adr/0018-remote-tiers.md": 5,
    "docs/adr/0019-connections-of-our-own.md": 1,
    "docs/adr/0020-claimed-before-it-is-set.md": 5,
    "docs/adr/0021-an-uninstall-is-proven-by-helm.md": 2,
    "docs/adr/0022-a-write-is-about-our-parts.md": 4,
    "docs/adr/0023-is-it-the-same-store.md": 2,
    "docs/adr/0024-proven-new.md": 3,
    "docs/adr/0025-replaced-as-a-whole.md": 5,
    "docs/adr/0026-observed-and-shown.md": 4,
    "docs/adr/0027-who-may-write.md": 1,
    "docs/adr/0028-seen-rather-than-answered.md": 1,
    "docs/adr/0029-one-http-seam.md": 1,
    "docs/benchmarks.md": 1,
    "docs/benchmarks/soak-calm.json": 1,
    "docs/benchmarks/soak-hour.json": 1,
    "docs/benchmarks/soak-seed-1.json": 1,
    "docs/benchmarks/soak-seed-2.json": 1,
    "docs/changes/10-foreign-content.fixed.md": 1,
    "docs/changes/10-odd-answers.fixed.md": 1,
    "docs/changes/10-replaced.fixed.md": 1,
    "docs/changes/10-slow-stores.fixed.md": 1,
    "docs/changes/10-waiting.fixed.md": 1,
    "docs/changes/5-notifications.added.md": 1,
    "docs/changes/6-alerts-of-policies.added.md": 1,
    "docs/changes/6-large-removals.changed.md": 1,
    "docs/cli.md": 6,
    "docs/reference/imagebucket.md": 1,
    "docs/reference/permissions.md": 1,
    "docs/reference/rights.md": 1,
    "docs/reference/storagebackend.md": 3,
    "docs/reference/support.md": 1,
    "examples/01-shop-photos/README.md": 1,
    "examples/02-press-archive/README.md": 1,
    "examples/04-training-set/README.md": 1,
    "examples/10-remote-tier/README.md": 1,
}


def _read_by_users() -> dict[str, str]:
    names = subprocess.run(
        ["git", "ls-files", *READ_BY_USERS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    texts = {n: (ROOT / n).read_bytes() for n in names if n not in NOT_CHECKED}
    return {n: t.decode() for n, t in texts.items() if b"\0" not in t[:8000]}


def test_what_users_read_uses_plain_words() -> None:
    found = {name: WORDS.findall(text) for name, text in _read_by_users().items()}
    over = {name: words for name, words in found.items() if len(words) > ALLOWED.get(name, 0)}
    assert over == {}, "docs/style.md says which words to use instead"
