"""How a fit has searched: the loss over evaluations, and what became of each start, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import Template

from fad.base.prose import counted
from fad.base.ticks import log_ticks
from fad.fitting.result import Attempt
from fad.reporting.loss_curves import Line, Panel, panels, width_of
from fad.reporting.report_frame import Tick, framed, prose, shown, whole_axis
from fad.reporting.wording import number

#: How many numbers there are beside a panel at most.
_MOST_LOSSES = 6
#: How many attempts are listed.
_MOST_ATTEMPTS = 50
#: The size of a panel in its own units; the page stretches it.
_WIDTH, _HEIGHT = 1000, 400

_SECTION = Template("""\
<p class="faint">$about</p>
<div class="pictures curves">
$panels
</div>
$starts""")

_PANEL = Template("""\
<figure>
<figcaption><h3>$title</h3><span>$note</span></figcaption>
$frame
</figure>""")

_STARTS = Template("""\
<details><summary>$title</summary>
<table>
<thead><tr><th scope="col">Start</th><th scope="col">Loss</th><th scope="col">How it ended</th>\
</tr></thead>
<tbody>
$rows
</tbody>
</table>
$more</details>""")


def section(attempts: Sequence[Attempt]) -> str:
    """The curves of all attempts, and a list of them.

    Args:
        attempts: the best is the first.
    """
    drawn = panels(attempts)
    if not drawn:
        return '<p class="faint">There is no record of the search.</p>'
    width = width_of(attempts)
    about = "The loss over the runs of the program"
    if len(attempts) > 1:
        about += ': <i class="key best"></i>the best start, <i class="key"></i>the others'
    if len(drawn) > 1:
        about += ". Each panel has a loss of its own: they do not compare"
    return _SECTION.substitute(
        about=f"{about}.",
        panels="\n".join(_panel(each, width) for each in drawn),
        starts=_starts(attempts),
    )


def _panel(panel: Panel, width: float) -> str:
    ticks = _losses(panel)
    grid = "".join(f"M0 {_down(height)}H{_WIDTH}" for height, _ in ticks)
    lines = [f'<path class="grid" d="{grid}"/>']
    for index, curve in enumerate(panel.curves):
        is_best = panel.has_best and index == len(panel.curves) - 1
        lines += [_drawn(line, is_best) for line in curve]
    told = f"Loss {shown(panel.phase)} of {counted(len(panel.curves), 'start')}, logarithmic"
    drawing = (
        f'<svg role="img" aria-label="{told}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none">{"".join(lines)}</svg>'
    )
    frame = framed(drawing, "", whole_axis(width, "runs"), ticks)
    return _PANEL.substitute(
        title=shown(panel.phase), note=counted(len(panel.curves), "start"), frame=frame
    )


def _losses(panel: Panel) -> list[Tick]:
    ticks = log_ticks(panel.low, panel.high, _MOST_LOSSES)
    return [(panel.height_of(tick), number(tick, 2)) for tick in ticks]


def _drawn(line: Line, is_best: bool) -> str:
    """A line as SVG has it; one point alone is a line to itself, which is drawn as a dot."""
    places = [f"{x * _WIDTH:.1f} {_down(y)}" for x, y in line]
    kinds = ["best"] * is_best + ["dots"] * (len(line) == 1)
    return f'<path class="{" ".join(kinds)}" d="M{places[0]}L{" ".join(places[1:] or places)}"/>'


def _down(height: float) -> str:
    return f"{(1 - height) * _HEIGHT:.1f}"


def _starts(attempts: Sequence[Attempt]) -> str:
    rows = [
        f'<tr><th scope="row">{rank}</th><td class="number">{_loss(attempt)}</td>'
        f"<td>{prose(attempt.ended)}</td></tr>"
        for rank, attempt in enumerate(attempts[:_MOST_ATTEMPTS], 1)
    ]
    more = len(attempts) - len(rows)
    return _STARTS.substitute(
        title="What became of the start"
        if len(attempts) == 1
        else f"What became of each of the {len(attempts)} starts",
        rows="\n".join(rows),
        more=f'<p class="faint">And {more} more.</p>\n' if more > 0 else "",
    )


def _loss(attempt: Attempt) -> str:
    return number(attempt.loss, 3) if math.isfinite(attempt.loss) else "none"
