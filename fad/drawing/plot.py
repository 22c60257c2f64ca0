"""The picture of a run, drawn with matplotlib."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from fad.base.errors import FadError
from fad.base.prose import either
from fad.base.ticks import linear_ticks, log_ticks, short, tick_labels
from fad.drawing.picture import Kind, Panel, Picture, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The suffixes of files that a picture can be written to.
FORMATS = ("png", "svg", "pdf")

# Colours that people with any colour vision can tell apart (after Okabe and Ito), on white.
_INK, _FAINT, _LINE = "#1d2126", "#646b75", "#d9dce1"
_COLOURS: dict[Kind, str] = {
    "parameters": "#0072b2",
    "gradients": "#00795a",
    "loss": "#9a4a86",
    "meters": "#5b5f97",
    "sliders": "#8a6100",
    "outputs": "#4a5360",
}
_TARGET = "#d55e00"
_DASHES = (4.0, 2.5)

# Lengths in inches.
_WIDTH = 11.0
_MARGIN = 0.35
_HEADER = 0.95
_HEADING = 0.34  # above a section
_TITLE = 0.27  # above a panel
_TICKS = 0.27  # below a panel with numbers
_ROW_GAP = 0.12  # between the panels of a section
_FOOT = 0.4  # below the last section
_LABELS = 0.55  # left of a panel
_GAP = 0.1  # right of a panel
_HEIGHTS: dict[Kind, float] = {
    "parameters": 1.25,
    "gradients": 0.8,
    "loss": 1.3,
    "meters": 0.8,
    "sliders": 0.8,
    "outputs": 0.9,
}
_RESOLUTION = 150

_SIZES = {"title": 15.0, "heading": 11.0, "panel": 9.0, "small": 8.0}
#: How wide a letter of a title is, on the average, in inches.
_LETTER = 0.08
#: How much room there is for a unit beside a long title, in inches.
_UNIT = 0.4
#: How many powers of ten there are on a logarithmic axis at most: less is rounding, mostly.
_MOST_DECADES = 16
#: Larger values are not drawn, nor their inverses on a logarithmic axis.
_LARGEST = 1e100
#: When sliders move at more moments than this, no lines mark them.
_MOST_MOMENTS = 12
#: How much room the numbers beside and below a panel take, in inches, and how many times there are
#: at most.
_TICK_HEIGHT, _TIME_WIDTH, _MOST_TIMES = 0.3, 0.3, 10


@dataclass(frozen=True)
class _Place:
    """The frame of a panel, in inches from the top left, and whether there are times below it."""

    left: float
    top: float
    width: float
    height: float
    has_times: bool


def format_of(path: str) -> str:
    """The format that the suffix of a path asks for.

    Raises:
        FadError: it is none of `FORMATS`.
    """
    suffix = PurePath(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise FadError(
            f"`{path}` does not say what kind of picture to write",
            hint=f"end it with {either(f'.{known}' for known in FORMATS)}",
        )
    return suffix


def require_matplotlib() -> None:
    """Makes sure that pictures can be drawn.

    Raises:
        FadError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise FadError(
            "drawing needs matplotlib, which is not installed",
            hint="install it: `pip install matplotlib`; or, in the checkout of fad, "
            "`pip install '.[plot]'`",
        ) from None


def rendered(picture: Picture, format: str) -> bytes:
    """A picture as the content of a file; the same picture gives the same bytes."""
    import matplotlib

    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(
        format, {}
    )
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "fad"
        warnings.simplefilter("ignore")  # of characters that the font does not have
        file = io.BytesIO()
        figure = draw(picture)
        figure.savefig(file, format=format, dpi=_RESOLUTION, metadata=metadata)
    return file.getvalue()


def draw(picture: Picture) -> Figure:
    """A picture as a figure: the axes are the panels, from the top left, with their titles."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    places = list(_places(picture.sections))
    height = _HEADER + sum(_section_height(section) for section in picture.sections) + _FOOT
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    page = _Page(figure, height)
    _draw_header(page, picture)
    for section, top, inside in places:
        colour = _COLOURS[section.kind]
        page.text(_MARGIN, top + 0.24, section.title, "heading", weight="bold")
        titles = [panel.title for panel in section.panels]
        for panel, place in zip(section.panels, inside, strict=True):
            _draw_panel(page, picture, panel, place, section.kind, colour, titles)
    page.text(
        _WIDTH - _MARGIN - _GAP, height - 0.2, "seconds", "small", colour=_FAINT, align="right"
    )
    return figure


class _Page:
    """A figure whose places are inches from the top left."""

    def __init__(self, figure: Figure, height: float) -> None:
        self.figure = figure
        self.height = height

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: str,
        *,
        colour: str = _INK,
        weight: str = "normal",
        align: str = "left",
    ) -> float:
        """Writes a text with its baseline at a place, and returns its width."""
        drawn = self.figure.text(
            x / _WIDTH,
            1 - y / self.height,
            text,
            fontsize=_SIZES[size],
            color=colour,
            fontweight=weight,
            horizontalalignment=align,
            verticalalignment="baseline",
            parse_math=False,
        )
        return float(drawn.get_window_extent().width / self.figure.dpi)

    def fitting(
        self,
        x: float,
        y: float,
        text: str,
        size: str,
        width: float,
        others: Sequence[str] = (),
        **style: Any,
    ) -> float:
        """Writes a text, with a gap if it would be too wide, and returns its width.

        What tells it from the other texts stays, where there is room for it.
        """
        shown, kept = text, len(text)
        while True:
            taken = self.text(x, y, shown, size, **style)
            if taken <= width or kept < 3:
                return taken
            self.figure.texts[-1].remove()
            kept -= 1
            shown = shortened(text, kept, others)

    def line(
        self, left: float, right: float, y: float, colour: str, dashes: tuple[float, float] | None
    ) -> None:
        """Draws a level line."""
        from matplotlib.lines import Line2D

        ends, height = [left / _WIDTH, right / _WIDTH], 1 - y / self.height
        line = Line2D(ends, [height, height], color=colour, linewidth=1.6)
        if dashes is not None:
            line.set_dashes(dashes)
        self.figure.add_artist(line)

    def width(self, text: str, size: str) -> float:
        """How wide a text would be."""
        width = self.text(0, 0, text, size)
        self.figure.texts[-1].remove()
        return width

    def axes(self, place: _Place) -> Axes:
        """The frame of a panel."""
        bottom = self.height - place.top - place.height
        return self.figure.add_axes(
            (
                place.left / _WIDTH,
                bottom / self.height,
                place.width / _WIDTH,
                place.height / self.height,
            )
        )


def shortened(text: str, kept: int, others: Sequence[str] = ()) -> str:
    """A text with a gap, or only a part of it: what tells it from other texts stays, if it can.

    Args:
        text: the text.
        kept: how many of its letters stay.
        others: the texts that it is to be told from; it may be among them.
    """
    different = [other for other in others if other != text]

    def parts(end: int) -> tuple[str, str]:
        return text[: kept - end], text[len(text) - end :]

    def is_alone(end: int) -> bool:
        head, tail = parts(end)
        return not any(other.startswith(head) and other.endswith(tail) for other in different)

    ends = sorted(range(kept + 1), key=lambda end: abs(end - kept // 2))
    best = next(filter(is_alone, ends), None)
    if best is None:
        pieces = [text[start : start + kept] for start in range(len(text) - kept + 1)]
        alone = [piece for piece in pieces if not any(piece in other for other in different)]
        if alone:
            return f"…{alone[len(alone) // 2].strip()}…"
        best = kept // 2
    head, tail = parts(best)
    return f"{head.rstrip()}…{tail.lstrip()}"


def _columns(section: Section) -> int:
    """How many panels of a section are side by side.

    As many as leave room for most of the titles, with as few empty places as possible in the rows.
    """
    count = len(section.panels)
    if section.kind == "loss":
        return 1
    letters = sorted(len(panel.title) for panel in section.panels)[3 * count // 4]
    width = _LABELS + _LETTER * letters + _GAP
    most = max(3, min(5 if count > 12 else 4, int((_WIDTH - 2 * _MARGIN) / width)))
    if count <= most:
        return count
    return min(range(3, most + 1), key=lambda columns: (-(-count // columns), columns))


def _row_height(section: Section) -> float:
    return _TITLE + _HEIGHTS[section.kind]


def _section_height(section: Section) -> float:
    rows = -(-len(section.panels) // _columns(section))
    return _HEADING + rows * _row_height(section) + (rows - 1) * _ROW_GAP + _TICKS


def _places(sections: Sequence[Section]) -> Iterator[tuple[Section, float, list[_Place]]]:
    """Each section with its top and the places of its panels."""
    top = _HEADER
    for section in sections:
        columns = _columns(section)
        width = (_WIDTH - 2 * _MARGIN) / columns
        places = []
        for index in range(len(section.panels)):
            row, column = divmod(index, columns)
            y = top + _HEADING + row * (_row_height(section) + _ROW_GAP) + _TITLE
            is_last = index + columns >= len(section.panels)
            x = _MARGIN + column * width + _LABELS
            places.append(_Place(x, y, width - _LABELS - _GAP, _HEIGHTS[section.kind], is_last))
        yield section, top, places
        top += _section_height(section)


def _draw_header(page: _Page, picture: Picture) -> None:
    page.fitting(_MARGIN, 0.5, picture.title, "title", _WIDTH - 2 * _MARGIN, weight="bold")
    told = f"{picture.seconds:g} s at {picture.rate} Hz"
    page.text(_MARGIN, 0.75, told, "small", colour=_FAINT)
    panels = [panel for section in picture.sections for panel in section.panels]
    if not any(panel.target for panel in panels):
        return
    right = _WIDTH - _MARGIN - _GAP
    for name, colour, dashes in (
        ("target", _TARGET, _DASHES),
        ("learnt", _COLOURS["parameters"], None),
    ):
        right -= page.text(right, 0.75, name, "small", colour=colour, align="right") + 0.08
        page.line(right - 0.35, right, 0.71, colour, dashes)
        right -= 0.35 + 0.2


def _draw_panel(
    page: _Page,
    picture: Picture,
    panel: Panel,
    place: _Place,
    kind: Kind,
    colour: str,
    titles: Sequence[str],
) -> None:
    axes = page.axes(place)
    _draw_title(page, panel, place, kind, colour, titles)
    curve = panel.curve
    if len(picture.moments) <= _MOST_MOMENTS:
        for moment in picture.moments:
            if moment > 0:
                axes.axvline(moment, color=_FAINT, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    if kind == "gradients":
        axes.axhline(0, color=_LINE, linewidth=0.8, zorder=1)
    if panel.lowest is not None:
        axes.fill_between(
            curve.times, panel.lowest, curve.values, color=colour, linewidth=0.5, zorder=2
        )
    else:
        width = 1.3 if kind in ("parameters", "sliders") else 0.8
        step = "steps-post" if kind == "sliders" else "default"
        axes.plot(
            curve.times, curve.values, color=colour, linewidth=width, drawstyle=step, zorder=3
        )
    if panel.target is not None:
        axes.plot(
            panel.target.times,
            panel.target.values,
            color=_TARGET,
            linewidth=1.4,
            dashes=_DASHES,
            drawstyle="steps-post",
            zorder=4,
        )
    _arrange(axes, picture, panel, place)


def _draw_title(
    page: _Page, panel: Panel, place: _Place, kind: Kind, colour: str, titles: Sequence[str]
) -> None:
    y = place.top - 0.075
    room = place.width - (_UNIT if panel.unit else 0)
    taken = page.fitting(place.left, y, panel.title, "panel", room, titles, weight="bold")
    if panel.unit:
        x = place.left + taken + 0.06
        taken += 0.06 + page.fitting(x, y, panel.unit, "small", _UNIT, colour=_FAINT)
    if kind not in ("parameters", "loss"):
        return
    # Where it ends, and where it should; the title comes first where there is no room for all.
    ends = [(short(panel.curve.values[-1]), colour)]
    if panel.target is not None:
        ends.append((short(panel.target.values[-1]), _TARGET))
    room = place.width - taken - 0.1
    while ends and sum(page.width(text, "small") + 0.1 for text, _ in ends) > room:
        ends.pop()
    x = place.left + place.width
    for text, its in reversed(ends):
        x -= 0.1 + page.text(x, y, text, "small", colour=its, align="right")


def _arrange(axes: Axes, picture: Picture, panel: Panel, place: _Place) -> None:
    """Limits, numbers and lines of a panel."""
    from matplotlib.ticker import NullLocator

    low, high = _limits(panel)
    if panel.is_log:
        axes.set_yscale("log", nonpositive="clip")
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlim(0, picture.seconds)
    axes.set_ylim(low, high)
    times = linear_ticks(0, picture.seconds, min(_MOST_TIMES, int(place.width / _TIME_WIDTH)))
    axes.set_xticks(times, tick_labels(times))
    ticks = (log_ticks if panel.is_log else linear_ticks)(
        low, high, round(place.height / _TICK_HEIGHT)
    )
    axes.set_yticks(ticks, tick_labels(ticks, panel.is_log))
    axes.tick_params(
        labelsize=_SIZES["small"], labelcolor=_FAINT, color=_LINE, length=3, width=0.8, pad=2
    )
    axes.tick_params(axis="x", labelbottom=place.has_times)
    axes.grid(True, axis="y", color=_LINE, linewidth=0.6, alpha=0.7)
    axes.set_axisbelow(True)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(_LINE)


def _limits(panel: Panel) -> tuple[float, float]:
    """The lowest and highest value that a panel has room for."""
    every = [panel.curve.values]
    if panel.target is not None:
        every.append(panel.target.values)
    if panel.lowest is not None:
        every.append(panel.lowest)
    values = np.concatenate(every)
    values = values[np.abs(values) <= _LARGEST]
    if panel.is_log:
        values = np.log10(values[values >= 1 / _LARGEST])
    if not values.size:
        return (0.1, 1.0) if panel.is_log else (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if panel.is_log:
        low = max(low, high - _MOST_DECADES)
    smallest = 0.1 if panel.is_log else 1e-3 * max(abs(low), abs(high)) or 1.0
    room = max(0.08 * (high - low), (smallest - (high - low)) / 2)
    low, high = low - room, high + room
    return (10**low, 10**high) if panel.is_log else (low, high)
