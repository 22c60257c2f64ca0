"""The command `fad doctor`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fad.base.version import __version__
from fad.cli import main, reports
from fad.runtime import installation
from tests.support.commands import ENVIRONMENT, command_line


def test_doctor_tells_people(tmp_path: Path) -> None:
    done = command_line(tmp_path)("doctor")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0].split()[:3] == ["component", "version", "place"]
    assert lines[1].split()[:2] == ["fad", __version__]
    assert any(line.startswith("libraries") for line in lines)
    assert any(line.startswith("cache") for line in lines)


def test_doctor_tells_scripts(tmp_path: Path) -> None:
    done = command_line(tmp_path)("doctor", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(found) == ["components", "libraries", "cache", "missing", "works", "project"]
    assert found["works"] is True
    assert found["components"][0]["version"] == __version__


def test_doctor_runs_where_numpy_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['numpy'] = None; sys.argv = ['fad', 'doctor']\n"
        "from fad.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_missing_is_told_last(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = installation.Component("x", None, "", "run", is_required=True)
    cache = installation.CacheFacts("c", None, 0, 0, 0)
    broken = installation.Installation((parts,), (), cache)
    assert reports.installation_table(broken, None).endswith("\nx is missing: needed for run\n")
    monkeypatch.setattr(installation, "inspect", lambda: broken)
    with pytest.raises(SystemExit) as caught:
        main.doctor.main([])
    assert caught.value.code == 1
