"""The page that shows the diagrams of a program and of its dual side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template

from fad.base.prose import counted
from fad.base.version import __version__
from fad.diagram.parameters import Parameter
from fad.differentiation.channels import Output
from fad.pipeline.program import Program

#: The page's file name.
INDEX = "index.html"
_GENERATOR = '<meta name="generator" content="fad diagram'
#: The heads of the columns that have numbers in them.
_NUMBERS = ("initial", "from", "to")

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
$generator $version">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root {
  --paper: #fbfaf8; --ink: #1d2126; --faint: #646b75; --line: #e0ddd7; --card: #fff;
  --link: #00508f; --height: ${height}px;
  font: 100%/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e3e5e8; --faint: #9aa1ab; --line: #2f343a; --card: #1c1f23;
    --link: #8ec1f0;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 100rem; margin: 0 auto; padding: 3.5rem clamp(1rem, 4vw, 4rem) 5rem;
  background: var(--paper); color: var(--ink);
}
header { max-width: 54rem; margin-bottom: 3rem; }
h1 { margin: 0 0 .75rem; font-size: 2.1rem; font-weight: 600; line-height: 1.2;
  letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1.05rem; font-weight: 600; }
p { margin: 0 0 .5rem; text-wrap: pretty; }
a { color: var(--link); text-underline-offset: .2em; }
.faint, .head nav { color: var(--faint); font-size: .875rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2.5rem 2rem;
  margin-bottom: 3rem; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between;
  gap: 0 1rem; margin-bottom: .6rem; }
.head nav a { margin-left: 1rem; }
iframe { display: block; width: 100%; height: clamp(17rem, var(--height), 80vh);
  border: 1px solid var(--line); border-radius: 8px; background: #fff; resize: vertical; }
.scroll { max-height: 36rem; overflow: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .4rem 1.25rem .4rem 0; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: baseline; }
th { position: sticky; top: 0; background: var(--paper); color: var(--faint);
  font-size: .8125rem; font-weight: 500; }
th:last-child, td:last-child { padding-right: 0; }
.number { width: 1%; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono",
  monospace; font-size: .8125rem; }
td code { overflow-wrap: anywhere; }
pre { max-height: 40rem; margin: 0; padding: 1.1rem 1.25rem; overflow: auto; line-height: 1.6;
  border: 1px solid var(--line); border-radius: 8px; background: var(--card); tab-size: 4; }
ul { margin: 0; padding-left: 1.2rem; }
@media (min-width: 64rem) {
  .two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
</style>
</head>
<body>
<header>
<h1>$name</h1>
<p>$about</p>
<p class="faint">${legend}Written by fad $version.</p>
</header>
<main>
<div class="pair$two">
$diagrams
</div>
<div class="pair two">
$tables
</div>
$warnings<div class="pair$two">
$texts
</div>
</main>
</body>
</html>
""")

_DIAGRAM = Template("""\
<section>
<div class="head">
<h2>$title</h2>
<nav>$sheets<a href="$folder/process.svg" target="_blank">Open alone</a></nav>
</div>
<iframe name="$folder" src="$folder/process.svg" title="Block diagram: $title"></iframe>
</section>""")

_SHEETS = Template("""\
$count <a href="$folder/process.svg" target="$folder">Back to process</a>
""")

_LEGEND = "A dark blue box opens a sheet of its own, the white around a sheet leads back. "

_TEXT = Template("""\
<section>
<div class="head"><h2>$title</h2></div>
<pre tabindex="0"><code>$text</code></pre>
</section>""")

_TABLE = Template("""\
<section>
<div class="head"><h2>$title</h2></div>
<div class="scroll" tabindex="0">$table</div>
</section>""")

_WARNINGS = Template("""\
<section class="pair">
<div><div class="head"><h2>Warnings</h2></div>
<ul>
$items
</ul></div>
</section>
""")


@dataclass(frozen=True)
class Sheets:
    """The diagrams of one program.

    Args:
        folder: where they are, from the page: `source` or `dual`.
        text: the program.
        files: file name -> SVG; `process.svg` is the whole.
        height: how many pixels high the whole is, where it has half a wide screen.
    """

    folder: str
    text: str
    files: Mapping[str, str]
    height: int


def is_index(text: str) -> bool:
    """Whether a text is such a page."""
    return _GENERATOR in text


def page(program: Program, drawn: Sequence[Sheets]) -> str:
    """The page as HTML.

    Args:
        program: the dual, or the evaluated source if that is all there is.
        drawn: the diagrams of the source and, if there is one, of the dual.
    """
    dual = len(drawn) > 1
    titles = {"source": "Source", "dual": "Dual"}
    about = "The program's block diagram."
    title = program.name
    if dual:
        title += " and its dual"
        about = (
            "The program and its dual, which computes the same outputs and their derivatives by "
            f"{counted(len(program.parameters), 'parameter')}."
        )
    return _PAGE.substitute(
        generator=_GENERATOR,
        version=__version__,
        title=escape(title),
        name=escape(program.name),
        about=about,
        legend=_LEGEND if any(len(sheets.files) > 1 for sheets in drawn) else "",
        two=" two" if dual else "",
        height=max(sheets.height for sheets in drawn),
        diagrams="\n".join(
            _DIAGRAM.substitute(
                title=titles[sheets.folder],
                folder=sheets.folder,
                sheets=_sheets(sheets),
            )
            for sheets in drawn
        ),
        tables="\n".join((_outputs(program.outputs), _parameters(program.parameters))),
        warnings=_warnings(program.warnings),
        texts="\n".join(
            _TEXT.substitute(
                title=f"{titles[sheets.folder]}, as text", text=escape(sheets.text, quote=False)
            )
            for sheets in drawn
        ),
    )


def _sheets(sheets: Sheets) -> str:
    if len(sheets.files) == 1:
        return ""
    return _SHEETS.substitute(count=counted(len(sheets.files), "sheet"), folder=sheets.folder)


def _outputs(outputs: Sequence[Output]) -> str:
    rows = []
    for channel, output in enumerate(outputs):
        meaning = f"output {output.output} of the program"
        if output.parameter is not None:
            meaning = f"derivative of output {output.output} by {_code(output.parameter.path)}"
        rows.append((str(channel), _code(output.name), meaning))
    return _table("Outputs", ("channel", "name", "meaning"), rows, "The program has no outputs.")


def _parameters(parameters: Sequence[Parameter]) -> str:
    rows = []
    for parameter in parameters:
        values = ("", "", "")
        if parameter.kind != "input":
            values = (f"{parameter.init:g}", f"{parameter.min:g}", f"{parameter.max:g}")
        rows.append([_code(parameter.path), *values, escape(parameter.unit)])
    heads = ["path", "initial", "from", "to", "unit"]
    if not any(parameter.unit for parameter in parameters):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    return _table("Parameters", heads, rows, "The program has no parameters.")


def _warnings(warnings: Sequence[str]) -> str:
    items = "\n".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return _WARNINGS.substitute(items=items) if items else ""


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], none: str) -> str:
    """A table of cells that are HTML."""
    kinds = [' class="number"' if head in _NUMBERS else "" for head in heads]
    body = [
        "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
        for row in rows
    ]
    head = "".join(
        f'<th scope="col"{kind}>{head}</th>' for kind, head in zip(kinds, heads, strict=True)
    )
    table = (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "".join(f"<tr>{row}</tr>\n" for row in body)
        + "</tbody>\n</table>"
    )
    return _TABLE.substitute(title=title, table=table if body else f'<p class="faint">{none}</p>')


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
