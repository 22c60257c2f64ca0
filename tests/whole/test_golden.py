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
    engine: Engine, source: Path | Source, text: str, wrt: Sequence[str]
) -> dict[tuple[int, str], Judgement]:
    """For each output and variable of a program, what quotients say of a dual's text.

    The outputs that the dual repeats are compared here.
    """
    comparison = compare(engine, source, text, include=[LIBRARIES], wrt=wrt, frames=FRAMES)
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

#: A program of the gallery under its file name, and what fad writes for it.
_SHOWN = re.compile(
    r"^## `(?P<name>[\w.]+)`.*?^```faust\n(?P<source>.*?)^```.*?^```faust\n(?P<result>.*?)^```",
    re.DOTALL | re.MULTILINE,
)


def test_the_gallery_shows_what_is_written(engine: Engine, update_golden: bool) -> None:
    def shown(entry: re.Match[str]) -> str:
        result = fad.transform(Source(entry["name"], entry["source"]), include=[LIBRARIES]).source
        return entry[0].replace(f"```faust\n{entry['result']}```", f"```faust\n{result}```")

    page = GALLERY.read_text(encoding="utf-8")
    today = _SHOWN.sub(shown, page)
    if update_golden:
        GALLERY.write_text(today, encoding="utf-8")
        page = today
    assert page == today
    entries = list(_SHOWN.finditer(page))
    assert len(entries) == page.count("\n## ") == 6
    for entry in entries:
        source = Source(entry["name"], entry["source"])
        judgements = judged(engine, source, entry["result"], ())
        assert all(map(good, judgements.values())), entry["name"]
