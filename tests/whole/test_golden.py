"""What fad writes, whole: texts to read, each compared, compiled and run.

Each program of `golden/dual` stands beside what `fad transform` writes for it; of the standard
examples, which come with the compiler, only the result is kept. `pytest --update-golden` writes the
results anew. What is written there is also run: the text in the file, not the one in memory, has to
repeat the outputs of its source and to agree with its difference quotients.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

import fad
from fad.base.source import Source
from fad.checking.quotients import Judgement
from fad.diagram.box import Primitive, postorder
from fad.differentiation.rules import DERIVATIVES
from fad.runtime.engine import Engine
from fad.text.lines import WIDTH
from tests.support.places import LIBRARIES, ROOT, STANDARD_EXAMPLES
from tests.support.quotients import compare
from tests.support.reading import difference, evaluation, normal, read

GOLDEN = ROOT / "tests" / "golden" / "dual"
GALLERY = ROOT / "docs" / "gallery.md"

FRAMES = 256

#: Of the standard examples: what is kept here -> the program, and the variables that are enough to
#: see how it is differentiated, where not all are needed.
STANDARD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "brass": ("physicalModeling/brass.dsp", "pressure,lipsTension"),
        "clarinet": ("physicalModeling/clarinet.dsp", "pressure,reedStiffness"),
        "compressor": ("dynamic/compressor.dsp", "Threshold,Ratio"),
        "cry-baby": ("filtering/cryBaby.dsp", ""),
        "distortion": ("dynamic/distortion.dsp", ""),
        "freeverb": ("old/freeverb.dsp", ""),
        "moog-ladder": ("filtering/moogLadder.dsp", ""),
        "oscillator": ("generator/osci.dsp", ""),
        "panpot": ("spat/panpot.dsp", ""),
        "peaking-equalizer": ("filtering/peakingEQ.dsp", ""),
        "phaser": ("phasing/phaser.dsp", "Speed,Feedback Gain"),
        "virtual-analog": ("generator/virtualAnalog.dsp", "Sawtooth"),
    }
)


@dataclass(frozen=True)
class Case:
    """A program, the variables to differentiate it by, and the file with what comes of it."""

    name: str
    source: Path
    expected: Path
    wrt: tuple[str, ...] = ()

    @property
    def is_standard(self) -> bool:
        return self.expected.parent.name == "standard"

    def transform(self) -> fad.Program:
        # Which of several installed versions of the libraries is used shows in the result.
        return fad.transform(self.source, include=[LIBRARIES], wrt=self.wrt)


def own_cases() -> list[Case]:
    return [
        Case(f"{path.parent.name}/{path.stem}", path, path.with_suffix(".dual.dsp"))
        for path in sorted(GOLDEN.glob("*/*.dsp"))
        if not path.name.endswith(".dual.dsp")
    ]


def standard_cases() -> list[Case]:
    return [
        Case(
            f"standard/{name}",
            STANDARD_EXAMPLES / path,
            GOLDEN / "standard" / f"{name}.dual.dsp",
            tuple(filter(None, [wrt])),
        )
        for name, (path, wrt) in STANDARD.items()
    ]


OWN = own_cases()
CASES = OWN + standard_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_own_case = pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)


# -- Text and meaning -------------------------------------------------------------------------


@each_case
def test_text_and_meaning(engine: Engine, case: Case, update_golden: bool) -> None:
    program = case.transform()
    if update_golden:
        case.expected.write_text(program.source, encoding="utf-8")
    text = case.expected.read_text(encoding="utf-8")
    assert program.source == text

    judgements = judged(engine, case.source, text, case.wrt)
    wrong = {place: judgement for place, judgement in judgements.items() if not good(judgement)}
    assert not wrong
    verdicts = {judgement.verdict for judgement in judgements.values()}
    assert "agrees" in verdicts
    # Programs of ours are smooth where they are run.
    assert case.is_standard or verdicts <= {"agrees", "zero"}


def good(judgement: Judgement) -> bool:
    return judgement.verdict not in ("mismatch", "undefined")


def judged(
    engine: Engine, source: Path | Source, text: str, wrt: Sequence[str], frames: int = FRAMES
) -> dict[tuple[int, str], Judgement]:
    """For each output and variable of a program, what quotients say of a dual's text.

    The outputs that the dual repeats are compared here.
    """
    comparison = compare(engine, source, text, include=[LIBRARIES], wrt=wrt, frames=frames)
    # By value: libfaust orders sums by what else is in a program, which shows in the last bit.
    np.testing.assert_allclose(comparison.primal, comparison.original, rtol=1e-12, atol=1e-15)
    return comparison.judgements


@each_case
def test_lines_are_short(case: Case) -> None:
    """A label cannot be broken; nothing else makes a line long."""
    lines = case.expected.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(re.sub(r'"[^"]*"', '""', line)) > WIDTH] == []
    assert [line for line in lines if len(line) > WIDTH and '"' not in line] == []


@pytest.mark.parametrize("name", ["dynamic/compressor", "phasing/flanger", "reverb/greyhole"])
def test_lines_of_functions_with_many_parameters_are_short(name: str) -> None:
    lines = fad.transform(STANDARD_EXAMPLES / f"{name}.dsp").source.splitlines()
    assert [line for line in lines if len(line) > WIDTH and '"' not in line] == []


def test_every_primitive_is_there() -> None:
    """A file for each, which says so and has it in its diagram."""
    covered = set()
    for case in OWN:
        name = re.match(r"// `(.+)`: ", case.source.read_text(encoding="utf-8"))
        if case.expected.parent.name == "primitives":
            assert name is not None, case.name
            diagram = evaluation(case.source.read_text(encoding="utf-8")).process
            assert Primitive(name[1]) in set(postorder(diagram)), case.name
            covered.add(name[1])
    assert covered == set(DERIVATIVES)


def test_no_result_is_left_over() -> None:
    assert sorted(GOLDEN.glob("*/*.dual.dsp")) == sorted(case.expected for case in CASES)


# -- The same text, whatever does not matter ----------------------------------------------------


def test_texts_do_not_depend_on_the_order_of_hashes() -> None:
    """Two processes that order their sets differently write the same bytes."""
    script = (
        "import sys, fad\n"
        "for path in sys.argv[2:]:\n"
        "    program = fad.transform(fad.base.source.Source(path, open(path).read()),\n"
        "                            include=[sys.argv[1]])\n"
        "    sys.stdout.buffer.write(program.source.encode())\n"
    )
    paths = [str(case.source) for case in OWN]
    paths += [str(case.source) for case in CASES if case.is_standard and not case.wrt]
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, str(LIBRARIES), *paths],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
        )
        for seed in ("1", "2")
    ]
    assert [run.stderr for run in runs] == [b"", b""]
    texts = [run.stdout for run in runs]
    assert texts[0] == texts[1]
    assert texts[0].count(b"// Forward-mode derivative of ") == len(paths)


@each_own_case
def test_texts_do_not_depend_on_the_order_of_definitions(case: Case) -> None:
    lines = case.source.read_text(encoding="utf-8").splitlines()
    definitions = [line for line in lines if not line.startswith("//")]
    if not all(re.match(r"\w.* = .*;$", line) for line in definitions):
        pytest.skip("its definitions span lines")
    backwards = Source(case.source.name, "\n".join(reversed(definitions)))
    # Parameters are in the order of the text otherwise, which may carry comments, too; warnings say
    # where in it something is.
    there, here = (
        re.sub(r":\d+:\d+", "", fad.transform(source, order_by="ui", comments=False).source)
        for source in (backwards, case.source)
    )
    assert there == here


@each_case
def test_a_result_read_back_is_the_same_diagram(case: Case) -> None:
    """Also where it has been written with functions that the program did not have."""
    before = normal(read(case.expected.read_text(encoding="utf-8")))
    after = normal(read(fad.expand(case.expected).source))
    assert difference(before, after) is None


# -- The gallery --------------------------------------------------------------------------------

#: Reverberators have delays that are longer than FRAMES.
GALLERY_FRAMES = 12_000

#: A program of the gallery under its file name, with what is said about it.
_ENTRY = re.compile(r"^## `(?P<name>[\w.]+)`.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
#: The first text of an entry is its source, each other one what a command writes for it, whole or
#: some definitions of it: `fad transform`, if nothing else is said.
_BLOCK = re.compile(
    r"(?:^<!-- (?P<command>expand|transform)(?:: (?P<shown>[^>]*))? -->\n\n)?"
    r"^```faust\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_WRT = re.compile(r"`fad transform --wrt (\w+)`")
_DEFINITION = re.compile(
    r"(?:^//[^\n]*\n)*^(?P<name>[A-Za-z_]\w*).*?;(?: //[^\n]*)?\n(?=[A-Za-z_/\n]|\Z)",
    re.DOTALL | re.MULTILINE,
)
#: Stands for definitions that are not shown.
_LEFT_OUT = "// ...\n"


@dataclass(frozen=True)
class Entry:
    """A program of the gallery.

    Attributes:
        source: the program.
        wrt: what it is differentiated by, or nothing for all its parameters.
        whole: the file with the whole text of its dual, if the page shows parts of it.
    """

    source: Source
    wrt: tuple[str, ...]
    whole: Path | None

    @classmethod
    def of(cls, found: re.Match[str]) -> Entry:
        block = _BLOCK.search(found[0])
        assert block is not None, found["name"]
        file = f"gallery/{Path(found['name']).stem}.dual.dsp"
        whole = GALLERY.parent / file if f"({file})" in found[0] else None
        return cls(Source(found["name"], block["text"]), tuple(_WRT.findall(found[0])), whole)

    def written(self, command: str) -> str:
        if command == "expand":
            return fad.expand(self.source, include=[LIBRARIES]).source
        return fad.transform(self.source, include=[LIBRARIES], wrt=self.wrt).source


def entries() -> list[re.Match[str]]:
    return list(_ENTRY.finditer(GALLERY.read_text(encoding="utf-8")))


def part(text: str, shown: str) -> str:
    """Definitions of a program, in its order; `...` after a name is all up to the next one.

    Raises:
        AssertionError: the program has no definition of a name.
    """
    names = shown.replace(" ...", "...").split()
    found = list(_DEFINITION.finditer(text))
    missing = {name.removesuffix("...") for name in names} - {each["name"] for each in found}
    assert not missing, f"no definition of {missing}"
    lines, goes_on, is_gap = [], False, False
    for each in found:
        if each["name"] in names or f"{each['name']}..." in names:
            goes_on = f"{each['name']}..." in names
            is_shown = True
        else:
            is_shown = goes_on
        if is_shown:
            lines += [_LEFT_OUT] * is_gap + [each[0]]
        is_gap = not is_shown
    return "".join(lines)


def renewed(found: re.Match[str]) -> str:
    """An entry with what the commands write today."""
    entry = Entry.of(found)

    def block(shown: re.Match[str]) -> str:
        if shown["text"] == entry.source.text:
            return shown[0]
        text = entry.written(shown["command"] or "transform")
        if shown["shown"]:
            text = part(text, shown["shown"])
        return shown[0].replace(f"```faust\n{shown['text']}```", f"```faust\n{text}```")

    return _BLOCK.sub(block, found[0])


def test_the_gallery_shows_what_is_written(update_golden: bool) -> None:
    page = GALLERY.read_text(encoding="utf-8")
    today = _ENTRY.sub(renewed, page)
    if update_golden:
        GALLERY.write_text(today, encoding="utf-8")
    else:
        assert page == today
    assert len(entries()) == today.count("\n## ") == 12


@pytest.mark.parametrize("found", entries(), ids=lambda found: str(found["name"]))
def test_the_gallery_is_right(engine: Engine, found: re.Match[str], update_golden: bool) -> None:
    """What is shown of a dual, in parts or whole, is compared with difference quotients."""
    entry = Entry.of(found)
    text = entry.written("transform")
    if entry.whole is not None:
        if update_golden:
            entry.whole.write_text(text, encoding="utf-8")
        assert entry.whole.read_text(encoding="utf-8") == text
    judgements = judged(engine, entry.source, text, entry.wrt, frames=GALLERY_FRAMES)
    assert all(map(good, judgements.values()))
    assert "agrees" in {judgement.verdict for judgement in judgements.values()}


def test_no_file_of_the_gallery_is_left_over() -> None:
    files = {entry.whole for entry in map(Entry.of, entries()) if entry.whole is not None}
    assert set((GALLERY.parent / "gallery").iterdir()) == files
