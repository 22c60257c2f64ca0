"""Programs that try to get code of their own into the C++ that is compiled, or headers into it."""

from __future__ import annotations

from pathlib import Path

import pytest

import fad
from fad.pipeline.front import Request, read
from fad.runtime.engine import Engine
from fad.runtime.foreign import refuse_foreign
from fad.runtime.native import native_code
from tests.support.native import needs_compiler

#: Makes a file as soon as a program that it was compiled into begins to run.
PAYLOAD = (
    "static int payload = ([]{ char p[]={80,87,78,0}; char m[]={119,0}; "
    "FILE* f=fopen(p,m); if(f) fclose(f); return 1; })();"
)
#: A body for the block that a user interface is built in.
BLOCK = "{ char p[]={80,87,78,0}; char m[]={119,0}; FILE* payload=fopen(p,m); (void)payload; }"

#: Programs of which libfaust copies the word `payload` into its C++, as they are.
HOSTILE = {
    "the name": f'declare name "*/ {PAYLOAD} /*"; process = _;',
    "the author": f'declare author "*/ {PAYLOAD} /*"; process = _;',
    "the license": f'declare license "*/ {PAYLOAD} /*"; process = _;',
    "any key": f'declare key "*/ {PAYLOAD} /*"; process = _;',
    "a backslash at the end": rf'declare key "); {BLOCK} //\"; process = _;',
    "a definition's": f'f(x) = x; declare f key "*/ {PAYLOAD} /*"; process = f;',
    "metadata of a label": rf'process = hslider("l[a\:); {BLOCK} //]", 1, 0, 2, 0.1);',
    "the name of a group": rf'process = hgroup("); {BLOCK} //\", hslider("l", 1, 0, 2, 0.1));',
    "metadata of a group": rf'process = hgroup("g[a\:); {BLOCK} //]", hslider("l", 1,0,2,.1));',
    "a slider's label": rf'process = hslider("); {BLOCK} //\", 1, 0, 2, 0.1);',
    "a path in a label": rf'process = hslider("h:payload {BLOCK}\/x", 1, 0, 2, 0.1);',
    "a switch": rf'process = checkbox("); {BLOCK} //\");',
    "a bargraph": rf'process = _ : hbargraph("x[a\:); {BLOCK} //]", 0, 1);',
}


def code_of(program: str | Path, engine: Engine, name: str = "test.dsp") -> str:
    box = read(Request(program)).evaluated().process
    return native_code(box, engine, name, [Path()]).text


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_of_a_program_is_in_its_code(kind: str, engine: Engine) -> None:
    assert "payload" in engine.cpp(HOSTILE[kind], "test.dsp")  # so libfaust does copy it
    assert "payload" not in code_of(HOSTILE[kind], engine)


def test_no_text_of_an_imported_file_is_in_its_code(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / '"); payload'
    folder.mkdir()
    (folder / "a.lib").write_text(f'declare name "*/ {PAYLOAD} /*"; declare f key "*/x"; f = _;')
    program = folder / "p.dsp"
    program.write_text('import("a.lib"); process = f;')
    assert "payload" in engine.cpp(program.read_text(), "p.dsp", include=[folder])
    assert "payload" not in code_of(program, engine)


@pytest.mark.parametrize("name", ['q".dsp', "*/ payload /*.dsp", "a\nb.dsp", "\\.dsp", "ü ß.dsp"])
def test_names_of_programs_cannot_be_code(name: str, engine: Engine) -> None:
    code = engine.cpp('process = hslider("l", 1, 0, 2, 0.1);', name)
    assert all(mark not in code for mark in ('q"', "*/ payload", "\\"))
    assert engine.compile("process = _;", name).inputs == 1


@needs_compiler
@pytest.mark.parametrize("kind", ["the name", "metadata of a label", "the name of a group"])
def test_hostile_programs_run_without_their_code(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'q"\n.dsp').write_text(HOSTILE[kind])
    fad.run(Path('q"\n.dsp'), seconds=0.001)
    assert fad.check(Path('q"\n.dsp'), seconds=0.001).passed
    assert [file.name for file in tmp_path.iterdir()] == ['q"\n.dsp']


EVIL = 'evil = ffunction(float evil(float), "evil.h", ""); process = hslider("g", 1, 0, 2, 1)*evil;'


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with a header beside it that makes a file `PWN` in the current folder."""
    monkeypatch.chdir(tmp_path)
    header = f"#include <cstdio>\n{PAYLOAD}\ninline double evil(double x) {{ return x; }}\n"
    (tmp_path / "evil.h").write_text(header)
    program = tmp_path / "evil.dsp"
    program.write_text(EVIL)
    return program


@needs_compiler
def test_a_header_is_compiled_only_when_it_is_trusted(evil: Path) -> None:
    for run in (fad.check, fad.run):
        with pytest.raises(fad.FadError, match=r'1:8: .*`evil` of "evil.h"[^$]*--trust'):
            run(evil, seconds=0.001)
    assert not Path("PWN").exists()
    assert fad.check(evil, seconds=0.001, trust=True).passed
    assert Path("PWN").exists()
    Path("PWN").unlink()
    fad.run(evil, seconds=0.001, trust=True)
    assert Path("PWN").exists()


@needs_compiler
def test_a_changed_header_counts(tmp_path: Path) -> None:
    program = tmp_path / "p.dsp"
    program.write_text('process = 2 : ffunction(float f(float), "f.h", "");')
    for factor in (2, 3):
        (tmp_path / "f.h").write_text(f"inline double f(double x) {{ return {factor}*x; }}")
        assert fad.run(program, seconds=0.001, trust=True).outputs[0, 0] == 2 * factor


@needs_compiler
def test_headers_of_rules_are_not_compiled_either(evil: Path) -> None:
    rules = 'd_tanh(x) = x : ffunction(float evil(float), "evil.h", "");'
    program = 'process = hslider("g", 1, 0, 2, 0.1) : ffunction(float tanh(float), <math.h>, "");'
    with pytest.raises(fad.FadError, match="`evil` of"):
        fad.check(program, rules=rules, seconds=0.001)
    assert not Path("PWN").exists()


@needs_compiler
def test_a_standard_header_is_the_system_s(tmp_path: Path) -> None:
    for name in ("math.h", "cmath", "stdlib.h", "algorithm"):
        (tmp_path / name).write_text("#error this is not the standard header")
    program = tmp_path / "p.dsp"
    for header in ("<math.h>", '"math.h"'):
        program.write_text(f'process = 1 : ffunction(float tanh(float), {header}, "");')
        assert fad.run(program, seconds=0.001).outputs[0, 0] == pytest.approx(0.7615941559557649)


@pytest.mark.parametrize(
    "expression",
    [
        'ffunction(int kill(int, int), <math.h>, "")(-1, 9)',
        'ffunction(int fork(), <stdlib.h>, "")',
        'ffunction(float tanhf|system|tanhl(float), <math.h>, "")(0)',
        'ffunction(float tanh(float), "./math.h", "")(0)',
        'ffunction(float tanh(float), "/etc/passwd", "")(0)',
        'ffunction(float tanh(float), <math.h>, "*/ payload")(0)',
        'ffunction(float tanh(float), "math.h\n", "")(0)',
        "fconstant(int secret, <math.h>)",
        'fvariable(int count, "../secret.h")',
    ],
)
def test_code_that_is_not_standard(expression: str) -> None:
    box = read(Request(f"process = {expression};")).evaluated().process
    with pytest.raises(fad.FadError, match="foreign code"):
        refuse_foreign(box)


def test_what_the_standard_libraries_call_is_standard() -> None:
    for library in ("maths.lib", "stdfaust.lib"):
        program = f'l = library("{library}"); process = l.SR;'
        if library == "stdfaust.lib":
            program = 'import("stdfaust.lib"); process = ma.SR, ma.BS, ma.tanh(_), ma.isnan(_);'
        refuse_foreign(read(Request(program)).evaluated().process)
