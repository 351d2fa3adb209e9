"""Handwritten pages against the code: links that exist, decisions with numbers."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("examples/**/*.md"),
]


def _links() -> Iterator[tuple[Path, Path, str]]:
    """Every link between our pages: the page, the page or file that it leads to, and the heading's anchor or ''."""
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text() if page.exists() else ""):
            target, _, anchor = link.partition("#")
            if "://" not in link:
                yield page, page.parent / target if target else page, anchor


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_links_between_pages_lead_somewhere() -> None:
    assert [f"{page.relative_to(ROOT)}: {to}" for page, to, _ in _links() if not to.exists()] == []


def test_links_lead_to_headings_that_exist() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: #{anchor}"
        for page, to, anchor in _links()
        if anchor and to.suffix == ".md" and to.exists() and anchor not in _anchors(to)
    ]
    assert broken == []


def test_every_decision_has_a_number_of_its_own() -> None:
    """Two that were written side by side took the same number, and each page that cites one leads to either."""
    numbers = [page.name.partition("-")[0] for page in ROOT.glob("docs/adr/[0-9]*.md")]
    assert sorted(numbers) == sorted(set(numbers))
