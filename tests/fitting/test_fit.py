"""Fits: hidden parameters are found again, and what cannot be found is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad import losses
from fad.base.errors import FadError
from fad.fitting.loss_names import loss_of, roots
from fad.fitting.problem import Problem, part_of
from fad.fitting.targets import Target
from fad.fitting.variables import variable
from fad.reporting.wording import end_of_range, spread_of
from tests.support.native import needs_compiler

pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::fad.DerivativeWarning"),
]

RATE, FRAMES = 8000, 1024
FILTER = """
pole = hslider("pole", 0.3, 0, 0.99, 0.001);
gain = hslider("gain [scale:log]", 1, 0.1, 10, 0.001);
process = *(gain * (1 - pole)) : + ~ *(pole);
"""
TONE = """
freq = hslider("freq [scale:log]", 400, 100, 1600, 0.1);
level = hslider("level", 0.5, 0, 1, 0.01);
kind = nentry("kind", 0, 0, 2, 1);
gate = button("gate");
phase = freq / 8000 : (+ : \\(x).(x - floor(x))) ~ _;
sine = sin(6.283185307 * phase);
process = select3(int(kind), sine, sine ^ 3, max(sine, 0)) * level * gate;
"""
NOISE = np.random.default_rng(5).normal(size=(1, FRAMES)) * 0.2


def played(program: str, values: Mapping[str, float], sound: Any = None) -> Any:
    """What a program makes."""
    model = fad.load(program, rate=RATE)
    return model(sound, values, frames=None if sound is not None else FRAMES).astype(float)


def dry(values: Mapping[str, float], name: str = "target") -> Target:
    """What the filter makes of noise."""
    return Target(played(FILTER, values, NOISE), NOISE, name=name)


def tone(values: Mapping[str, float]) -> Target:
    """A tone whose gate is open."""
    return Target(played(TONE, {**values, "gate": 1}), at={"gate": 1})


def fit(program: str | Path, target: Any, **options: Any) -> fad.FitResult:
    return fad.fit(program, target, rate=RATE, **{"starts": 16, **options})


def test_hidden_values_are_found() -> None:
    hidden = {"pole": 0.83, "gain": 3.1}
    target = dry(hidden)
    found = fit(FILTER, target)
    assert found.success and found.ending == "reached"
    for name, value in hidden.items():
        assert found.parameters[f"/{name}"] == pytest.approx(value, rel=1e-3)
    assert found.x == pytest.approx([0.83, 3.1], rel=1e-3)
    level = float(np.sqrt(np.mean(np.square(target.sound))))
    assert loss_of(found.loss_name, RATE) == roots((1024, 512, 128), float(f"{0.1 * level:.2g}"))
    phases = {moment.phase for each in found.attempts for moment in each.history}
    assert f"roots(1024, floor={level:.2g})" in phases
    assert (found.fun, found.nfev) == (found.loss, found.evaluations)
    assert found.loss < 1e-4 * found.start_loss


def test_what_is_told_is_about_the_written_program(tmp_path: Path) -> None:
    """The loss is that of the program that is written, which differs in its numbers only."""
    target = dry({"pole": 0.6, "gain": 0.4})
    program = tmp_path / "filter.dsp"
    program.write_text(FILTER)
    found = fit(program, target, loss="mss(512, 128, sqrt=1, linear=0, log=0, squared=1)")
    assert found.program == "filter.dsp"  # and not where it is
    lines = zip(FILTER.splitlines(), found.source.splitlines(), strict=True)
    assert [old != new for old, new in lines] == [False, True, True, False]
    sound = played(found.source, {}, NOISE).astype(np.float32)
    loss = losses.mss((512, 128), linear=0, log=0, sqrt=1, squared=True)
    assert found.loss == pytest.approx(float(loss(sound, target.sound.astype(np.float32))))
    assert np.array_equal(found.matches[0].sound, sound)


def test_a_frequency_and_a_choice_are_found() -> None:
    """The frequency is far away, and the choice has no derivative."""
    found = fit(TONE, tone({"freq": 1234.5, "level": 0.8, "kind": 2}), starts=32)
    assert "transport" in found.reason and "freq" in found.reason
    assert found.parameters["/kind"] == 2
    assert found.parameters["/freq"] == pytest.approx(1234.5, rel=1e-4)
    assert found.parameters["/level"] == pytest.approx(0.8, rel=1e-3)


def test_the_same_seed_gives_the_same_result() -> None:
    target = dry({"pole": 0.5, "gain": 2})
    first, second = (fit(FILTER, target, seed=3, threads=count) for count in (1, 2))
    assert first.parameters == second.parameters
    assert first.source == second.source
    assert first.attempts == second.attempts


def test_several_recordings_with_values_of_their_own() -> None:
    """They share the pole, and each has a gain."""
    targets = [dry({"pole": 0.7, "gain": gain}, f"at {gain}") for gain in (0.5, 4.0)]
    found = fit(FILTER, targets, separate=["gain"])
    assert found.parameters == {"/pole": pytest.approx(0.7, rel=1e-3)}
    gains = [match.values["/gain"] for match in found.matches]
    assert gains == pytest.approx([0.5, 4.0], rel=1e-3)


def test_what_is_frozen_stays_and_is_written() -> None:
    found = fit(FILTER, dry({"pole": 0.5, "gain": 2}), freeze={"gain": 2})
    assert list(found.parameters) == ["/pole"]
    assert found.parameters["/pole"] == pytest.approx(0.5, rel=1e-3)
    assert 'hslider("gain [scale:log]", 2, 0.1' in found.source


def test_bounds_are_kept() -> None:
    found = fit(FILTER, dry({"pole": 0.5, "gain": 2}), bounds={"pole": (0.6, 0.9)})
    assert found.parameters["/pole"] == pytest.approx(0.6)
    assert found.ending == "converged"


@pytest.mark.parametrize("scale", ["log", "exp"])
def test_errors_and_ends_are_those_of_the_range_that_is_searched(scale: str) -> None:
    """How well the recording tells a value has nothing to do with where it is looked for."""
    program = FILTER.replace("[scale:log]", f"[scale:{scale}]")
    noisy = dry({"pole": 0.6, "gain": 2.5})
    noisy = replace(noisy, sound=noisy.sound + np.roll(NOISE, 77) * 0.01)
    told = []
    for bounds in ({}, {"gain": (2.0, 3.0)}, {"gain": (0.5, 2.0)}):
        found = fit(program, noisy, bounds=bounds, freeze={"pole": 0.6}, starts=2)
        (gain,), at = found.variables, found.parameters["/gain"]
        assert found.sensitivity is not None
        (error,) = found.sensitivity.errors
        told.append((spread_of(gain, at, error), end_of_range(gain, at)))
    (whole, nowhere), (part, inside), (_, end) = told
    assert part == pytest.approx(whole, rel=0.02)
    assert [nowhere, inside, end] == ["", "", "at the high end of its range"]


@pytest.mark.parametrize("method", ["levenberg-marquardt", "l-bfgs-b", "cma-es", "nelder-mead"])
def test_each_method_alone(method: Any) -> None:
    found = fit(FILTER, dry({"pole": 0.4, "gain": 1.7}), method=method, starts=4)
    assert found.x == pytest.approx([0.4, 1.7], rel=1e-2)


def test_losses_with_absolute_differences() -> None:
    """They are no sums of squares, so they are descended by gradients."""
    target = dry({"pole": 0.4, "gain": 1.7})
    found = fit(FILTER, target, loss=losses.l1(), starts=4, tolerance=1e-3)
    assert found.x == pytest.approx([0.4, 1.7], rel=1e-2)
    assert found.sensitivity is None
    with pytest.raises(FadError, match="sum of squares"):
        fit(FILTER, target, loss="l1", method="levenberg-marquardt")


def test_the_best_so_far() -> None:
    target = dry({"pole": 0.4, "gain": 1.7})
    found = fit(FILTER, target, max_evaluations=40, tolerance=0)
    assert found.ending == "limit" and not found.success
    assert found.loss < found.start_loss
    told = []

    def stop(progress: Any) -> None:
        told.append(progress.evaluations)
        if len(told) == 3:
            raise StopIteration

    found = fit(FILTER, target, callback=stop, tolerance=0)
    assert found.ending == "stopped" and len(told) == 3
    assert np.isfinite(found.loss)


def test_what_a_recording_says_about_parameters() -> None:
    """Two gains in a row count only together; a slider that nothing hears says nothing."""
    program = """
    a = hslider("a", 0.5, 0.1, 1, 0.01);
    b = hslider("b", 0.5, 0.1, 1, 0.01);
    pole = hslider("pole", 0.3, 0, 0.99, 0.001);
    idle = hslider("idle", 0, 0, 1, 0.1) * (pole > 2);
    process = *(a * b) : + ~ *(pole) : *(1 + idle + 0 * hslider("unused", 0, 0, 1, 0.1));
    """
    target = Target(played(program, {"a": 0.4, "b": 0.8, "pole": 0.6}, NOISE), NOISE)
    found = fit(program, target)
    told = found.sensitivity
    assert told is not None
    rows = {path: row for row, path in enumerate(told.paths)}
    a, b, pole, idle = (rows[f"/{name}"] for name in ("a", "b", "pole", "idle"))
    assert told.correlations[a, b] == pytest.approx(-1, abs=1e-6)
    assert abs(told.correlations[a, pole]) < 0.99
    assert told.sizes[idle] == 0 and told.errors[idle] == np.inf
    assert told.errors[a] > 100 * told.errors[pole]
    assert any("`/unused`, `/idle` made no difference" in each for each in found.warnings)
    assert found.parameters["/idle"] == 0


def test_derivatives_are_difference_quotients() -> None:
    """In coordinates, for both modes and the normal equations."""
    model = fad.load(FILTER, rate=RATE, precision="double")
    variables = [variable(each) for each in model.variables]
    target = dry({"pole": 0.5, "gain": 2})
    problem = Problem(model, variables, [part_of(model, target, [0, 1])], 2)
    from fad.fitting.objective import objective

    loss = objective(problem, losses.l2(), "l2")
    point = np.array([0.3, 0.6])
    step = 1e-6
    wanted = [
        (loss.value(point + step * axis) - loss.value(point - step * axis)) / (2 * step)
        for axis in np.eye(2)
    ]
    value, gradient = loss.value_and_gradient(point)
    normal = loss.normal(point)
    assert value == pytest.approx(normal.loss) == pytest.approx(loss.value(point))
    assert gradient == pytest.approx(wanted, rel=1e-6)
    assert 2 * normal.slope == pytest.approx(wanted, rel=1e-6)
    assert loss.values(point[None]) == pytest.approx([value])


@pytest.mark.parametrize(
    "program, target, options, message",
    [
        (TONE, Target(NOISE), {}, "(?s)the program is silent.*gate"),
        (FILTER, Target(NOISE), {}, "no input"),
        (FILTER, Target(np.zeros((2, 9)), NOISE), {}, "2 channels"),
        (FILTER, Target(0 * NOISE, NOISE), {}, "the recording is silent"),
        (FILTER, Target(np.nan * NOISE, NOISE), {}, "not finite|not a number"),
        (FILTER, Target(NOISE, NOISE), {"wrt": ["poll"]}, "poll"),
        (FILTER, Target(NOISE, NOISE), {"freeze": {"gain": 1, "pole": 0}}, "no slider to fit"),
        (FILTER, Target(NOISE, NOISE), {"bounds": {"pole": (0.5, 2)}}, "cannot be searched"),
        (FILTER, Target(NOISE, NOISE), {"loss": "mms"}, "no loss `mms`"),
        (FILTER, Target(NOISE, NOISE), {"method": "newton"}, "no method `newton`"),
        (FILTER, Target(NOISE, NOISE), {"starts": 0}, "starts"),
        (FILTER, Target(NOISE, NOISE), {"tolerance": -1}, "tolerance"),
        (FILTER, [], {}, "no recording"),
    ],
)
def test_what_cannot_be_fitted(
    program: str, target: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(FadError, match=message):
        fit(program, target, **options)


def test_starts_that_lead_to_no_numbers_are_dropped() -> None:
    program = """
    pole = hslider("pole", 0.3, 0, 0.99, 0.001);
    process = *(0.5) : + ~ *(pole * 1000 ^ (pole > 0.8));
    """
    sound = played(program, {"pole": 0.6}, NOISE) + 1e-3 * NOISE[:, ::-1]
    found = fit(program, Target(sound, NOISE))
    assert found.parameters["/pole"] == pytest.approx(0.6, rel=1e-2)
    assert any("infinite or not a number" in each for each in found.warnings)
