"""Draw a house: a row for each layer, a box for each room, an arrow for each import."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from dev.architecture.imports import House, Room

_WIDTH, _MARGIN, _GAP = 980, 16, 40  # the picture's, around it, between rows: room for arrows
_LANE, _LANES = 14, 76  # a way past rows that are between, and the room for such ways on the right
_LINE, _CHIP = 17, 26  # heights of a line of text and of a package within a room
_SIZE = 12.5
_COLOURS = {True: ("#e6f4ea", "#2e7d4f"), False: ("#e8f0fb", "#33609c")}


@dataclass(frozen=True)
class Box:
    """A room with its place."""

    room: Room
    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


def draw(house: House) -> str:
    """As SVG; the same house always gives the same text."""
    boxes = {box.room.name: box for row in _rows(house) for box in row}
    height = max(box.bottom for box in boxes.values()) + _MARGIN + _LINE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" '
        f'height="{height:g}" font-family="Helvetica, Arial, sans-serif" font-size="{_SIZE}">',
        f'<rect width="{_WIDTH}" height="{height:g}" fill="#ffffff"/>',
        *_arrows(house, boxes),
        *(line for box in boxes.values() for line in _box(box)),
        *_legend(height - 10),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rows(house: House) -> Iterator[list[Box]]:
    y = float(_MARGIN)
    for layer in house.layers:
        row = _row(layer, y)
        yield row
        y = row[0].bottom + _GAP


def _row(layer: Sequence[Room], y: float) -> list[Box]:
    """Side by side, as wide as what is in them asks for."""
    wide = _WIDTH - _LANES - _MARGIN - 24 * (len(layer) - 1)
    shares = [2 + len(room.inside) for room in layer]
    widths = [wide * share / sum(shares) for share in shares]
    height = max(_height(room, width) for room, width in zip(layer, widths, strict=True))
    places = [_MARGIN + sum(widths[:n]) + 24 * n for n in range(len(layer))]
    return [Box(r, x, y, w, height) for r, x, w in zip(layer, places, widths, strict=True)]


def _height(room: Room, width: float) -> float:
    chips = len(_chip_rows(room.inside, width)) * (_CHIP + 4)
    return 14 + _LINE * len(_text(room, width)) + (chips + 4 if chips else 0)


def _text(room: Room, width: float) -> list[str]:
    """The lines of its name and what it says, the name in front of the first."""
    return textwrap.wrap(f"{room.name}  {room.says}", int((width - 24) / 6.3)) or [room.name]


def _chip_rows(names: Sequence[str], width: float) -> list[list[tuple[str, float, float]]]:
    """Name, place and width of each package in a room, in as many rows as it takes."""
    rows: list[list[tuple[str, float, float]]] = []
    x = width
    for name in names:
        wide = 7.4 * len(name) + 22
        if x + wide > width - 12:
            rows.append([])
            x = 12
        rows[-1].append((name, x, wide))
        x += wide + 8
    return rows


def _box(box: Box) -> Iterator[str]:
    fill, edge = _COLOURS[box.room.pure]
    yield _rectangle(box.x, box.y, box.width, box.height, fill, edge, 6)
    for number, line in enumerate(_text(box.room, box.width)):
        place = f'x="{box.x + 12:g}" y="{box.y + 19 + number * _LINE:g}"'
        name = f'<tspan font-weight="bold">{escape(box.room.name)}</tspan>' if number == 0 else ""
        rest = line.removeprefix(box.room.name) if number == 0 else line
        yield f'<text {place} fill="#1f2933" xml:space="preserve">{name}{escape(rest)}</text>'
    y = box.y + 14 + _LINE * len(_text(box.room, box.width))
    for row in _chip_rows(box.room.inside, box.width):
        for name, x, width in row:
            yield _rectangle(box.x + x, y, width, _CHIP - 4, "#ffffff", edge, 4)
            middle = f'x="{box.x + x + width / 2:g}" y="{y + 15:g}"'
            yield f'<text {middle} text-anchor="middle" fill="{edge}">{escape(name)}</text>'
        y += _CHIP + 4


def _rectangle(x: float, y: float, width: float, height: float, fill: str, edge: str, round_: int) -> str:
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_}"'
    return f'<rect {place} fill="{fill}" stroke="{edge}" stroke-width="1.2"/>'


def _arrows(house: House, boxes: Mapping[str, Box]) -> Iterator[str]:
    """Straight down to the next row, straight across within a row; past other rows on the right."""
    row_of = {room.name: number for number, layer in enumerate(house.layers) for room in layer}
    lane = _WIDTH - _LANES + _LANE * 0.5
    for name, target in house.without_detours():
        start, end = boxes[name], boxes[target]
        rows = row_of[target] - row_of[name]
        if rows > 1:
            lane += _LANE
            yield from _past(start, end, lane)
        else:
            yield from _down(start, end) if rows else _across(start, end)


def _down(start: Box, end: Box) -> Iterator[str]:
    left, right = max(start.x, end.x), min(start.x + start.width, end.x + end.width)
    x = (left + right) / 2
    yield _line([(x, start.bottom), (x, end.y - 7)])
    yield _head(x, end.y, (-4, -8), (4, -8))


def _across(start: Box, end: Box) -> Iterator[str]:
    y = start.y + start.height / 2
    if start.x > end.x:
        yield _line([(start.x, y), (end.x + end.width + 7, y)])
        yield _head(end.x + end.width, y, (8, -4), (8, 4))
    else:
        yield _line([(start.x + start.width, y), (end.x - 7, y)])
        yield _head(end.x, y, (-8, -4), (-8, 4))


def _past(start: Box, end: Box, lane: float) -> Iterator[str]:
    begin, middle = start.bottom - 12, end.y + end.height / 2
    yield _line(
        [(start.x + start.width, begin), (lane, begin), (lane, middle), (end.x + end.width + 7, middle)]
    )
    yield _head(end.x + end.width, middle, (8, -4), (8, 4))


def _line(points: Sequence[tuple[float, float]]) -> str:
    joined = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="#5b6670" stroke-width="1.4"/>'


def _head(x: float, y: float, *corners: tuple[float, float]) -> str:
    joined = " ".join(f"{x + dx:g},{y + dy:g}" for dx, dy in ((0, 0), *corners))
    return f'<polygon points="{joined}" fill="#5b6670"/>'


def _legend(y: float) -> Iterator[str]:
    shown = ((_MARGIN, True, "pure: no clock, no environment, no I/O"), (296, False, "shell and edges"))
    for x, pure, says in shown:
        fill, edge = _COLOURS[pure]
        yield _rectangle(x, y - 11, 14, 14, fill, edge, 3)
        yield _words(x + 20, y, says)
    yield _words(440, y, "An arrow is an import that no chain of other arrows stands for.")


def _words(x: float, y: float, says: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="#1f2933">{escape(says)}</text>'
