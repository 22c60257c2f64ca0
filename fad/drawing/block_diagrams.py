"""Block diagrams of a program and of its dual, as a folder with a page that shows them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from fad.base.output_folder import refuse_foreign, write_folder
from fad.differentiation.surrogates import Kind
from fad.drawing.block_diagrams_page import INDEX, Sheets, is_index, page
from fad.pipeline.expand import expand
from fad.pipeline.front import Request, read
from fad.pipeline.program import Program
from fad.pipeline.transform import transform
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from fad.syntax.libraries import Libraries, ProgramLike, as_source

_WHOLE = "process.svg"
#: Programs with more boxes than this are drawn on several sheets. It is less than libfaust's own
#: limit: a dual drawn as a composition of named duals looks like the source it comes from.
FOLD = 10
#: How many pixels a unit of libfaust's drawings is, at least and at most. Letters are 7 units.
_SMALLEST, _LARGEST = 1.3, 2.0
#: How many pixels wide a diagram is on a wide screen that shows two.
_COLUMN = 640

_OWN = re.compile(rf"{re.escape(INDEX)}|(source|dual)(/[^/]*\.svg)?")
_LINK = re.compile(r'(?<=xlink:href=")[^"]*')
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)" width="[^"]*" height="[^"]*" ([^>]*)>')
_SHADOW = re.compile(r'<rect [^>]*fill:#cccccc;"/>\n?')
_ADDRESS = re.compile(r"-(0x)?[0-9A-Fa-f]+$")
_WIRE = re.compile(r' style="stroke: ?black;(?: stroke-linecap:round;)? stroke-width:0\.25;')
_NO_TURN = re.compile(r' *transform="rotate\(0\.000000,[^)]*\)"')
_ZEROS = re.compile(r'="(-?\d+)(?:\.0{6}|(\.\d*[1-9])0+)"')
#: libfaust gives every piece of a wire its own style: said once, a drawing is half as large.
_STYLE = "<style>line { stroke: #000; stroke-linecap: round; stroke-width: .45 }</style>"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_diagrams(
    program: ProgramLike,
    folder: str | Path,
    *,
    dual: bool = False,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    wrt: Sequence[str] = (),
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
) -> Program:
    """Writes the block diagrams of a program, and of its dual, and a page that shows them.

    The folder has `index.html`, the page; `source/process.svg` and the sheets it links to; and,
    with a dual, `dual/process.svg` and its sheets. It is written whole or not at all.

    Args:
        program: a text, or the path of a file.
        folder: the folder to write. One that this function has written before is replaced.
        dual: whether to draw the program that also computes the derivatives.
        include: folders to search for imported files, before the standard ones.
        libraries: a folder of libraries to use instead of the standard ones.
        wrt, surrogate, rules: which derivatives; see `fad.transform`.

    Returns:
        The program that the page is about: the dual, or without one the evaluated source.

    Raises:
        OutputError: the folder has other files in it, or cannot be written.
        EngineError: the standard compiler does not draw the program.
        FadError: the program cannot be evaluated or differentiated.
    """
    refuse_foreign(folder, _is_own)
    source = as_source(program)
    front = read(Request(source, include, libraries=libraries))
    front.evaluated()  # reads all files
    flat = written = expand(source, include=include, libraries=libraries)
    if dual:
        written = transform(
            source,
            include=include,
            libraries=libraries,
            wrt=wrt,
            surrogate=surrogate,
            rules=rules,
        )
    text = source.text if front.libraries.are_found_by_libfaust else flat.source
    with Engine() as engine:
        try:
            drawn = [_drawn(engine, "source", text, written.name, front.libraries)]
        except EngineRefusal:
            # The standard compiler does not know the operators that a program may use.
            drawn = [_drawn(engine, "source", flat.source, written.name, front.libraries)]
        if dual:
            drawn.append(_drawn(engine, "dual", written.source, written.name, front.libraries))
    files = {INDEX: page(written, drawn)}
    for sheets in drawn:
        files |= {f"{sheets.folder}/{name}": text for name, text in sheets.files.items()}
    write_folder(folder, files)
    return written


def _is_own(folder: Path) -> bool:
    """Whether a folder has a page and diagrams, and nothing else."""
    for path in folder.rglob("*"):
        if not _OWN.fullmatch(path.relative_to(folder).as_posix()):
            return False
    try:
        return is_index((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError):
        return False


def _drawn(engine: Engine, folder: str, text: str, name: str, found: Libraries) -> Sheets:
    files = engine.diagrams(text, name, fold=FOLD, include=found.folders, libraries=found.standard)
    return Sheets(folder, text, tidied(files), _height(files[_WHOLE]))


def tidied(files: Mapping[str, str]) -> dict[str, str]:
    """libfaust's diagrams for a page: named by their definitions, scaled, without shadows.

    Args:
        files: file name -> text; the names have addresses in them, which change with every run.

    Returns:
        The same, from `process.svg` on in the order of the links.
    """
    names = {_WHOLE: _WHOLE}
    taken = Counter([_stem(_WHOLE)])
    for file in (found := [_WHOLE]):  # grows
        for link in _LINK.findall(files[file]):
            if link in files and link not in names:
                stem = _stem(link)
                taken[stem.lower()] += 1  # some systems do not tell capitals from small letters
                count = taken[stem.lower()]
                names[link] = f"{stem}-{count}.svg" if count > 1 else f"{stem}.svg"
                found.append(link)
    return {names[file]: _restyled(files[file], names) for file in found}


def _stem(file: str) -> str:
    return _ADDRESS.sub("", file.removesuffix(".svg"))


def _restyled(text: str, names: Mapping[str, str]) -> str:
    text = _LINK.sub(lambda link: names.get(link[0], _WHOLE), text)
    text = _SHADOW.sub("", text)
    text = text.replace('font-family="Arial"', 'font-family="Arial, Helvetica, sans-serif"')
    text = _SIZE.sub(_scaled, text, count=1)
    text = _WIRE.sub(' style="', _NO_TURN.sub("", text)).replace(' style=""', "")
    text = _ZEROS.sub(r'="\1\2"', text)
    return _NOT_XML.sub("\ufffd", text)


def _scaled(size: re.Match[str]) -> str:
    """The size of a drawing: as wide as there is room for, while its letters can be read.

    A drawing that is less high than its window is in the middle of it.
    """
    width = float(size[1])
    style = (
        f"display:block; margin:auto; background:#fff; width:100%; height:auto; min-height:100%; "
        f"min-width:{width * _SMALLEST:.0f}px; max-width:{width * _LARGEST:.0f}px"
    )
    return f'viewBox="0 0 {size[1]} {size[2]}" style="{style}" {size[3]}>\n{_STYLE}'


def _height(text: str) -> int:
    """How many pixels high a drawing is, side by side with another one."""
    size = _SIZE.search(text)
    assert size is not None
    width, height = float(size[1]), float(size[2])
    return round(height * min(max(_COLUMN / width, _SMALLEST), _LARGEST)) + 20  # a scroll bar
