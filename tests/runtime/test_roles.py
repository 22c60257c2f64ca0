"""What bargraphs show, and what a run of a program that learns is warned of."""

from __future__ import annotations

import pytest

import fad
from fad.runtime.engine import Engine
from fad.runtime.recording import Meter
from fad.runtime.roles import roles
from tests.support.recordings import recorded


def meters(*paths: str) -> list[Meter]:
    return [Meter(path, path.rsplit("/", 1)[1], 0, 1) for path in paths]


def test_meters_of_the_target_are_no_parameters() -> None:
    with_derivatives = meters(
        *("/learning/gain/gain", "/gradients/gain", "/loss", "/target/level", "/level"),
        "/target/gain",
    )
    assert list(roles(with_derivatives).values()) == [
        *("parameters", "gradients", "loss", "meters", "meters", "meters")
    ]
    by_hand = meters("/learnt gain", "/loss", "/target/level")
    assert list(roles(by_hand).values()) == ["parameters", "loss", "meters"]


GAIN = 'process = *(hslider("gain", 0.5, 0, 1, 0.01));'


def test_a_derivative_that_is_zero_is_told(engine: Engine) -> None:
    still = recorded(engine, fad.estimate(GAIN, start={"gain": 0.5}), seconds=0.01)
    # The output of a learning program is its loss, which is 0 here.
    silent, warning = still.warnings
    assert silent.startswith("output 0 (`loss`) is silent")
    assert warning.startswith("`/gradients/gain` was 0 all the time")
    stepped = fad.estimate('process = *(hslider("gain", 0.5, 0, 1, 0.01)*10 : int);')
    assert any("/gradients/gain" in told for told in recorded(engine, stepped).warnings)


@pytest.mark.parametrize(("scale", "hidden"), [("", -2.0), ("", 2.0), (" [scale:log]", 2.0)])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_value_at_the_end_of_its_range_is_told(
    engine: Engine, scale: str, hidden: float, precision: str
) -> None:
    model = f'process = *(hslider("gain{scale}", 0.5, 0.1, 1, 0.01));'
    learning = fad.estimate(f"process = *({hidden});", model, rate=0.001)
    recording = recorded(engine, learning, seconds=0.2, precision=precision)
    (warning,) = recording.warnings
    end = "1, the highest" if hidden > 0 else "0.1, the lowest"
    assert warning.startswith(f"`/learning/gain/gain` rests at {end} value of its range")


def test_a_value_that_cannot_be_learnt_any_more_is_told(engine: Engine) -> None:
    """A filter that is unstable where it starts: its state stays infinite, whatever the pole."""
    pole = 'process = + ~ *(hslider("pole", 0.5, -2, 2, 0.01));'
    warnings = recorded(engine, fad.estimate(pole, start={"pole": 1.9}), seconds=0.2).warnings
    (told,) = [warning for warning in warnings if "learnt no more" in warning]
    assert told.startswith("`/learning/pole/pole` is learnt no more, and stays at 1.8")
    stable = recorded(engine, fad.estimate(pole, start={"pole": 0.9}), seconds=0.2).warnings
    assert not [warning for warning in stable if "learnt no more" in warning]


def test_what_is_learnt_is_no_reason_to_warn(engine: Engine) -> None:
    """Neither is a target that is at the end of its own range."""
    for at in ({"/target/gain": 0.25}, {"/target/gain": 1.0}):
        recording = recorded(engine, fad.estimate(GAIN, rate=0.001), seconds=0.2, at=at)
        assert recording.warnings == ()
