"""Losses and their derivatives in numpy, against their definitions."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fad
from docs.packages import floor_of, modules, names_imported
from fad.losses import Loss, bound, dc, envelope, esr, l1, l2, mel, mss, transport
from tests.losses.cases import LOSSES, SQUARED, sounds
from tests.losses.definitions import Definition

each_loss = pytest.mark.parametrize(("loss", "definition"), LOSSES.values(), ids=LOSSES)
each_squared = pytest.mark.parametrize("loss", [LOSSES[name][0] for name in SQUARED], ids=SQUARED)


def exact_gradient(
    definition: Definition, estimate: NDArray[Any], target: NDArray[Any]
) -> NDArray[Any]:
    """The derivative by each sample, by a step into the imaginary direction."""
    gradient = np.empty(estimate.shape)
    for place in np.ndindex(estimate.shape):
        moved = estimate.astype(complex)
        moved[place] += 1e-30j
        gradient[place] = definition(moved, target).imag / 1e-30
    return gradient


# -- What they are ------------------------------------------------------------------------------


@each_loss
def test_values_and_gradients_are_those_of_the_definition(
    loss: Loss, definition: Definition
) -> None:
    estimate, target = sounds()
    value, gradient = loss.value_and_gradient(estimate, target)
    assert value == pytest.approx(definition(estimate, target), rel=1e-12)
    assert loss(estimate, target) == value
    expected = exact_gradient(definition, estimate, target)
    assert np.abs(gradient - expected).max() < 1e-11 * np.abs(expected).max()


@each_loss
def test_items_of_a_batch_do_not_know_of_each_other(loss: Loss, definition: Definition) -> None:
    estimate, target = sounds(3, 2, 20)
    values, gradients = loss.value_and_gradient(estimate, target, batched=True)
    for item in range(3):
        value, gradient = loss.value_and_gradient(estimate[item], target[item])
        assert values[item] == pytest.approx(value, rel=1e-12)
        assert gradients[item] == pytest.approx(gradient, rel=1e-9, abs=1e-14)
    mean, gradient = loss.value_and_gradient(estimate, target)
    assert mean == pytest.approx(np.mean(values))
    assert gradient == pytest.approx(gradients / 3, rel=1e-9, abs=1e-14)
    assert loss(estimate, target, batched=True) == pytest.approx(values)


@pytest.mark.parametrize("shape", [(2, 20), (3, 2, 20)], ids=["one target", "three targets"])
def test_several_estimates_of_a_target(shape: tuple[int, ...]) -> None:
    estimates, _ = sounds(4, *shape)
    _, target = sounds(*shape, seed=1)
    for loss, _ in LOSSES.values():
        values, gradients = loss.to(target).value_and_gradient(estimates, batched=True)
        for number, estimate in enumerate(estimates):
            value, gradient = loss.value_and_gradient(estimate, target, batched=True)
            assert values[number] == pytest.approx(value, rel=1e-12)
            assert gradients[number] == pytest.approx(gradient, rel=1e-9, abs=1e-14)


@each_squared
def test_residuals_are_a_root_of_the_loss(loss: Loss) -> None:
    estimate, target = sounds(2, 2, 20)
    value, gradient = loss.value_and_gradient(estimate, target)
    residuals = loss.residuals(estimate, target)
    assert np.sum(residuals**2) == pytest.approx(value, rel=1e-12)
    # All directions: then the product is the Jacobian.
    lanes = np.eye(estimate.size).reshape(estimate.size, *estimate.shape)
    again, jacobian = loss.residuals_and_jacobian_product(estimate, target, lanes)
    assert np.array_equal(again, residuals)
    assert jacobian.shape == (residuals.size, estimate.size)
    expected = gradient.reshape(-1)
    assert 2 * jacobian.T @ residuals == pytest.approx(expected, rel=1e-9, abs=1e-13)
    # That much holds for other residuals with the same sum; so each is moved, too.
    step = 1e-6 * np.random.default_rng(2).uniform(-1, 1, estimate.shape)
    moved = loss.residuals(estimate + step, target) - loss.residuals(estimate - step, target)
    along = jacobian @ step.reshape(-1)
    assert np.abs(moved / 2 - along).max() < 1e-6 * np.abs(along).max()


@pytest.mark.parametrize("name", LOSSES)
def test_numpy_computes_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is one piece in all tests above is then many, of one window and of a few."""
    loss, _ = LOSSES[name]
    estimate, target = sounds(2, 1, 37)
    lanes = sounds(3, 2, 1, 37)[0]
    value, gradient = loss.value_and_gradient(estimate, target)
    for together in (1, 100):
        monkeypatch.setattr(bound, "_TOGETHER", together)
        again = loss.value_and_gradient(estimate, target)
        assert again[0] == pytest.approx(value, rel=1e-12)
        assert again[1] == pytest.approx(gradient, rel=1e-9, abs=1e-14)
        if name in SQUARED:
            rows, columns = loss.residuals_and_jacobian_product(estimate, target, lanes)
            assert np.sum(rows**2) == pytest.approx(value, rel=1e-12)
            along = [np.sum(lane * gradient) for lane in lanes]
            assert 2 * columns.T @ rows == pytest.approx(along, rel=1e-9, abs=1e-14)


@each_loss
def test_single_precision(loss: Loss, definition: Definition) -> None:
    estimate, target = (sound.astype(np.float32) for sound in sounds())
    value, gradient = loss.value_and_gradient(estimate, target)
    assert value.dtype == gradient.dtype == np.float32
    wide = loss.value_and_gradient(estimate.astype(np.float64), target.astype(np.float64))
    assert value == pytest.approx(wide[0], rel=1e-6)
    assert np.abs(gradient - wide[1]).max() < 1e-6 * np.abs(wide[1]).max()


# -- Silence, and other laws ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_loss
def test_silence(loss: Loss, definition: Definition, dtype: type[Any]) -> None:
    sound = sounds()[0].astype(dtype)
    silence = np.zeros_like(sound)
    for estimate, target in ((silence, silence), (sound, silence), (silence, sound)):
        value, gradient = loss.value_and_gradient(estimate, target)
        assert np.isfinite(value) and np.isfinite(gradient).all()
        assert (value > 0) == (estimate is not target)


@each_loss
def test_nothing_is_better_than_the_target(loss: Loss, definition: Definition) -> None:
    sound, _ = sounds()
    value, gradient = loss.value_and_gradient(sound, sound)
    assert value == 0 and not gradient.any()


@pytest.mark.parametrize("loss", [esr(), dc(), esr().pre_emphasised(), esr().a_weighted(48000)])
def test_ratios_do_not_know_the_gain(loss: Loss) -> None:
    estimate, target = sounds()
    assert loss(100 * estimate, 100 * target) == pytest.approx(loss(estimate, target), rel=1e-12)
    assert loss(np.zeros_like(target), target) <= 1 + 1e-12


def test_the_error_of_silence_is_the_signal() -> None:
    _, target = sounds()
    assert esr()(np.zeros_like(target), target) == pytest.approx(1)
    offset = np.full((1, 10), 0.5)
    assert dc()(2 * offset, offset) == pytest.approx(1)


def test_an_envelope_is_in_decibels() -> None:
    """Away from the edges of a steady sound, half the amplitude is 6.02 dB less."""
    times = np.arange(48000) / 48000
    sine = np.sin(2 * np.pi * 1000 * times)[None]
    assert envelope()(0.5 * sine, sine) == pytest.approx(20 * np.log10(2), rel=1e-3)


def test_transport_leads_to_a_frequency_from_five_octaves() -> None:
    """The other losses, here one for all, lead there from a few percent of them."""
    frequencies = 55 * 2 ** np.linspace(0, 5, 241)
    times = np.arange(4096) / 44100
    sines = 0.5 * np.sin(2 * np.pi * frequencies[:, None, None] * times)
    for best in (20, 120, 200):
        values = transport().to(sines[best])(sines, batched=True)
        assert (np.diff(values[: best + 1]) < 0).all() and (np.diff(values[best:]) > 0).all()
        # Far from the target, it is the interval, but for the width of a spectral line.
        octaves = np.abs(np.log2(frequencies / frequencies[best]))
        far = octaves > 1
        assert np.abs(values - octaves)[far].max() < 0.5
    others = mss((512,)).to(sines[best])(sines, batched=True)
    assert (np.diff(others[:best]) > 0).sum() > 20


def test_a_weighting_is_that_of_the_standard() -> None:
    """IEC 61672-1, table 3, in dB; the error of the formula is below 0.05 dB."""
    rate, levels = 48000, {100: -19.1, 1000: 0.0, 3150: 1.2, 10000: -2.5}
    times = np.arange(rate // 2) / rate
    silence = np.zeros((1, len(times)))
    for frequency, level in levels.items():
        sine = np.sin(2 * np.pi * frequency * times)[None]
        ratio = l2().a_weighted(rate)(sine, silence) / l2()(sine, silence)
        assert 10 * np.log10(ratio) == pytest.approx(level, abs=0.06)


def test_a_sum_computes_each_spectrum_once(monkeypatch: pytest.MonkeyPatch) -> None:
    transforms = []
    transform = np.fft.rfft

    def counted(*arguments: Any, **options: Any) -> Any:
        transforms.append(arguments)
        return transform(*arguments, **options)

    monkeypatch.setattr(np.fft, "rfft", counted)
    estimate, target = sounds()
    loss = (mss((16, 8), sqrt=1) + mel(8000, 4, (16,))).to(target)
    assert len(transforms) == 2
    loss.value_and_gradient(estimate)
    assert len(transforms) == 4


def test_only_their_users_import_pytorch_and_jax() -> None:
    found = {
        name.partition(".")[0]
        for module, path in modules().items()
        if floor_of(module) == "losses"
        for name in names_imported(module, path)
    }
    assert "numpy" in found and not found & {"jax", "torch"}


def test_losses_are_values() -> None:
    assert 2 * mss() + esr() == mss() * 2 + esr()
    twos: list[Any] = [2.0, np.float32(2), np.float64(2), np.int64(2)]
    assert {two * mss() for two in twos} | {mss() * two for two in twos} == {2 * mss()}
    assert len({mss(), mss(), l1()}) == 2


def test_losses_can_be_sent_to_other_processes() -> None:
    estimate, target = sounds()
    loss = mss((16,)) + esr()
    bound = loss.to(target)
    assert pickle.loads(pickle.dumps(loss)) == loss
    assert pickle.loads(pickle.dumps(bound))(estimate) == deepcopy(bound)(estimate)
    assert deepcopy(bound)(estimate) == loss(estimate, target)


def test_a_bound_loss_does_not_see_what_becomes_of_the_target() -> None:
    estimate, target = sounds()
    for loss, _ in LOSSES.values():
        bound = loss.to(buffer := target.copy())
        buffer[:] = 0
        assert bound(estimate) == loss(estimate, target)


def test_memory_of_any_layout() -> None:
    estimate, target = sounds()
    expected = mss((16,)).value_and_gradient(estimate, target)
    for other in (np.asfortranarray(estimate), estimate.astype(">f8"), estimate.tolist()):
        value, gradient = mss((16,)).value_and_gradient(other, target)
        assert value == expected[0] and np.array_equal(gradient, expected[1])
    for given in (estimate, target):
        given.setflags(write=False)
    assert l1().value_and_gradient(estimate, target)[1].flags.writeable


# -- What they refuse ----------------------------------------------------------------------------

GOOD = np.ones((1, 8))


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (np.ones((2, 8)), "the estimate has the shape (2, 8), the target (1, 8)"),
        (np.ones((1, 9)), "the estimate has the shape (1, 9), the target (1, 8)"),
        (np.ones(8), "the estimate has the shape (8,), not (..., channels, frames)"),
        (np.ones((1, 0)), "the estimate has no samples: its shape is (1, 0)"),
        (np.ones((0, 1, 8)), "the estimate has no samples: its shape is (0, 1, 8)"),
        (np.ones((1, 8), int), "the estimate is an array of int64"),
        (np.ones((1, 8), np.float16), "the estimate is an array of float16"),
        (np.ones((1, 8), complex), "the estimate is an array of complex128"),
        (None, "the estimate is an array of object"),
        ("noise", "the estimate is an array of str"),
        ([[1.0], [1.0, 2.0]], "the estimate is not an array"),
        (np.ma.masked_array(np.ones((1, 8)), mask=True), "the estimate has a mask"),
        (np.array([[1.0] * 7 + [np.nan]]), "the estimate is infinite or not a number somewhere"),
        (np.array([[1.0] * 7 + [np.inf]]), "the estimate is infinite or not a number somewhere"),
    ],
)
def test_bad_sounds(estimate: Any, message: str) -> None:
    loss = l2()
    for method in (loss, loss.value_and_gradient, loss.residuals):
        with pytest.raises(fad.FadError) as caught:
            method(estimate, GOOD)
        assert caught.value.message.startswith(message)


def test_bad_targets() -> None:
    for target, message in (
        (np.ones(8), "the target has the shape (8,)"),
        (np.ones((1, 8), int), "the target is an array of int64"),
        (GOOD * np.nan, "the target is infinite"),
    ):
        with pytest.raises(fad.FadError, match=r"^error: ") as caught:
            esr().to(target)
        assert caught.value.message.startswith(message)


def test_bad_lanes() -> None:
    for lanes, message in (
        (np.ones((3, 1, 9)), "the lanes have the shape (3, 1, 9), not (lanes, 1, 8)"),
        (np.ones((1, 8)), "the lanes have the shape (1, 8), not (lanes, 1, 8)"),
        (np.ones((3, 1, 8), int), "the array of lanes is an array of int64"),
    ):
        with pytest.raises(fad.FadError) as caught:
            l2().residuals_and_jacobian_product(GOOD, GOOD, lanes)
        assert caught.value.message == message


def test_absolute_differences_have_no_residuals() -> None:
    for loss in (l1(), mss((8,)), l2() + l1()):
        with pytest.raises(fad.FadError, match="is not a sum of squares"):
            loss.residuals(GOOD, GOOD)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mss((10,)), "the samples of a window are a positive multiple of 4, not 10"),
        (lambda: mss((0,)), "the samples of a window are a positive multiple of 4, not 0"),
        (lambda: transport([2048.0]), "the samples of a window are a positive multiple of 4"),  # type: ignore[list-item]
        (lambda: envelope(-4), "the samples of a window are a positive multiple of 4, not -4"),
        (lambda: mss(()), "windows are a list of lengths, such as (2048, 512), not ()"),
        (lambda: mss(2048), "windows are a list of lengths, such as"),  # type: ignore[arg-type]
        (lambda: mss(linear=0, log=0), "a loss has at least one weight that is not zero"),
        (lambda: mss(log=-1), "the weight of a loss is zero or a positive number, not -1"),
        (lambda: -1 * l1(), "the weight of a loss is zero or a positive number, not -1.0"),
        (lambda: float("nan") * l1(), "the weight of a loss is zero or a positive number, not nan"),
        (lambda: mss(log=None), "the weight of a loss is zero or a positive number, not None"),  # type: ignore[arg-type]
        (lambda: mss(log="1"), "the weight of a loss is zero or a positive number, not 1"),  # type: ignore[arg-type]
        (lambda: mss("2048"), "windows are a list of lengths, such as"),  # type: ignore[arg-type]
        (lambda: mss(floor=None), "a floor is an amplitude of at least 1e-15, not None"),  # type: ignore[arg-type]
        (lambda: mel("44100"), "a sample rate is a positive number of Hz, not 44100"),  # type: ignore[arg-type]
        (lambda: mel(48000, 6.5), "there is at least one band, not 6.5"),  # type: ignore[arg-type]
        (lambda: l1().pre_emphasised(None), "the coefficient of a pre-emphasis"),  # type: ignore[arg-type]
        (lambda: mss(floor=0), "a floor is an amplitude of at least 1e-15, not 0"),
        (lambda: transport(floor=float("inf")), "a floor is an amplitude of at least 1e-15"),
        (lambda: mel(0), "a sample rate is a positive number of Hz, not 0"),
        (lambda: l1().a_weighted(float("nan")), "a sample rate is a positive number of Hz"),
        (lambda: mel(48000, 0), "there is at least one band, not 0"),
        (
            lambda: mel(48000, 500),
            "500 bands at 48000 Hz are too narrow for a window of 2048 samples: "
            "some have no frequency in them",
        ),
        (
            lambda: l1().pre_emphasised(1.5),
            "the coefficient of a pre-emphasis is between -1 and 1, not 1.5",
        ),
    ],
)
def test_bad_options(make: Any, message: str) -> None:
    with pytest.raises(fad.FadError) as caught:
        make()
    assert caught.value.message.startswith(message)


def test_numbers_of_numpy() -> None:
    estimate, target = sounds()
    wanted = (2 * mss((16, 8)) + mel(8000, 4, (16,)))(estimate, target)
    for windows in (np.array([16, 8]), (np.int64(16), np.int16(8))):
        loss = 2 * mss(windows) + mel(np.float64(8000), np.int8(4), (16,))  # type: ignore[arg-type]
        assert loss(estimate, target) == wanted


def test_what_is_not_a_loss_is_not_added() -> None:
    with pytest.raises(TypeError):
        l1() + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        l1() * "2"  # type: ignore[operator]
