"""Losses of tensors of PyTorch: the same values, and the gradients that PyTorch finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fad
from fad.losses import Loss, l1, l2, mel, mss
from tests.losses.cases import LOSSES, example, sounds
from tests.losses.definitions import Definition

torch: Any = pytest.importorskip("torch")


@pytest.mark.parametrize(("loss", "definition"), LOSSES.values(), ids=LOSSES)
def test_values_and_gradients_are_those_of_numpy(loss: Loss, definition: Definition) -> None:
    estimate, target = sounds(3, 2, 37)
    values, gradients = loss.value_and_gradient(estimate, target, batched=True)
    tensor = torch.tensor(estimate, requires_grad=True)
    found = loss(tensor, torch.tensor(target), batched=True)
    found.sum().backward()
    assert found.dtype == torch.float64 and found.shape == (3,)
    assert found.detach().numpy() == pytest.approx(values, rel=1e-12)
    assert np.abs(tensor.grad.numpy() - gradients).max() < 1e-9 * np.abs(gradients).max()
    mean = loss.to(torch.tensor(target))(tensor)
    assert mean.shape == () and float(mean.detach()) == pytest.approx(values.mean(), rel=1e-12)


@pytest.mark.parametrize(("loss", "definition"), LOSSES.values(), ids=LOSSES)
def test_silence_in_single_precision(loss: Loss, definition: Definition) -> None:
    sound = torch.tensor(sounds()[0], dtype=torch.float32)
    silence = torch.zeros_like(sound)
    for estimate, target in ((silence, silence), (sound, silence), (silence, sound)):
        leaf = estimate.clone().requires_grad_()
        value = loss(leaf, target)
        value.backward()
        assert value.dtype == torch.float32
        assert torch.isfinite(value) and torch.isfinite(leaf.grad).all()


def test_vmap_and_second_derivatives() -> None:
    estimate, target = (torch.tensor(sound) for sound in sounds(2, 1, 9))
    loss = mss((8,))
    each = torch.func.vmap(loss)(estimate, target)
    assert torch.allclose(each, loss(estimate, target, batched=True))
    bound = loss.to(target)
    smooth = mss((8,), squared=True).to(target[0])
    assert torch.autograd.gradgradcheck(smooth, estimate[0].clone().requires_grad_())
    assert torch.autograd.gradcheck(bound, estimate.clone().requires_grad_())


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a")
def test_compiled() -> None:
    """As one graph: nothing in a loss depends on the values of the sounds."""
    estimate, target = (torch.tensor(sound) for sound in sounds())
    loss = mel(8000, 4, (16,)).a_weighted(48000).to(target)
    compiled = torch.compile(loss, backend="eager", fullgraph=True)
    assert torch.allclose(compiled(estimate), loss(estimate))


def test_bad_tensors() -> None:
    good = torch.ones((1, 8))
    for estimate, message in (
        (torch.ones((1, 8), dtype=torch.int32), "the estimate is an array of int32"),
        (torch.ones((1, 8), dtype=torch.float16), "the estimate is an array of float16"),
        (torch.ones((2, 8)), "the estimate has the shape (2, 8), the target (1, 8)"),
        (good * float("nan"), "the estimate is infinite or not a number somewhere"),
        (np.ones((1, 8)), "the estimate is an array of numpy, the target of torch"),
        (good.to_sparse(), "the estimate is a sparse tensor"),
        (good.to("meta"), "the estimate is on the device `meta`, the target on `cpu`"),
    ):
        with pytest.raises(fad.FadError) as caught:
            l1()(estimate, good)
        assert caught.value.message == message
    for method in (l2().value_and_gradient, l2().residuals):
        with pytest.raises(fad.FadError, match="takes arrays of numpy, not of torch"):
            method(good, good)


def test_the_example_of_the_page() -> None:
    namespace: dict[str, Any] = {"losses": fad.losses}
    exec(example("import torch"), namespace)
    assert namespace["estimate"].grad.abs().max() > 0
