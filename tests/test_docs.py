"""Handwritten pages against the code: links that exist, decisions with numbers."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)", page.read_text())
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_decision_has_a_number_of_its_own() -> None:
    """Two that were written side by side took the same number, and each page that cites one leads to either."""
    numbers = [page.name.partition("-")[0] for page in ROOT.glob("docs/adr/[0-9]*.md")]
    assert sorted(numbers) == [f"{n:04}" for n in range(1, len(numbers) + 1)]
