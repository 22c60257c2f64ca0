"""What commands read and write: streams, and files that are replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fad
from tests.support.commands import COMMAND, ENVIRONMENT, Run, command_line
from tests.support.programs import GAIN


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command line in a folder of its own, where `gain.dsp` is."""
    (tmp_path / "gain.dsp").write_text(GAIN)
    return command_line(tmp_path)


def body(text: str) -> str:
    """A written program without the comment that names its source."""
    return text.partition("\n")[2]


# -- Reading and writing ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["expand", "transform"])
def test_writes_to_the_standard_output(run: Run, command: str, tmp_path: Path) -> None:
    done = run(command, "gain.dsp")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == getattr(fad, command)(tmp_path / "gain.dsp").source


@pytest.mark.parametrize("command", ["expand", "transform"])
def test_reads_the_standard_input(run: Run, command: str) -> None:
    done = run(command, "-", input=GAIN)

    assert done.returncode == 0
    assert "<stdin>" in done.stdout.splitlines()[0]
    assert body(done.stdout) == body(run(command, "gain.dsp").stdout)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("piped", ["program.dsp", "rules.dsp"])
@pytest.mark.parametrize(
    "options", [["--order", "2"], ["--explain", "-o", "out.dsp"], ["--wrt", "a"]], ids=str
)
def test_what_comes_from_a_pipe_is_read_once(
    run: Run, tmp_path: Path, piped: str, options: list[str]
) -> None:
    texts = {
        "program.dsp": 'foo = ffunction(float foo(float), "foo.h", ""); '
        'process = foo(hslider("a", 0.3, 0, 1, 0.01));',
        "rules.dsp": "d_foo(x) = 2*x;",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    expected = run("transform", "program.dsp", "--rules", "rules.dsp", *options)
    written = tmp_path / "out.dsp"
    outcome = written.exists() and written.read_text()
    assert expected.returncode == 0

    (tmp_path / piped).unlink()
    os.mkfifo(tmp_path / piped)
    with ThreadPoolExecutor() as pool:
        pool.submit((tmp_path / piped).write_text, texts[piped])
        done = run("transform", "program.dsp", "--rules", "rules.dsp", *options)
    assert (done.stdout, done.stderr) == (expected.stdout, expected.stderr)
    assert (written.exists() and written.read_text()) == outcome


def test_the_standard_input_is_read_once(run: Run, tmp_path: Path) -> None:
    done = run("transform", "-", "--explain", "-o", "out.dsp", input=GAIN)
    assert (done.returncode, done.stderr) == (0, "wrote out.dsp\n")
    assert "gain" in done.stdout
    assert body((tmp_path / "out.dsp").read_text()) == body(run("transform", "gain.dsp").stdout)
    assert run("estimate", "-", "--estimate", "-", input=GAIN).returncode == 0


def test_errors_in_the_standard_input_name_it(run: Run) -> None:
    done = run("expand", "-", input="process = x;")

    assert done.returncode == 1
    assert done.stderr.startswith("<stdin>:1:11: error: undefined symbol `x`\n")


def test_files_beside_the_standard_input_are_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.lib").write_text("a = 5;")

    assert "process = 5;" in run("expand", "-", input='import("a.lib"); process = a;').stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["expand"], "process = 5;"),
        (["transform"], "process = 5;"),
        (["params"], "no widgets"),
        (["run", "--seconds", "0.01"], "5"),
    ],
)
def test_other_libraries_can_replace_the_standard_ones(
    run: Run, tmp_path: Path, command: list[str], said: str
) -> None:
    (tmp_path / "p.dsp").write_text('import("maths.lib"); process = five;')
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "maths.lib").write_text("five = 5;")

    done = run(*command, "p.dsp", "--libraries", "other")
    assert (done.returncode, said in done.stdout) == (0, True)
    assert "undefined symbol `five`" in run(*command, "p.dsp").stderr
    assert "there is no folder `none`" in run(*command, "p.dsp", "--libraries", "none").stderr


@pytest.mark.parametrize("path", ["-", "/dev/stdout"])
def test_output_can_be_the_standard_output(run: Run, path: str) -> None:
    assert run("expand", "gain.dsp", "-o", path).stdout == run("expand", "gain.dsp").stdout


def test_writes_a_file(run: Run, tmp_path: Path) -> None:
    done = run("expand", "gain.dsp", "-o", "out.dsp")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote out.dsp\n")
    assert (tmp_path / "out.dsp").read_text() == run("expand", "gain.dsp").stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gain.dsp", "out.dsp"]


def test_names_and_labels_may_be_in_any_script(run: Run, tmp_path: Path) -> None:
    label = "größe → 大"
    (tmp_path / "ü.dsp").write_text(f'process = button("{label}");', encoding="utf-8")

    assert run("expand", "ü.dsp", "-o", "ö.dsp").returncode == 0
    assert label in (tmp_path / "ö.dsp").read_text(encoding="utf-8")
    assert label in run("expand", "ü.dsp").stdout


# -- Files are replaced whole, or not at all --------------------------------------------------


def test_a_new_file_has_the_usual_permissions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    run("expand", "gain.dsp", "-o", "out.dsp")

    assert (tmp_path / "out.dsp").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_existing_file_keeps_its_permissions(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.dsp"
    out.write_text("old")
    out.chmod(0o640)

    assert run("expand", "gain.dsp", "-o", "out.dsp").returncode == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert "process" in out.read_text()


def test_a_link_stays_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real.dsp").write_text("old")
    (tmp_path / "link.dsp").symlink_to("real.dsp")

    assert run("expand", "gain.dsp", "-o", "link.dsp").returncode == 0
    assert (tmp_path / "link.dsp").is_symlink()
    assert "process" in (tmp_path / "real.dsp").read_text()


def test_an_error_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.dsp").write_text("old")
    done = run("expand", "-", "-o", "out.dsp", input="process = x;")

    assert done.returncode == 1
    assert (tmp_path / "out.dsp").read_text() == "old"


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_protected_file_is_left_alone(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.dsp"
    out.write_text("old")
    out.chmod(0o444)
    done = run("expand", "gain.dsp", "-o", "out.dsp")

    assert done.returncode == 1
    assert done.stderr == "error: cannot write `out.dsp`: the file is write-protected\n"
    assert out.read_text() == "old"


def test_the_source_is_not_overwritten_through_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link.dsp").symlink_to("gain.dsp")
    done = run("transform", "gain.dsp", "-o", "link.dsp")

    assert done.returncode == 1
    assert "would overwrite the source" in done.stderr
    assert (tmp_path / "gain.dsp").read_text() == GAIN


def test_a_pipe_is_written_to_directly(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE) as reader:
        assert run("expand", "gain.dsp", "-o", "pipe").returncode == 0
        assert reader.stdout is not None
        assert reader.stdout.read().decode() == run("expand", "gain.dsp").stdout
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_device_is_an_error(run: Run, tmp_path: Path) -> None:
    done = run("expand", "gain.dsp", "-o", "/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write `/dev/full`: no space left")

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "expand", "gain.dsp"],
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write to the standard output: ")


def test_a_reader_that_stops_early_is_no_error(run: Run, tmp_path: Path) -> None:
    # More than a pipe holds, so that the reader is gone while fad still writes.
    (tmp_path / "long.dsp").write_text("process = par(i, 20000, i + 100000);")
    with subprocess.Popen(
        [*COMMAND, "expand", "long.dsp"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0
