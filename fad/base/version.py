"""The version of fad, which every file that it writes names."""

from __future__ import annotations

__version__ = "0.1.0"
