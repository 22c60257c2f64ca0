"""What comes of an example, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike, NDArray

HERE = Path(__file__).resolve().parent

# Colours that people with any colour vision can tell apart (after Okabe and Ito).
LEARNT, HIDDEN, FAINT = "#0072b2", "#d55e00", "#646b75"
#: Levels that spectrograms show, in dB.
_QUIETEST, _LOUDEST = -110, -25
_WIDTH, _ROW = 10.0, 2.1


@dataclass(frozen=True)
class Result:
    """What came of an example.

    Attributes:
        told: what was reached, in a line.
        is_reached: whether that is what it should.
        figure: the picture.
    """

    told: str
    is_reached: bool
    figure: Figure


def panels(rows: int, columns: int, title: str) -> tuple[Figure, NDArray[Any]]:
    """A picture of panels, an array of shape (rows, columns)."""
    figure = Figure((_WIDTH, 0.5 + _ROW * rows), dpi=100, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    axes = figure.subplots(rows, columns, squeeze=False)
    for each in axes.flat:
        each.tick_params(which="both", labelsize=8, colors=FAINT, labelcolor="black")
        each.spines[["top", "right"]].set_visible(False)
        each.spines[["left", "bottom"]].set_color(FAINT)
    return figure, axes


def heading(axes: Axes, title: str, below: str = "") -> None:
    """Says what a panel shows, and what its horizontal axis is."""
    axes.set_title(title, loc="left", fontsize=10)
    if below:
        axes.set_xlabel(below, fontsize=8)


def draw_loss(axes: Axes, history: Sequence[float], title: str = "loss") -> None:
    """Draws how a loss fell."""
    axes.plot(history, color=LEARNT, linewidth=1.3)
    if min(history) < 0.01 * max(history):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    heading(axes, title, "step")


def draw_spectrogram(axes: Axes, sound: NDArray[Any], rate: int, title: str) -> None:
    """Draws the spectrogram of a channel, of shape (frames,)."""
    shown = dict[str, Any](vmin=_QUIETEST, vmax=_LOUDEST, cmap="magma")
    axes.specgram(sound, NFFT=512, Fs=rate, noverlap=384, **shown)
    kilohertz = range(0, rate // 2000 + 1, 2)
    axes.set_yticks([1000 * each for each in kilohertz], labels=map(str, kilohertz))
    heading(axes, f"{title} (kHz)", "seconds")


def draw_course(
    axes: Axes, times: ArrayLike, hidden: ArrayLike, learnt: ArrayLike, title: str
) -> None:
    """Draws hidden values, dashed, and learnt ones over time."""
    axes.plot(times, learnt, color=LEARNT, linewidth=1.5, label="learnt")
    axes.plot(times, hidden, color=HIDDEN, linewidth=1.2, linestyle=(0, (4, 2.5)), label="hidden")
    heading(axes, title, "seconds")


def logarithmic(axes: Axes) -> None:
    """Makes the vertical axis logarithmic, with numbers in full."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter("{x:g}" if high / low < 20 else NullFormatter())
