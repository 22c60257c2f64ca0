"""libfaust in its worker process: results, refusals, crashes, time limits."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from fad.base.errors import EngineError
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineCrash, EngineRefusal, EngineTimeout

GAIN = 'process = *(hslider("gain [unit:dB]", 0.25, 0, 1, 0.01));'
NOISE = np.random.default_rng(7).standard_normal((2, 3000))
ENDLESS = "process = par(i, 100000000, _);"
ASSERTION = "process = assertbounds(0, 1);"


def worker_process(engine: Engine) -> subprocess.Popen[bytes]:
    assert engine._worker is not None
    return engine._worker._process


def test_importing_the_engine_loads_neither_numpy_nor_libfaust() -> None:
    code = "import sys, fad.runtime.engine; assert not {'numpy', 'cyfaust'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_expand_prints_the_core_diagram(engine: Engine) -> None:
    text = engine.expand("f(x) = x * 2; process = f;", "a.dsp")
    assert text.endswith("process = \\(x1).(x1,2 : *);\n")


def test_the_precision_chooses_definitions(engine: Engine) -> None:
    source = "singleprecision x = 1; doubleprecision x = 2; process = x;"
    assert engine.expand(source, "a.dsp", precision="single").endswith("process = 1;\n")
    assert engine.expand(source, "a.dsp", precision="double").endswith("process = 2;\n")


def test_compile_tells_inputs_outputs_and_user_interface(engine: Engine) -> None:
    compiled = engine.compile(f"{GAIN[:-1]} <: _,_;", "quiet.dsp")
    assert (compiled.inputs, compiled.outputs) == (1, 2)
    (group,) = compiled.description["ui"]
    assert group["label"] == "quiet"
    assert group["items"][0]["address"] == "/quiet/gain"
    assert group["items"][0]["meta"] == [{"unit": "dB"}]


def test_json_and_cpp_take_foreign_functions_which_the_interpreter_refuses(engine: Engine) -> None:
    source = 'process = ffunction(float erf(float), <math.h>, "");'
    assert engine.json(source, "a.dsp")["inputs"] == 1
    assert "erf" in engine.cpp(source, "a.dsp")
    with pytest.raises(EngineRefusal, match="foreign function 'erf' is not allowed"):
        engine.compile(source, "a.dsp")


def test_cpp_is_in_the_precision_asked_for(engine: Engine) -> None:
    assert "double fSlow0" in engine.cpp(GAIN, "a.dsp")
    assert "float fSlow0" in engine.cpp(GAIN, "a.dsp", precision="single")


def test_render_is_exact(engine: Engine) -> None:
    outputs = engine.render(f"{GAIN[:-1]}, @(3);", "a.dsp", inputs=NOISE, frames=3000)
    assert outputs.dtype == np.float64
    np.testing.assert_array_equal(outputs[0], NOISE[0] * 0.25)
    np.testing.assert_array_equal(outputs[1, 3:], NOISE[1, :-3])
    np.testing.assert_array_equal(outputs[1, :3], 0)


def test_render_in_single_precision(engine: Engine) -> None:
    outputs = engine.render(
        "process = _, *(0.1);", "a.dsp", inputs=NOISE, frames=3000, precision="single"
    )
    np.testing.assert_array_equal(outputs[0], NOISE[0].astype(np.float32))
    np.testing.assert_array_equal(outputs[1], NOISE[1].astype(np.float32) * np.float32(0.1))


def test_render_starts_from_the_initial_state_every_time(engine: Engine) -> None:
    source = "process = 1 : + ~ _;"
    for _ in range(2):
        np.testing.assert_array_equal(engine.render(source, "a.dsp", frames=4), [[1, 2, 3, 4]])


def test_render_takes_the_sample_rate(engine: Engine) -> None:
    source = 'import("stdfaust.lib"); process = ma.SR;'
    assert engine.render(source, "a.dsp", frames=1, sample_rate=48000) == 48000


def test_render_without_inputs_runs_on_silence(engine: Engine) -> None:
    np.testing.assert_array_equal(engine.render("process = +(2);", "a.dsp", frames=3), [[2, 2, 2]])


def test_render_of_no_frames(engine: Engine) -> None:
    assert engine.render("process = _, _;", "a.dsp", frames=0).shape == (2, 0)


@pytest.mark.parametrize("shape", [(1, 3000), (2, 2999), (3000,)])
def test_render_refuses_inputs_of_another_shape(engine: Engine, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="inputs have shape"):
        engine.render("process = _, _;", "a.dsp", inputs=np.zeros(shape), frames=3000)


SOUND = """process = 0, _ : soundfile("s[url:{'s.wav'}]", 1) : !, !, +(hslider("g", 3, 0, 9, 1));"""


def test_a_sound_file_is_played_in_single_precision(engine: Engine, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "s.wav"), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes(np.array([0, 8192, -16384, 0], "<i2").tobytes())
    outputs = engine.render(
        SOUND,
        "a.dsp",
        inputs=np.array([[0.0, 1.0, 2.0]]),
        frames=3,
        include=[tmp_path],
        precision="single",
    )
    np.testing.assert_array_equal(outputs, [[3, 3.25, 2.5]])


def test_a_missing_sound_file_is_silent(engine: Engine) -> None:
    outputs = engine.render(SOUND, "a.dsp", frames=2, precision="single")
    np.testing.assert_array_equal(outputs, [[3, 3]])


def test_sound_files_in_double_precision_are_refused(engine: Engine) -> None:
    with pytest.raises(EngineRefusal, match="single precision only"):
        engine.render(SOUND, "a.dsp", frames=2)


def test_inputs_that_cannot_be_written(engine: Engine) -> None:
    samples = np.frombuffer(NOISE[:1].tobytes()).reshape(1, -1)
    outputs = engine.render("process = _;", "a.dsp", inputs=samples, frames=3000)
    np.testing.assert_array_equal(outputs, NOISE[:1])


def test_a_text_that_ends_inside_documentation_does_not_spoil_the_next_one() -> None:
    with Engine() as engine:
        with pytest.raises(EngineRefusal, match="syntax error"):
            engine.expand('<mdoc> <listing mdoctags="x"/> </mdoc>\nprocess = _;', "a.dsp")
        assert engine.expand("process = _;", "a.dsp").endswith("process = _;\n")


def test_files_are_found_in_the_folders_given(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "mine.lib").write_text("x = 5;")
    source = 'import("mine.lib"); process = x;'
    assert engine.expand(source, "a.dsp", include=[tmp_path]).endswith("process = 5;\n")
    with pytest.raises(EngineRefusal, match=r"unable to open file mine\.lib"):
        engine.expand(source, "a.dsp")


def test_the_programs_own_folder_comes_before_the_standard_libraries(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "maths.lib").write_text("PI = 3;")
    source = 'import("maths.lib"); process = PI;'
    assert engine.expand(source, "a.dsp", include=[tmp_path]).endswith("process = 3;\n")


def test_a_library_that_changes_is_read_again(engine: Engine, tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        (tmp_path / "mine.lib").write_text(f"x = {value};")
        outputs = engine.render(
            'import("mine.lib"); process = x;', "a.dsp", frames=1, include=[tmp_path]
        )
        assert outputs == value


def test_a_program_that_is_kept_starts_anew() -> None:
    with Engine(keep=True) as engine:
        for source in ("process = 1 : + ~ _;", "process = 2 : + ~ _;"):
            assert engine.compile(source, "a.dsp").outputs == 1
            first, second = (engine.render(source, "a.dsp", frames=3) for _ in range(2))
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("keep", [False, True])
def test_a_program_goes_on_where_it_was(keep: bool) -> None:
    inputs = np.random.default_rng(1).uniform(-1, 1, (1, 10))
    source = "process = + ~ *(0.9);"
    with Engine(keep=keep) as engine:
        whole = engine.render(source, "a.dsp", inputs=inputs, frames=10)
        for _ in range(2):  # it starts anew
            engine.start(source, "a.dsp", precision="double")
            first, _ = engine.advance("a.dsp", inputs[:, :4], [(1, {}), (3, {})])
            second, _ = engine.advance("a.dsp", inputs[:, 4:], [(6, {})])
            np.testing.assert_array_equal(np.hstack([first, second]), whole)


def test_what_a_program_cannot_do_while_it_goes_on(engine: Engine) -> None:
    compiled = engine.start('process = _*hslider("a", 0, 0, 1, 0.1);', "a", precision="double")
    (slider,) = compiled.description["ui"][0]["items"]
    with pytest.raises(ValueError, match="in single precision only"):
        engine.advance("a", np.zeros((1, 3)), [(3, {slider["address"]: 0.5})])
    with pytest.raises(ValueError, match="takes 1 inputs"):
        engine.advance("a", np.zeros((2, 3)), [(3, {})])


def test_a_refusal_quotes_the_compiler(engine: Engine) -> None:
    with pytest.raises(EngineRefusal, match="undefined symbol : foo") as caught:
        engine.expand("process = foo;", "a.dsp")
    assert "the Faust compiler refused a.dsp" in str(caught.value)
    assert isinstance(caught.value, EngineError)


@pytest.mark.parametrize("request_", ["expand", "compile", "json", "cpp"])
def test_every_request_refuses(engine: Engine, request_: str) -> None:
    with pytest.raises(EngineRefusal, match="must be equal to the number of inputs"):
        getattr(engine, request_)("process = _ : _, _;", "a.dsp")


def test_an_error_of_one_request_is_not_seen_in_the_next(engine: Engine) -> None:
    for name in ("first", "second"):
        with pytest.raises(EngineRefusal) as caught:
            engine.expand(f"process = {name};", "a.dsp")
        assert str(caught.value).count("ERROR") == 1
        assert name in str(caught.value)


@pytest.mark.parametrize("source", ["", "process = !;", "process = _;\0"])
def test_a_text_that_is_no_program(engine: Engine, source: str) -> None:
    with pytest.raises(EngineRefusal):
        engine.compile(source, "a.dsp")


def test_a_deep_program(engine: Engine) -> None:
    source = "process = seq(i, 10000, +(1));"
    np.testing.assert_array_equal(engine.render(source, "a.dsp", frames=1), [[10000]])


def test_a_failed_assertion_is_a_crash_without_a_stack_trace() -> None:
    with Engine() as engine:
        with pytest.raises(EngineCrash, match="unrecognized signal") as caught:
            engine.compile(ASSERTION, "a.dsp")
        assert "stack trace start" not in str(caught.value)
        assert engine.compile(GAIN, "a.dsp").outputs == 1


def test_a_worker_that_dies_is_replaced() -> None:
    with Engine() as engine:
        engine.expand(GAIN, "a.dsp")
        first = worker_process(engine).pid
        os.kill(first, signal.SIGTERM)
        time.sleep(0.1)
        engine.expand(GAIN, "a.dsp")
        assert worker_process(engine).pid != first


def test_a_worker_that_dies_during_a_request_is_a_crash() -> None:
    with Engine() as engine:
        engine.expand(GAIN, "a.dsp")
        threading.Timer(0.3, os.kill, (worker_process(engine).pid, signal.SIGTERM)).start()
        with pytest.raises(EngineCrash, match=r"crashed on endless\.dsp"):
            engine.compile(ENDLESS, "endless.dsp")
        assert engine.expand(GAIN, "a.dsp")


def test_a_request_that_takes_too_long_is_ended() -> None:
    with Engine(time_limit=0.5) as engine:
        start = time.monotonic()
        with pytest.raises(EngineTimeout, match=r"took over 0\.5 s on endless\.dsp"):
            engine.compile(ENDLESS, "endless.dsp")
        assert time.monotonic() - start < 10
        assert engine.expand(GAIN, "a.dsp")


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not bound address space")
def test_a_request_that_takes_too_much_memory_is_a_crash() -> None:
    with Engine(memory_limit=1 << 30) as engine, pytest.raises(EngineCrash):
        engine.compile(ENDLESS, "endless.dsp")


def test_close_ends_the_worker_and_a_request_starts_another() -> None:
    engine = Engine()
    engine.expand(GAIN, "a.dsp")
    process = worker_process(engine)
    engine.close()
    assert process.returncode is not None
    engine.close()
    assert engine.expand(GAIN, "a.dsp")
    engine.close()


def test_an_engine_that_is_garbage_leaves_no_process() -> None:
    engine = Engine()
    engine.expand(GAIN, "a.dsp")
    process = worker_process(engine)
    del engine
    assert process.returncode is not None


def test_threads_take_turns(engine: Engine) -> None:
    results: dict[int, bool] = {}

    def ask(number: int) -> None:
        results[number] = f"process = {number};" in engine.expand(f"process = {number};", "a.dsp")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(8), True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs ps")
def test_a_killed_parent_takes_its_worker_with_it() -> None:
    code = (
        "import os, signal\n"
        "from fad.runtime.engine import Engine\n"
        "engine = Engine()\n"
        "engine.expand('process = 1;', 'a.dsp')\n"
        "print(engine._worker._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(result.stdout)
    for _ in range(50):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE)
        if state.stdout.strip() in (b"", b"Z"):
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_leaves_its_parent_s_worker_alone() -> None:
    engine = Engine()
    engine.expand("process = 1;", "a.dsp")
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            code = int("process = 2;" not in engine.expand("process = 2;", "a.dsp"))
            engine.close()
            gc.collect()
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert engine.compile("process = 3;", "a.dsp").outputs == 1  # it needs a file
    engine.close()
