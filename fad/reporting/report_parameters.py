"""The parameters that a fit has found, and how sure they are, as HTML."""

from __future__ import annotations

import math
from html import escape
from string import Template

from fad.diagram.parameters import Parameter
from fad.fitting.result import FitResult
from fad.reporting.report_frame import percent, shown
from fad.reporting.wording import (
    Certainty,
    certainties,
    end_of_range,
    error_of,
    names_of,
    number,
    place_of,
    quantity,
)

#: The least size whose bar is not empty: sizes are drawn by their logarithms.
_LEAST_SIZE = 1e-4
#: How many values of separate parameters are written out.
_MOST_VALUES = 4

_TABLE = Template("""\
<p class="faint dots-key"><span><i class="is"></i>found</span><span><i class="was"></i>at the start\
</span>$band</p>
<table role="table">
<thead role="rowgroup"><tr role="row">$heads</tr></thead>
<tbody role="rowgroup">
$rows
</tbody>
</table>
$about""")

_BAND = '<span><i class="band"></i>standard error</span>'
_ABOUT = (
    '<p class="faint">How much the sound moves with a parameter is relative to the one that moves '
    "it most, on a logarithmic scale from 0.01 % to 100 %. Standard errors take what is left of "
    "the loss for noise.</p>"
)


def section(result: FitResult) -> str:
    """The table of the parameters."""
    if not result.variables:
        return '<p class="faint">There was nothing to fit.</p>'
    names = names_of(result.variables)
    known = (
        certainties(result.sensitivity, names, len(result.matches)) if result.sensitivity else {}
    )
    heads = ["Parameter", "Value", "In its range"]
    if known:
        heads += ["How sure it is", "Moves the sound"]
    return _TABLE.substitute(
        band=_BAND if known else "",
        heads="".join(f'<th role="columnheader" scope="col">{head}</th>' for head in heads),
        rows="\n".join(
            _row(each, _values(result, each.path), known.get(each.path), bool(known))
            for each in result.variables
        ),
        about=_ABOUT if known else "",
    )


def _values(result: FitResult, path: str) -> list[float]:
    """The value of a parameter, or those for each target where they are separate."""
    if path in result.parameters:
        return [result.parameters[path]]
    return [match.values[path] for match in result.matches if path in match.values]


def _row(
    parameter: Parameter, values: list[float], certainty: Certainty | None, has_certainty: bool
) -> str:
    group, _, label = parameter.path.rpartition("/")
    cells = [
        _cell("value number", _value(parameter, values)),
        _cell("range", _range(parameter, values, certainty)),
    ]
    if has_certainty:
        cells += [
            _cell("sure", _sureness(parameter, values, certainty)),
            _cell("moves number", _size(certainty)),
        ]
    name = f"<small>{shown(group)}/</small><wbr>{shown(label)}"
    return f'<tr role="row"><th role="rowheader" scope="row">{name}</th>{"".join(cells)}</tr>'


def _cell(kind: str, content: str) -> str:
    return f'<td role="cell" class="{kind}">{content}</td>'


def _value(parameter: Parameter, values: list[float]) -> str:
    texts = [f"<b>{escape(quantity(value, parameter.unit))}</b>" for value in values[:_MOST_VALUES]]
    if len(values) > _MOST_VALUES:
        texts.append("…")
    start = escape(quantity(parameter.init, parameter.unit))
    return f"{', '.join(texts)}<small>at the start {start}</small>"


def _range(parameter: Parameter, values: list[float], certainty: Certainty | None) -> str:
    """Where a parameter is in its range, as a bar."""
    marks, places = [], [place_of(parameter, value) for value in values]
    if certainty is not None and certainty.error < math.inf:
        for place in places:
            low, high = max(0.0, place - certainty.error), min(1.0, place + certainty.error)
            marks.append(
                f'<i class="band" style="left:{percent(low)};width:{percent(high - low)}"></i>'
            )
    was = place_of(parameter, parameter.init)
    marks.append(f'<i class="was" style="left:{percent(was)}"></i>')
    marks += [f'<i class="is" style="left:{percent(place)}"></i>' for place in places]
    told = ", ".join(f"at {number(100 * place, 3)} %" for place in places)
    log = " (by ratios)" if parameter.scale == "log" else ""
    first, last = number(parameter.min), quantity(parameter.max, parameter.unit)
    return (
        f'<div class="bar" role="img" aria-label="{told} of its range{log}, at the start at '
        f'{number(100 * was, 3)} %">{"".join(marks)}</div>'
        f'<div class="ends"><span>{first}</span><span>{escape(last)}</span></div>'
    )


def _sureness(parameter: Parameter, values: list[float], certainty: Certainty | None) -> str:
    if certainty is None:
        return "not known"
    words = certainty.words
    if values and certainty.error < math.inf:
        error = escape(error_of(parameter, values[0], certainty.error))
        words += f', <span class="number">± {error}</span>'
    more = [
        f"trades against <code>{shown(name)}</code>: "
        + ("one rises where the other falls" if opposite else "they rise and fall together")
        for name, opposite in certainty.trades
    ]
    ends = dict.fromkeys(end_of_range(parameter, value) for value in values)
    more += [end for end in ends if end]
    return words + "".join(f"<small>{each}</small>" for each in more)


def _size(certainty: Certainty | None) -> str:
    size = certainty.size if certainty is not None else 0.0
    width = min(1.0, 1 - math.log(size) / math.log(_LEAST_SIZE)) if size > _LEAST_SIZE else 0.0
    return (
        f'<div class="size" aria-hidden="true"><i style="width:{percent(width)}"></i></div>'
        f"<small>{number(100 * size, 2)} %</small>"
    )
