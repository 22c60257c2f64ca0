"""The benchmark of the shape of texts counts what is there, and runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.shape import bare, main, source_lines
from tests.support.places import ROOT


def test_comments_do_not_count() -> None:
    text = '/* one\n   two */\n\na = 1; // three\n// four\nb = hslider("//x", 1, 0, 2, 1);\n'
    assert bare(text) == 'a = 1;\nb = hslider("//x", 1, 0, 2, 1);'


def test_definitions_that_are_used_count(tmp_path: Path) -> None:
    (tmp_path / "own.lib").write_text(
        "f(x) = g(x)*2;\n\n// Two lines.\ng(x) =\n    x + 1;\nunused = 3 : sin;\n"
    )
    program = tmp_path / "program.dsp"
    program.write_text('import("own.lib");\n// A comment.\nprocess = f;\n')
    assert source_lines(program) == 2 + 1 + 2


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Two programs, compared with this checkout itself."""
    main(["--filter", "delayEcho/[eq]*", "--before", str(ROOT), "--compile"])
    said = capsys.readouterr().out
    assert "\n2 programs: lines of the expansion over the source: median 0." in said
    assert "\nthe 2 largest: characters of the dual over the expansion: median 1." in said
    assert "\ncharacters of the expansion over those before: median 1.00\n" in said
    assert "\ncharacters of the dual over those before: median 1.00\n" in said
    assert "\nlibfaust's time for the dual over that before: median " in said
