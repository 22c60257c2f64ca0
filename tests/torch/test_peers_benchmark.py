"""The benchmark of derivatives in Python runs, and writes its part of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from bench import peers
from tests.support.native import needs_compiler

pytestmark = needs_compiler


def test_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    before = "# Before\n\n## In Python, against others\n\n"
    page.write_text(f"{before}what was there\n\n## After\n\nstays\n")
    monkeypatch.setattr(peers, "PAGE", page)
    monkeypatch.setattr(peers, "FRAMES", 10000)
    peers.main(["--filter", "moog", "--seconds", "0.01", "--write"])
    said = capsys.readouterr().out
    assert "\nmoog: " in said and "times as fast as" in said
    written = page.read_text()
    assert written.startswith(f"{before}`make bench-peers` measures this")
    assert written.endswith("\n\n## After\n\nstays\n")
    assert "what was there" not in written
    assert "\n| moog | fad | " in written


@pytest.mark.parametrize("name", ["compressor", "phaser"])
def test_loops_of_torch_compute_what_the_programs_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in peers._cases() if case.name == name)
    loop = [peer for peer in case.peers if peer.name == "PyTorch loop"]
    monkeypatch.setattr(peers, "FRAMES", 10000)
    alone = peers.Case(name, case.values, loop, case.target)
    (_, found) = peers._results(alone, 0.01, {})
    assert found.outputs < 1e-4 and found.gradients < 1e-4


def test_what_computes_something_else_does_not_count() -> None:
    slow = peers.Result("moog", "fad", 1, 1, 0, 0)
    wrong = peers.Result("moog", "a peer", 9, 9, 0.5, 0)
    assert list(peers.summary([slow, wrong])) == [
        "moog: a peer computes something else, and does not count"
    ]


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> peers.Gradient:
        peers._module("a_library_that_is_not_there")
        raise AssertionError

    monkeypatch.setattr(peers, "FRAMES", 10000)
    case = next(case for case in peers._cases() if case.name == "moog")
    missing: dict[str, str] = {}
    alone = peers.Case("moog", case.values, [peers.Peer("a peer", make)], 1.5)
    assert [each.peer for each in peers._results(alone, 0.01, missing)] == ["fad"]
    assert missing == {"a peer": "No module named 'a_library_that_is_not_there'"}
