"""Pictures of few colours as PNG files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """A picture as a PNG file; the same picture gives the same bytes.

    Args:
        pixels: which colour each pixel has, of shape (rows, columns), from the top.
        palette: red, green and blue of the colours, of shape (colours, 3); 256 at most.
    """
    rows, columns = pixels.shape
    # Eight bits a pixel, colours by their numbers; each row begins with its filter, which is none.
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    lines = np.pad(pixels.astype(np.uint8), ((0, 0), (1, 0)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, content)
        for name, content in (
            (b"IHDR", header),
            (b"PLTE", palette.astype(np.uint8).tobytes()),
            (b"IDAT", zlib.compress(lines.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
