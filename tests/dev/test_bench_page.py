"""The benchmark's page and picture, from the raw data of a real run."""

import json
from pathlib import Path

from dev.bench.curves import draw, points
from dev.bench.page import page
from dev.bench.report import merged

DATA = Path(__file__).parents[2] / "docs/benchmarks"
RAW = json.loads((DATA / "2026-11-23.json").read_text())


def test_every_size_is_on_the_curve() -> None:
    assert points(RAW["numbers"], "restart", "cpu") == {100: [1.0], 1000: [2.31]}


def test_the_page_shows_every_phase_the_picture_and_the_soaks() -> None:
    soak = json.loads((DATA / "soak-seed-1.json").read_text())
    text = page(RAW, "benchmarks/x.json", "benchmarks/x.svg", {"benchmarks/soak.json": soak})
    assert text.count("\n| create | ") == text.count("\n| delete | ") == 2
    assert "](benchmarks/x.svg)" in text
    assert (
        "](benchmarks/soak.json) | 11 | 300 | 1075 | 37 | 2 | 98.6 and 103.1 of 10.3 min | nothing |" in text
    )


def test_the_page_has_each_chapter_that_is_written_by_hand() -> None:
    """`make bench` writes the page: what only the page had would be lost."""
    page_ = (DATA.parent / "benchmarks.md").read_text()
    chapters = [path.read_text() for path in sorted(DATA.glob("*.md"))]
    assert chapters
    assert page_.endswith("\n" + "\n".join(chapters))
    assert page(RAW, "x.json", "x.svg", {}, chapters).endswith("\n" + "\n".join(chapters))


def test_the_same_numbers_make_the_same_picture(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        draw(RAW["numbers"], tmp_path / name / "curves.svg")
    one, other = ((tmp_path / name / "curves.svg").read_bytes() for name in ("a", "b"))
    assert one == other
    assert b"ImageBuckets" in one
    draw(RAW["numbers"][:1], tmp_path / "a" / "curves.svg")
    assert (tmp_path / "a" / "curves.svg").read_bytes() != one


def test_a_size_that_is_measured_later_joins_what_the_day_has_and_replaces_its_own() -> None:
    numbers = [{**n, "buckets": 5000, "cpu": 1.0} for n in RAW["numbers"] if n["buckets"] == 1000]
    large = {**RAW, "command": "bench --sizes 5000", "numbers": numbers}
    day = merged(RAW, large)
    assert points(day["numbers"], "restart", "cpu") == {100: [1.0], 1000: [2.31], 5000: [1.0]}
    text = page(day, "x.json", "x.svg", {})
    assert text.count("\n- command: ") == 2
    assert text.count("\n| create | ") == 3

    again = {**large, "numbers": [{**n, "cpu": 2.0} for n in numbers]}
    assert points(merged(day, again)["numbers"], "restart", "cpu") == {100: [1.0], 1000: [2.31], 5000: [2.0]}
    assert merged(again, again)["earlier"] == [], "nothing of it is left"
