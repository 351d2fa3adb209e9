"""A recorded terminal as an animated SVG: the lines with their seconds, in a window that scrolls as a terminal does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

from dev.demo.screen import WIDTH

_ROWS = 34  # of the window
_HOLD = 8.0  # seconds that the end stays before it begins again
_CHAR, _LINE, _PAD, _BAR = 8.0, 18, 16, 28  # pixels; a character is as wide as the font makes it, or nearly
_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_COLOURS = {"31": "r", "32": "g", "33": "y", "35": "m", "36": "c"}
_STYLE = """\
text{font:13.3px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d6deeb;white-space:pre}
.r{fill:#ff6b6b}.g{fill:#8bd649}.y{fill:#f2c55c}.m{fill:#d59cf6}.c{fill:#67d4f1}.b{font-weight:bold}.f{fill:#8593a8}
.roll{animation:roll %(seconds).2fs step-end infinite}.veil{animation:veil %(seconds).2fs step-end infinite}
@keyframes roll{%(roll)s}
@keyframes veil{%(veil)s}
@media(prefers-reduced-motion){.roll,.veil{animation:none}}"""


@dataclass(frozen=True)
class Row:
    """One row of the window: when it came, and its text in pieces of one style (SVG classes) each."""

    seconds: float
    pieces: tuple[tuple[str, str], ...]
    continued: bool  # the rest of a line that is longer than the window

    @property
    def text(self) -> str:
        """What can be read."""
        return "".join(text for _, text in self.pieces)


def rows(shown: Sequence[tuple[float, str]]) -> list[Row]:
    """Lines as a terminal of WIDTH columns wraps them."""
    wrapped = ((seconds, enumerate(_wrapped(list(_pieces(line))))) for seconds, line in shown)
    return [Row(seconds, part, number > 0) for seconds, parts in wrapped for number, part in parts]


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    classes: tuple[str, ...] = ()
    parts = _SGR.split(line)
    for text, codes in zip(parts[::2], ["", *parts[1::2]], strict=True):
        for code in codes.split(";") if codes else ():
            classes = (
                ()
                if code in ("0", "")
                else (*classes, {"1": "b", "2": "f"}.get(code, _COLOURS.get(code, "")))
            )
        if text:
            yield " ".join(filter(None, classes)), text


def _wrapped(pieces: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    characters = [(style, c) for style, text in pieces for c in text]
    for at in range(0, max(len(characters), 1), WIDTH):
        yield tuple(_joined(characters[at : at + WIDTH]))


def _joined(characters: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    held = ""
    for i, (style, character) in enumerate(characters):
        held += character
        if i + 1 == len(characters) or characters[i + 1][0] != style:
            yield style, held
            held = ""


def svg(shown: Sequence[tuple[float, str]], title: str) -> str:
    """The picture. Without animation, or where a reader prefers none, it shows the end."""
    found = rows(shown)
    seconds = found[-1].seconds + _HOLD
    end = _offset(len(found))
    moves = [
        (100 * r.seconds / seconds, n)
        for n, r in enumerate(found, 1)
        if n == len(found) or found[n].seconds > r.seconds
    ]
    roll = "".join(f"{at:.2f}%{{transform:translateY({-_offset(n)}px)}}" for at, n in [(0.0, 0), *moves])
    veil = "".join(f"{at:.2f}%{{transform:translateY({n * _LINE}px)}}" for at, n in [(0.0, 0), *moves])
    width, height = int(WIDTH * _CHAR + 2 * _PAD), _BAR + _ROWS * _LINE + _PAD
    inside = height - _BAR
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE % {'seconds': seconds, 'roll': roll, 'veil': veil}}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0f1724"/>',
        *(f'<circle cx="{_PAD + 18 * i}" cy="15" r="5.5" fill="{c}"/>' for i, c in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))),
        f'<svg y="{_BAR}" width="{width}" height="{inside}" viewBox="0 0 {width} {inside}">',
        f'<g class="roll" transform="translate(0 {-end})">',
        *(_text(number, row) for number, row in enumerate(found) if row.pieces),
        f'<rect class="veil" width="{width}" height="{len(found) * _LINE + inside}" fill="#0f1724"'
        f' transform="translate(0 {len(found) * _LINE})"/>',
        "</g></svg></svg>\n",
    ])  # fmt: skip


def _offset(shown: int) -> int:
    return max(0, shown - _ROWS) * _LINE


def _text(number: int, row: Row) -> str:
    column, spans = 0, []
    for style, text in row.pieces:
        named = f' class="{style}"' if style else ""
        spans.append(f'<tspan x="{_PAD + column * _CHAR:g}"{named}>{escape(text, quote=False)}</tspan>')
        column += len(text)
    continued = ' class="on"' if row.continued else ""
    return f'<text y="{number * _LINE + 14}"{continued} xml:space="preserve">{"".join(spans)}</text>'


def text_of(picture: str) -> list[str]:
    """The lines that a picture shows, without the empty ones."""
    found = re.findall(r"<text ([^>]*)>(.*?)</text>", picture)
    text = "".join(
        ("" if 'class="on"' in given else "\n") + re.sub(r"<[^>]*>", "", row) for given, row in found
    )
    return unescape(text).splitlines()[1:]
