"""What models compute: outputs, batches, live signals."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import fad
from fad.model.loading import load
from fad.model.model import Model
from fad.runtime.engine import Engine
from tests.model.programs import BLOCK, FILTER, RATE, SYNTH, model
from tests.support.native import needs_compiler

FRAMES = 100
BLOCKS = 7
COURSE = np.linspace(0.1, 0.7, BLOCKS)
GATE = np.array([0, 0, 1, 1, 0, 1, 1])

backends = pytest.mark.parametrize(
    "native",
    [pytest.param(True, marks=needs_compiler, id="native"), pytest.param(False, id="slow")],
)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (1, FRAMES))


@backends
def test_it_computes_what_the_program_does(native: bool, x: np.ndarray, engine: Engine) -> None:
    text = FILTER.replace('"cutoff[scale:log][unit:Hz]", 0.2', '"cutoff", 0.3')
    wanted = engine.render(text, "filter", inputs=x, frames=FRAMES, sample_rate=RATE)
    assert np.array_equal(model(FILTER, native=native)(x, cutoff=0.3), wanted)


@needs_compiler
def test_values_change_from_block_to_block(x: np.ndarray, engine: Engine) -> None:
    """As in a run where the sliders are moved at these times."""
    found = model(FILTER)(x, cutoff=COURSE, gate=GATE)
    changes = {
        number * BLOCK / RATE: {"cutoff": COURSE[number], "gate": GATE[number]}
        for number in range(BLOCKS)
    }
    ran = fad.run(
        FILTER, seconds=FRAMES / RATE, rate=RATE, changes=changes, inputs=x, engine=engine
    )
    assert np.array_equal(found, ran.outputs)


@backends
def test_a_live_signal_is_the_same_in_pieces(native: bool, x: np.ndarray) -> None:
    filter_ = model(FILTER, native=native)
    whole = filter_(x, cutoff=COURSE, gate=GATE)
    state, pieces = filter_.initial_state(), []
    for number in range(BLOCKS):
        piece = x[:, number * BLOCK : (number + 1) * BLOCK]
        y, state = filter_.stream(piece, state, cutoff=COURSE[number], gate=GATE[number])
        pieces.append(y)
    assert np.array_equal(np.concatenate(pieces, axis=1), whole)


@backends
def test_a_state_stays_as_it_is(native: bool, x: np.ndarray) -> None:
    filter_ = model(FILTER, native=native)
    _, state = filter_.stream(x, filter_.initial_state(), gate=1)
    once, _ = filter_.stream(x, state)
    again, _ = filter_.stream(x, state)
    assert np.array_equal(once, again)
    # What is left out is where it starts, also after it was moved: the gate is open no more.
    still, _ = filter_.stream(x, state, gate=0)
    assert np.array_equal(once, still)


@backends
def test_a_batch_is_its_items(native: bool) -> None:
    filter_ = model(FILTER, native=native)
    random = np.random.default_rng(2)
    x = random.uniform(-1, 1, (3, 1, FRAMES))
    drive = random.uniform(0.5, 2, 3)
    cutoff = random.uniform(0.1, 0.7, (3, BLOCKS))
    y = filter_(x, drive=drive, cutoff=cutoff, gate=1)
    for item in range(3):
        alone = filter_(x[item], drive=drive[item], cutoff=cutoff[item], gate=1)
        assert np.array_equal(y[item], alone)
    # One signal at several values, and several signals at one course of values.
    many = filter_(x[0], drive=drive[:, None])
    assert np.array_equal(many[2], filter_(x[0], drive=drive[2]))
    one = filter_(x, cutoff=COURSE[None])
    assert np.array_equal(one[1], filter_(x[1], cutoff=COURSE))
    states = filter_.initial_state(3)
    first, states = filter_.stream(x[..., :50], states, drive=drive)
    second, _ = filter_.stream(x[..., 50:], states, drive=drive)
    assert np.array_equal(np.concatenate([first, second], axis=-1), filter_(x, drive=drive))


@needs_compiler
def test_results_do_not_depend_on_threads() -> None:
    x = np.random.default_rng(3).uniform(-1, 1, (5, 1, FRAMES))
    results = []
    for threads in (1, 4):
        found = model(FILTER, wrt=("cutoff", "input"), threads=threads)
        y, pullback = found.vjp(x, cutoff=COURSE[None])
        results.append([y, *pullback(np.cos(y)).values()])
    for some, others in zip(*results, strict=True):
        assert np.array_equal(some, others)


@needs_compiler
def test_threads_may_share_a_model(x: np.ndarray) -> None:
    filter_ = model(FILTER)
    wanted = [filter_(x, drive=drive) for drive in (1.0, 2.0, 3.0)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda n: filter_(x, drive=1.0 + n % 3), range(60)))
    assert all(np.array_equal(y, wanted[n % 3]) for n, y in enumerate(found))


@backends
def test_a_program_without_inputs(native: bool) -> None:
    synth = model(SYNTH, native=native)
    y = synth(frames=FRAMES, freq=441.0)
    assert y.shape == (1, FRAMES)
    # `freq` is the label of two sliders, which move together.
    assert np.array_equal(y, synth(None, {"/a/freq": 441.0, "/b/freq": 441.0}, frames=FRAMES))
    many = synth(frames=FRAMES, batch=2, freq=np.array([441.0, 300.0]))
    assert many.shape == (2, 1, FRAMES)
    assert np.array_equal(many[0], y)


@backends
def test_constants_are_no_parameters(native: bool, x: np.ndarray) -> None:
    fixed = model.__wrapped__(FILTER, native=native, constant={"drive": 2, "gate": 1})
    assert [each.label for each in fixed.parameters] == ["cutoff", "nothing"]
    wanted = model(FILTER, native=native)(x, drive=2, gate=1)
    np.testing.assert_allclose(fixed(x), wanted, rtol=1e-12)
    with pytest.raises(fad.FadError, match="no widget is called `drive`"):
        fixed(x, drive=1)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_models_travel(duplicate: object, x: np.ndarray, tmp_path: object) -> None:
    filter_ = model(FILTER, native=False)
    other: Model = duplicate(filter_)  # type: ignore[operator]
    assert np.array_equal(other(x, cutoff=COURSE), filter_(x, cutoff=COURSE))


def test_a_model_travels_without_its_files(tmp_path, x: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "half.lib").write_text("half = *(0.5);")
    main = tmp_path / "main.dsp"
    main.write_text('import("parts/half.lib"); process = half;')
    packed = pickle.dumps(load(main, backend="interpreter", precision="double"))
    (tmp_path / "parts" / "half.lib").unlink()
    main.unlink()
    assert np.array_equal(pickle.loads(packed)(x), x / 2)


def test_arrays_of_any_layout(x: np.ndarray) -> None:
    filter_ = model(FILTER, native=False)
    wanted = filter_(x)
    assert np.array_equal(filter_(x.astype(">f8")), wanted)
    assert np.array_equal(filter_(np.repeat(x, 2, axis=1)[:, ::2]), wanted)
    assert np.array_equal(filter_(x.tolist()), wanted)


def test_coordinates() -> None:
    filter_ = model(FILTER, native=False)
    assert filter_.normalised({"cutoff": 0.2})["cutoff"] == pytest.approx(0.5)  # sqrt(.05*.8)
    assert filter_.normalised({"drive": 4})["drive"] == 1
    places = np.array([0.0, 0.25, 1.0])
    values = filter_.denormalised({"cutoff": places})["cutoff"]
    np.testing.assert_allclose(values, 0.05 * 16**places)
    step = 1e-6
    quotient = (
        filter_.denormalised({"cutoff": places + step})["cutoff"]
        - filter_.denormalised({"cutoff": places - step})["cutoff"]
    ) / (2 * step)
    np.testing.assert_allclose(filter_.slopes({"cutoff": places})["cutoff"], quotient, rtol=1e-8)


def player(folder: Path) -> tuple[Path, np.ndarray]:
    """A program that plays a sound file, and what is in it."""
    sound = np.random.default_rng(2).uniform(-1, 1, (1, 30)).astype(np.float32)
    soundfile.write(folder / "s.flac", sound[0], RATE, "PCM_24")
    heard, _ = soundfile.read(folder / "s.flac", dtype="float64")
    program = folder / "play.dsp"
    program.write_text(
        "process = 0, (+(1) ~ _) - 1 : soundfile(\"s [url:{'s.flac'}]\", 1) : !, !, "
        '*(hslider("gain", 0.5, 0, 1, 0.01));'
    )
    return program, heard


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("backend", "precision", "error"),
    [
        pytest.param("native", "double", 1e-14, marks=needs_compiler),
        pytest.param("native", "single", 1e-7, marks=needs_compiler),
        ("interpreter", "single", 1e-7),
    ],
)
def test_sound_files(tmp_path: Path, backend: Any, precision: Any, error: float, mode: Any) -> None:
    """The derivative by a gain is the sound itself."""
    program, heard = player(tmp_path)
    found = load(program, rate=RATE, backend=backend, precision=precision, mode=mode, block=16)
    y, jacobian = found.jacobian(frames=30, gain=0.25)
    np.testing.assert_allclose(y[0], 0.25 * heard, rtol=0, atol=error)
    np.testing.assert_allclose(jacobian["gain"][0], heard, rtol=0, atol=error)
    y, tangent = found.jvp(None, {"gain": 0.25}, {"gain": 2}, frames=30)
    np.testing.assert_allclose(tangent[0], 2 * heard, rtol=0, atol=2 * error)
    weights = np.arange(60.0).reshape(2, 1, 30)
    _, pullback = found.vjp(frames=30, batch=2, gain=[0.25, 0.75])
    np.testing.assert_allclose(pullback(weights)["gain"], weights[:, 0] @ heard, rtol=1e3 * error)
    if mode == "reverse":
        _, pullback = found.vjp(frames=30, gain=[0.25, 0.75])
        wanted = heard[:16].sum(), heard[16:].sum()
        np.testing.assert_allclose(pullback(np.ones((1, 30)))["gain"], wanted, rtol=1e3 * error)
    first, state = found.stream(None, found.initial_state(), frames=7)
    second, _ = found.stream(None, state, frames=23)
    assert np.array_equal(np.concatenate([first, second], axis=1), found(frames=30))


@backends
def test_sound_files_travel(tmp_path: Path, native: bool) -> None:
    """They are read once: what becomes of the files then does not matter."""
    program, heard = player(tmp_path)
    found = load(program, rate=RATE, backend="native" if native else "interpreter")
    (tmp_path / "s.flac").unlink()
    program.unlink()
    for each in (found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        y, jacobian = each.jacobian(frames=30, gain=0.25)
        np.testing.assert_allclose(y[0], 0.25 * heard, rtol=0, atol=1e-7)
        np.testing.assert_allclose(jacobian["gain"][0], heard, rtol=0, atol=1e-7)


def test_sound_files_that_cannot_be_played(tmp_path: Path) -> None:
    program, _ = player(tmp_path)
    with pytest.raises(fad.FadError, match="in single precision only"):
        load(program, precision="double", backend="interpreter")
    (tmp_path / "s.flac").write_bytes(b"fLaC, or not")
    with pytest.raises(fad.FadError, match=r"cannot read `.*s\.flac`: it is no sound file"):
        load(program, backend="interpreter")
    (tmp_path / "s.flac").unlink()
    with pytest.raises(fad.FadError, match=r"there is no sound file `s\.flac`"):
        load(program, backend="interpreter")
