"""The report of a fit: one page to look at and to listen to, which needs no other file or host."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from string import Template
from urllib.parse import quote

from fad.base.prose import counted
from fad.base.version import __version__
from fad.fitting.result import FitResult
from fad.reporting import report_matches, report_parameters, report_search
from fad.reporting.preset import preset
from fad.reporting.report_frame import prose, shown, shown_lines
from fad.reporting.wording import change, decibels, duration, number, quantity

_FOLDER = Path(__file__).parent

_SECTION = Template("""\
<section class="$kind" aria-labelledby="$kind">
<h2 id="$kind">$title</h2>
$content
</section>""")

_WARNINGS = Template("""\
<aside class="warnings" aria-labelledby="warnings">
<h2 id="warnings">$title</h2>
<ul>
$items
</ul>
</aside>""")

_AGAIN = Template("""\
<pre data-copy="Copy the command"><code>$command</code></pre>
<p class="faint">Random numbers started from $seed: the same command gives the same values.</p>
<p><a class="button" download="fitted.dsp" href="data:text/plain;charset=utf-8,$source_link">\
Save the program with these values</a>
<a class="button" download="preset.json" href="data:application/json,$preset_link">\
Save the values as JSON</a></p>
<details><summary>The program with these values</summary>
<pre data-copy="Copy the program" tabindex="0"><code>$source</code></pre>
</details>""")


def report(result: FitResult, command: str) -> str:
    """The report of a fit, as an HTML page.

    The same result gives the same page.

    Args:
        result: what the fit has found.
        command: what to type to do it again.
    """
    template, style, script = (
        (_FOLDER / name).read_text("utf-8") for name in ("report.html", "report.css", "report.js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    program, targets = shown(result.program), _targets(result)
    sound = report_matches.section(result)
    sections = [
        _warnings(result),
        _section("sound", "The sound", sound.html) if result.matches else "",
        _section("parameters", "The parameters", report_parameters.section(result)),
        _section("search", "The search", report_search.section(result.attempts)),
        _section("again", "To do it again", _again(result, command)),
    ]
    return Template(template).substitute(
        hash=f"sha256-{digest}",
        version=__version__,
        title=f"{program} as {targets}",
        heading=f"{program} <small>as</small> {targets}",
        found=_found(result, sound.apart, sound.apart_before),
        facts=_facts(result),
        sections="\n".join(filter(None, sections)),
        style=style,
        script=script,
    )


def _targets(result: FitResult) -> str:
    if len(result.matches) == 1:
        return shown(result.matches[0].target.name)
    return counted(len(result.matches), "recording")


def _found(result: FitResult, apart: float | None, before: float | None) -> str:
    """What was found in one sentence, and what that means for the ear."""
    moved = f"from <b>{number(result.start_loss, 3)}</b> to <b>{number(result.loss, 3)}</b>"
    how = change(result.start_loss, result.loss)
    runs = counted(result.evaluations, "run")
    starts = f" from {counted(len(result.attempts), 'start')}" if result.attempts else ""
    words = (
        f"The loss went {moved}{f', {how},' if how else ''} in {duration(result.seconds)} "
        f"and {runs} of the program{starts}."
    )
    if apart is not None and before is not None:
        words += (
            f" The spectra are <b>{decibels(apart)}</b> apart on the average; they were "
            f"{decibels(before)} apart."
        )
    return words


def _facts(result: FitResult) -> str:
    facts = {
        "Loss": prose(
            f"{result.loss_name}: {result.reason}" if result.reason else result.loss_name
        ),
        "Ended": ("" if result.success else "<b>early</b>: ") + prose(result.message),
        "Sample rate": quantity(result.rate, "Hz", 6),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items())
    return f'<dl class="facts">{rows}</dl>'


def _warnings(result: FitResult) -> str:
    items = "\n".join(f"<li>{prose(each)}</li>" for each in result.warnings)
    title = "A warning" if len(result.warnings) == 1 else "Warnings"
    return _WARNINGS.substitute(title=title, items=items) if items else ""


def _again(result: FitResult, command: str) -> str:
    return _AGAIN.substitute(
        command=shown_lines(command),
        seed=result.seed,
        source=shown_lines(result.source),
        source_link=quote(result.source, errors="replace"),
        preset_link=quote(preset(result)),
    )


def _section(kind: str, title: str, content: str) -> str:
    return _SECTION.substitute(kind=kind, title=title, content=content)
