"""The benchmark of reverse mode runs, and writes its part of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import reverse
from bench.driver import compiler


@pytest.mark.skipif(compiler() is None, reason="there is no C++ compiler")
def test_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Before\n\n## Reverse mode\n\nold\n\n## After\n\nstays\n")
    monkeypatch.setattr(reverse, "PAGE", page)
    reverse.main(["--filter", "lowBoost", "--seconds", "0.01", "--write"])
    assert "reverse mode in runs of the program: median " in capsys.readouterr().out
    written = page.read_text()
    assert written.startswith("# Before\n\n## Reverse mode\n\n`make bench-reverse` measures this")
    assert written.endswith("\n\n## After\n\nstays\n")
    assert "old" not in written
    assert "\n| lowBoost | 2 | " in written


def test_a_program_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        reverse.main(["--filter", "nothing"])
    assert "no program is called nothing" in capsys.readouterr().err
