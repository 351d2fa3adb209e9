"""`python -m dev.architecture`: write docs/architecture.svg."""

from pathlib import Path

from dev.architecture.drawing import draw
from dev.architecture.imports import house

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "architecture.svg"

if __name__ == "__main__":
    FILE.write_text(draw(house(ROOT)))
