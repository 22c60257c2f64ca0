"""Pictures that are kept beside the examples."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

#: How many colours a picture has: few make a small file.
_COLOURS = 160


def keep(picture: bytes, path: Path) -> None:
    """Writes a picture, in few colours.

    Args:
        picture: what is in a PNG file.
        path: the file to write.
    """
    drawn = Image.open(io.BytesIO(picture))
    drawn.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
