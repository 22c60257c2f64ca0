"""The numbers beside the axes of a picture."""

from __future__ import annotations

import pytest

from fad.base.ticks import linear_ticks, log_ticks, short, tick_labels


def plain(texts: list[str]) -> list[str]:
    """Numbers as one types them."""
    return [text.replace("\N{MINUS SIGN}", "-") for text in texts]


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0, 1, 4, "0 0.5 1.0"),
        (0, 3, 4, "0 1 2 3"),
        (-12000, 55000, 4, "0 20k 40k"),
        (0.19989, 0.20011, 4, "0.1999 0.2000 0.2001"),
        (-1e-7, 3e-7, 5, "-1e-7 0 1e-7 2e-7 3e-7"),
        (999.5, 1000.5, 4, "999.5 1000.0 1000.5"),
        (1e6, 4e6, 4, "1M 2M 3M 4M"),
        (-1e100, 1e100, 3, "-1e100 0 1e100"),
    ],
)
def test_numbers_beside_axes(low: float, high: float, most: int, texts: str) -> None:
    assert plain(tick_labels(linear_ticks(low, high, most))) == texts.split()


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (20, 20000, "100 1k 10k"),
        (800, 1150, "800 900 1000 1100"),
        (0.15, 1.2, "0.2 0.5 1"),
        (1e-12, 2, "$10^{-12}$ $10^{-9}$ $10^{-6}$ $10^{-3}$ $10^{0}$"),
        (3e-5, 4e-4, "$5\\cdot10^{-5}$ $10^{-4}$ $2\\cdot10^{-4}$"),
    ],
)
def test_numbers_beside_logarithmic_axes(low: float, high: float, texts: str) -> None:
    assert tick_labels(log_ticks(low, high, 5), is_log=True) == texts.split()


def test_short_numbers() -> None:
    shown = plain([short(x) for x in (0.8, 0.123456, 3.756e260, -1e-7)])
    assert shown == ["0.8", "0.1235", "3.756e260", "-1e-7"]
