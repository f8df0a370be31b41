"""The picture that the demo shows to the model: a plate with a scratch, drawn here, not shipped."""

from __future__ import annotations

import struct
import zlib


def scratched_plate(side: int = 160) -> bytes:
    """A grey round part on a dark ground with a bright scratch across it, as PNG."""
    rows = b"".join(b"\0" + bytes(_shade(x, y, side) for x in range(side)) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _shade(x: int, y: int, side: int) -> int:
    centre, radius = side / 2, side * 0.4
    distance = ((x - centre) ** 2 + (y - centre) ** 2) ** 0.5
    if distance > radius:
        return 30
    on_scratch = abs((y - centre) - 0.6 * (x - centre) + 6) < 2 and abs(x - centre) < radius * 0.6
    return 245 if on_scratch else int(150 + 60 * (1 - distance / radius))
