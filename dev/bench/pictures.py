"""Pictures of an exact size that do not compress, as cameras and scanners make them: each one another."""

import io
import math
import random
import struct
import zlib

from PIL import Image

_FRAME = 4  # marker and length of a JPEG's comment
_MOST = 65533  # bytes of a JPEG's comment
_CHUNK = 12  # length, kind and checksum of a PNG's chunk
_WIDTH = 2048


def jpeg(size: int, source: random.Random) -> bytes:
    """A JPEG of noise, filled up to ``size`` bytes with a comment behind its first marker."""
    edge = max(8, int(math.sqrt(size)) - 24)
    data = io.BytesIO()
    Image.frombytes("L", (edge, edge), source.randbytes(edge * edge)).save(data, "JPEG", quality=75)
    made = data.getvalue()
    left = size - len(made) - _FRAME
    if not 0 <= left <= _MOST:
        raise ValueError(f"a JPEG of {len(made)} bytes cannot be filled up to {size}")
    comment = b"\xff\xfe" + struct.pack(">H", left + 2) + source.randbytes(left)
    return made[:2] + comment + made[2:]


def png(size: int, source: random.Random) -> bytes:
    """A PNG of noise, filled up to ``size`` bytes with a private chunk before its end."""
    row = 3 * _WIDTH
    rows = (size - 2 * _MOST) // (row + 2)
    noise = source.randbytes(rows * row)
    lines = b"".join(b"\0" + noise[n * row : (n + 1) * row] for n in range(rows))
    header = struct.pack(">IIBBBBB", _WIDTH, rows, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 0))
    end = _chunk(b"IEND", b"")
    left = size - len(head) - len(end) - _CHUNK
    return head + _chunk(b"prVt", source.randbytes(left)) + end


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
