"""Layers: derivatives, transformations, learning, what does not fit."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest

import fad
from tests.model.programs import FILTER, RATE, SYNTH, TABLE
from tests.support.native import needs_compiler
from tests.support.pages import example
from tests.support.places import ROOT

torch = pytest.importorskip("torch", reason="needs PyTorch: the extra `fad[torch]`")
make_fx = pytest.importorskip("torch.fx.experimental.proxy_tensor").make_fx
layers = pytest.importorskip("fad.torch.layer")
operators = pytest.importorskip("fad.torch.operators")

pytestmark = needs_compiler
FRAMES, BLOCK = 48, 16


@pytest.fixture(scope="module")
def layer() -> Any:
    return layers.Layer(FILTER, rate=RATE, block=BLOCK)


def double(*shape: int) -> Any:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(shape, dtype=torch.float64, generator=generator)


def test_it_computes_what_the_model_does(layer: Any) -> None:
    model = fad.load(FILTER, rate=RATE, block=BLOCK, precision="double")
    x, cutoff = double(2, 1, FRAMES), 0.1 + 0.5 * double(2, 3)
    found = layer(x, cutoff=cutoff, gate=1)
    assert np.array_equal(found.numpy(), model(x.numpy(), cutoff=cutoff.numpy(), gate=1))
    assert layer(x.float()).dtype == torch.float32
    assert layer(x[0], cutoff=0.3).shape == (2, FRAMES)


def test_gradients_are_difference_quotients(layer: Any) -> None:
    """By the signal, by values in blocks, of items, and of all."""
    x = (double(2, 1, FRAMES) - 0.5).requires_grad_()
    cutoff = (0.1 + 0.5 * double(2, 3)).requires_grad_()
    drive = (0.5 + double(2)).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, c, d: layer(x, cutoff=c, drive=d, gate=1), (x, cutoff, drive), atol=1e-6
    )
    one = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    fixed = x.detach()
    assert torch.autograd.gradcheck(lambda c: layer(fixed, cutoff=c), (one,), atol=1e-6)


def test_short_calls_are_those_of_the_model() -> None:
    """Without derivatives, numbers go past the machinery of PyTorch, and give the same bits."""
    layer = layers.Layer(FILTER, rate=RATE, block=BLOCK, learn={"drive": 1.7})
    x = double(1, FRAMES)
    wanted = layer(x, cutoff=0.3, gate=1)
    with torch.no_grad():
        assert torch.equal(layer(x, cutoff=0.3, gate=1), wanted)
        for value in (torch.tensor(0.3, dtype=x.dtype), torch.full((3,), 0.3, dtype=x.dtype)):
            assert torch.equal(layer(x, {"cutoff": value}, gate=1), wanted)
        with pytest.raises(fad.FadError, match="outside the range"):
            layer(x, cutoff=7)
        many = torch.func.vmap(lambda x: layer(x, cutoff=0.3, gate=1))(torch.stack([x, x]))
        assert torch.equal(many[1], wanted)
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(x, torch.ones_like(x))
            moved = torch.autograd.forward_ad.unpack_dual(layer(dual, cutoff=0.3)).tangent
        assert moved.abs().sum() > 0
        traced = make_fx(lambda x: layer(x, cutoff=0.3, gate=1))(x)
    assert torch.equal(traced(x), wanted) and not torch.equal(traced(2 * x), wanted)


def test_without_a_signal() -> None:
    synth = layers.Layer(SYNTH, rate=RATE)
    gain = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = synth(None, {"/a/gain": gain}, frames=FRAMES)
    y.sum().backward()
    with torch.no_grad():
        change = synth(None, {"/a/gain": 0.6}, frames=FRAMES) - y
    # The output is linear in the gain; single precision.
    assert gain.grad.item() * 0.1 == pytest.approx(change.sum().item(), abs=1e-4)


def test_the_operators_are_well_made(layer: Any) -> None:
    program = layer._number(torch.float64, ("cutoff", "drive"), ("cutoff", "drive"))
    x = double(2, 1, FRAMES).requires_grad_()
    values = torch.stack([0.1 + 0.5 * double(2, 3), 0.5 + double(2, 3)], 1).requires_grad_()
    torch.library.opcheck(operators.play, (x.detach(), values.detach(), program))
    torch.library.opcheck(operators.record, (x, values, program, True))
    direction = double(2, 1, FRAMES), double(2, 2, 3)
    torch.library.opcheck(operators.along, (x.detach(), values.detach(), *direction, program))
    weights = double(2, 2, FRAMES)
    given = x.detach(), values.detach(), weights, *direction, program, True
    torch.library.opcheck(operators.second, given)


def test_it_can_be_compiled(layer: Any) -> None:
    x, cutoff = double(2, 1, FRAMES), (0.1 + 0.5 * double(2, 3)).requires_grad_()

    def loss(x: Any, cutoff: Any) -> Any:
        return layer(x, cutoff=cutoff).square().mean()

    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    wanted = torch.autograd.grad(loss(x, cutoff), cutoff)[0]
    assert torch.allclose(compiled(x, cutoff), loss(x, cutoff))
    assert torch.allclose(torch.autograd.grad(compiled(x, cutoff), cutoff)[0], wanted)


def test_it_can_be_mapped(layer: Any) -> None:
    x, cutoffs = double(1, FRAMES), 0.1 + 0.5 * double(4)
    found = torch.func.vmap(lambda c: layer(x, cutoff=c))(cutoffs)
    assert torch.equal(found, torch.stack([layer(x, cutoff=c) for c in cutoffs]))
    signals = double(3, 2, 1, FRAMES)
    found = torch.func.vmap(lambda x: layer(x, cutoff=0.3))(signals)
    assert torch.equal(found, torch.stack([layer(x, cutoff=0.3) for x in signals]))


def quadratic(layer: Any) -> Any:
    """A loss of the signal and the cutoff in each block."""
    return lambda x, cutoff: layer(x, cutoff=cutoff, gate=1).square().sum()


def by_backward(layer: Any, x: Any, cutoff: Any) -> tuple[Any, Any]:
    """Its derivatives, by `backward`."""
    given = x.clone().requires_grad_(), cutoff.clone().requires_grad_()
    by_x, by_cutoff = torch.autograd.grad(quadratic(layer)(*given), given)
    return by_x, by_cutoff


def test_transformations_are_those_of_backward(layer: Any) -> None:
    x, cutoff = double(1, FRAMES) - 0.5, 0.1 + 0.5 * double(3)
    wanted = by_backward(layer, x, cutoff)
    found = torch.func.grad(quadratic(layer), argnums=(0, 1))(x, cutoff)
    assert all(map(torch.equal, found, wanted))
    y, pullback = torch.func.vjp(lambda c: layer(x, cutoff=c, gate=1), cutoff)
    assert torch.allclose(pullback(2 * y)[0], wanted[1], rtol=1e-12)
    jacobian = torch.func.jacrev(lambda c: layer(x, cutoff=c, gate=1))(cutoff)
    assert torch.allclose(torch.einsum("cf,cfb->b", 2 * y, jacobian), wanted[1], rtol=1e-12)
    forward = torch.func.jacfwd(lambda c: layer(x, cutoff=c, gate=1))(cutoff)
    assert torch.allclose(forward, jacobian, rtol=1e-12, atol=1e-14)


def test_transformations_are_combined(layer: Any) -> None:
    """Inside of `vmap`, tensors do not tell that they need derivatives."""
    xs, cutoffs = double(4, 1, FRAMES) - 0.5, 0.1 + 0.5 * double(4, 3)
    each = [by_backward(layer, *item) for item in zip(xs, cutoffs, strict=True)]
    wanted = [torch.stack(some) for some in zip(*each, strict=True)]
    loss = quadratic(layer)
    over_grad = torch.func.vmap(torch.func.grad(loss, argnums=(0, 1)))(xs, cutoffs)
    in_grad = torch.func.grad(
        lambda xs, cutoffs: torch.func.vmap(loss)(xs, cutoffs).sum(), argnums=(0, 1)
    )(xs, cutoffs)
    given = xs.clone().requires_grad_(), cutoffs.clone().requires_grad_()
    by_hand = torch.autograd.grad(torch.func.vmap(loss)(*given).sum(), given)
    for found in (over_grad, in_grad, by_hand):
        assert all(torch.allclose(*pair, rtol=1e-12) for pair in zip(found, wanted, strict=True))


def test_derivatives_along_directions(layer: Any) -> None:
    x, cutoff = double(2, 1, FRAMES) - 0.5, 0.1 + 0.5 * double(2, 3)
    moved = double(2, 1, FRAMES) - 0.5, double(2, 3) - 0.5

    def run(x: Any, cutoff: Any) -> Any:
        return layer(x, cutoff=cutoff, gate=1)

    y, along = torch.func.jvp(run, (x, cutoff), moved)
    assert torch.equal(y, run(x, cutoff))
    step = 1e-6
    quotient = run(x + step * moved[0], cutoff + step * moved[1])
    quotient = (quotient - run(x - step * moved[0], cutoff - step * moved[1])) / (2 * step)
    assert torch.allclose(along, quotient, atol=1e-8)
    with torch.autograd.forward_ad.dual_level(), torch.no_grad():
        duals = map(torch.autograd.forward_ad.make_dual, (x, cutoff), moved)
        assert torch.equal(torch.autograd.forward_ad.unpack_dual(run(*duals)).tangent, along)
    assert torch.autograd.gradcheck(
        run,
        (x[0, :, :20].requires_grad_(), cutoff[0, :2].requires_grad_()),
        check_forward_ad=True,
        check_backward_ad=False,
        atol=1e-6,
    )


def test_second_derivatives_are_difference_quotients(layer: Any) -> None:
    x = (double(2, 1, 24) - 0.5).requires_grad_()
    cutoff = (0.1 + 0.5 * double(2, 2)).requires_grad_()
    drive = (0.5 + double(2)).requires_grad_()

    def run(x: Any, cutoff: Any, drive: Any) -> Any:
        return layer(x, cutoff=cutoff, drive=drive, gate=1)

    assert torch.autograd.gradgradcheck(run, (x, cutoff, drive), atol=1e-6)
    fixed, one = x.detach(), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda c: layer(fixed, cutoff=c), (one,), atol=1e-6)


def test_second_derivatives_in_any_order(layer: Any) -> None:
    """By the signal as well, where only an outer transformation asks for that."""
    func = torch.func
    x, cutoff = double(1, 20) - 0.5, 0.1 + 0.5 * double(2)
    loss = quadratic(layer)
    wanted = torch.autograd.functional.hessian(loss, (x, cutoff))
    by_grad = func.grad(loss, argnums=1)
    found = [
        (func.jacrev(by_grad, argnums=0), func.jacrev(by_grad, argnums=1)),
        (func.jacfwd(by_grad, argnums=0), func.jacfwd(by_grad, argnums=1)),
    ]
    by_jvp = func.jacfwd(loss, argnums=1)
    found.append((func.jacrev(by_jvp, argnums=0), func.jacrev(by_jvp, argnums=1)))
    for by_x, by_cutoff in found:
        assert torch.allclose(by_x(x, cutoff), wanted[1][0], rtol=1e-10, atol=1e-12)
        assert torch.allclose(by_cutoff(x, cutoff), wanted[1][1], rtol=1e-10, atol=1e-12)


def test_a_loss_of_outputs_and_of_their_derivatives(layer: Any) -> None:
    """What comes back from both, by the signal, by a value, and by the direction.

    Within `jvp`, the signal does not tell that it needs derivatives, beside a value that does.
    """
    x, moved = double(1, 16) - 0.5, double(1, 16) - 0.5

    def loss(*at: Any) -> Any:
        x, moved, cutoff = at
        y, along = torch.func.jvp(lambda x: layer(x, cutoff=cutoff, drive=2.0), (x,), (moved,))
        return (y * along).sum()

    at = x, moved, torch.tensor(0.3, dtype=torch.float64)
    found = torch.func.grad(loss, argnums=(0, 1, 2))(*at)
    step = 1e-6
    for number, slope in enumerate(found):
        direction = double(*at[number].shape) - 0.3
        above, below = (
            loss(*at[:number], at[number] + offset * direction, *at[number + 1 :])
            for offset in (step, -step)
        )
        quotient = (above - below) / (2 * step)
        assert (slope * direction).sum().item() == pytest.approx(quotient.item(), rel=1e-7)


def test_derivatives_that_there_are_not(layer: Any) -> None:
    """They are errors, and none of them is 0."""
    x, cutoff = double(1, FRAMES), torch.tensor(0.3, dtype=torch.float64)
    loss = quadratic(layer)
    func = torch.func
    for transformed in (func.grad(func.hessian(loss, 1), 1), func.jacfwd(func.jacfwd(loss, 1), 1)):
        with pytest.raises(fad.FadError, match="no third derivatives"):
            transformed(x, cutoff)
    table = layers.Layer(TABLE, rate=RATE, block=BLOCK)
    gain = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    first = torch.autograd.grad(table(x, gain=gain).square().sum(), gain, create_graph=True)[0]
    with pytest.raises(fad.FadError, match="rwtable"):
        first.backward()


def test_it_learns_what_made_a_signal() -> None:
    layer = layers.Layer(FILTER, rate=RATE, learn=["cutoff", "drive"])
    x = double(1, 1000) - 0.5
    with torch.no_grad():
        target = layer(x, cutoff=0.4, drive=2.0)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        (layer(x) - target).square().mean().backward()
        optimizer.step()
    values = {name: value.item() for name, value in layer.values.items()}
    assert values == pytest.approx({"cutoff": 0.4, "drive": 2.0}, rel=0.01)


def test_beyond_the_range_there_is_a_way_back() -> None:
    layer = layers.Layer(FILTER, rate=RATE, learn={"cutoff": 0.8})
    with torch.no_grad():
        layer.places["cutoff"] += 0.1
    x = double(1, FRAMES)
    assert layer.values["cutoff"].item() == pytest.approx(0.8)
    layer(x).square().sum().backward()
    assert layer.places["cutoff"].grad.item() != 0


def test_derivatives_of_a_layer_that_is_gone() -> None:
    cutoff = torch.tensor(0.3, requires_grad=True)
    y = layers.Layer(FILTER, rate=RATE)(torch.ones(1, FRAMES), cutoff=cutoff)
    gc.collect()
    y.sum().backward()
    assert cutoff.grad.item() != 0


def test_a_layer_travels_with_its_program(tmp_path: Any, monkeypatch: Any) -> None:
    """Also with the precision that it has not computed in."""
    (tmp_path / "half.dsp").write_text('process = *(0.5*library("one.lib").one);')
    (tmp_path / "one.lib").write_text("one = 1;")
    monkeypatch.chdir(tmp_path)
    here = layers.Layer("half.dsp", backend="interpreter")
    there = pickle.loads(pickle.dumps(here))
    monkeypatch.chdir("/")
    for file in tmp_path.iterdir():
        file.unlink()
    x = double(1, FRAMES)
    for layer in (here, there):
        assert torch.equal(layer(x), x / 2)


class Played:
    """What a layer makes of some signals."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __len__(self) -> int:
        return 2

    def __getitem__(self, number: int) -> Any:
        return self.layer(torch.full((1, FRAMES), float(number))).detach()


def test_a_layer_in_the_workers_of_a_loader(layer: Any) -> None:
    data = Played(layer)
    loader = torch.utils.data.DataLoader(data, num_workers=1, multiprocessing_context="spawn")
    for number, (played,) in enumerate(loader):
        assert torch.equal(played, data[number])


def test_what_is_infinite() -> None:
    divided = layers.Layer('process = /(hslider("a", 0, 0, 1, 0.1));', check_finite=True)
    with pytest.raises(fad.FadError, match="an output is infinite"):
        divided(torch.ones(1, FRAMES))
    y = divided(torch.ones(1, FRAMES), a=torch.tensor(0.5, requires_grad=True))
    with pytest.raises(fad.FadError, match="a derivative is infinite"):
        (y * torch.inf).sum().backward()


def test_layers_are_saved_and_copied() -> None:
    layer = layers.Layer(FILTER, rate=RATE, learn={"cutoff": [0.2, 0.3, 0.4]}, block=BLOCK)
    x = double(1, FRAMES)
    wanted = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), wanted)
    fresh = layers.Layer(FILTER, rate=RATE, learn={"cutoff": [0.5, 0.5, 0.5]}, block=BLOCK)
    assert list(layer.state_dict()) == ["places.cutoff"]
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh(x), wanted)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda layer: layer(torch.zeros(3, FRAMES)), r"shape \(3, 48\)"),
        (lambda layer: layer(torch.zeros(1, FRAMES, dtype=torch.int16)), "type torch.int16"),
        (lambda layer: layer(torch.zeros(1, FRAMES, device="meta")), "device `meta`"),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutof=1), "no widget is called `cutof`"),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutoff=7.0), "outside the range"),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutoff=torch.zeros(2)), r"shape \(2,\)"),
        (lambda layer: layer(), "has 1 audio input"),
        (lambda layer: layers.Layer(FILTER, precision="double"), "a layer has no `precision`"),
        (lambda layer: layer(np.zeros((1, FRAMES))), "of type ndarray"),
        (lambda layer: layer(torch.zeros(1, FRAMES).to_sparse()), "no tensor that is dense"),
        (lambda layer: layer(torch.zeros(1, FRAMES).half()), "type torch.float16"),
        (lambda layer: layer(torch.zeros(1, 0)), "nothing to run"),
        (lambda layer: layer(torch.zeros(1, FRAMES), frames=3), "not 3 frames"),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutoff="a"), "`cutoff` is not a number"),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutoff=torch.tensor(1j)), "real numbers"),
        (
            lambda layer: layer(torch.zeros(1, FRAMES), cutoff=torch.zeros((), device="meta")),
            "`cutoff` is on the device `meta`",
        ),
        (lambda layer: layer(torch.zeros(1, FRAMES), cutoff=torch.tensor(np.nan)), "not a number"),
        (lambda layer: layer(torch.zeros(1, FRAMES), {"gate": 1}, gate=1), "given twice"),
        (lambda layer: layer(torch.zeros(1, FRAMES), 5), "values are a mapping"),
        (lambda layer: layers.Layer(SYNTH)(frames=1.5), "`frames` is 1.5"),
        (lambda layer: layers.Layer(FILTER, learn=5), "a list of names"),
        (lambda layer: layers.Layer(FILTER, learn={"cutoff": 5}), "outside the range"),
        (lambda layer: layers.Layer(FILTER, learn={"cutoff": np.nan}), "not a number"),
        (
            lambda layer: layers.Layer(FILTER, learn="cutoff").to("meta")(torch.zeros(1, 9)),
            "meta",
        ),
    ],
)
def test_what_does_not_fit(layer: Any, call: Any, told: str) -> None:
    with pytest.raises(fad.FadError, match=told):
        call(layer)


def test_choices_that_there_are_not() -> None:
    with pytest.raises(TypeError, match=r"^Layer\(\) got an unexpected keyword argument 'lern'"):
        layers.Layer(FILTER, lern=["cutoff"])


def test_learnt_values_can_be_put_and_are_shown() -> None:
    layer = layers.Layer(FILTER, learn=["cutoff", "drive"], rate=RATE)
    layer.put({"cutoff": 0.3})
    assert layer.values["cutoff"].item() == pytest.approx(0.3)
    assert f"rate={RATE}, block=64, cutoff=0.3, drive=1" in repr(layer)
    with pytest.raises(fad.FadError, match="`gate` is not learnt") as told:
        layer.put({"gate": 1})
    assert told.value.hint == "what is learnt: `cutoff` or `drive`"
    with pytest.raises(fad.FadError, match="outside the range"):
        layer.put({"cutoff": 5})
    with pytest.raises(fad.FadError, match="has the shape"):
        layer.put({"cutoff": torch.tensor([0.1, 0.2])})
    with pytest.raises(fad.FadError, match="a list of tensors"):
        layer(torch.zeros(1, FRAMES), drive=[torch.tensor(1.0), torch.tensor(2.0)])


def test_the_examples_of_the_page() -> None:
    page = ROOT / "docs" / "python.md"
    names: dict[str, Any] = {}
    exec(example(page, "import torch\n"), names)
    learnt = names["learner"][1].values
    assert learnt["gain"].item() == pytest.approx(9, rel=1e-2)
    assert learnt["frequency"].item() == pytest.approx(2500, rel=1e-2)
    assert learnt["q"].item() == pytest.approx(2, rel=1e-2)
    exec(example(page, "RESONANT ="), names)
    assert names["y"].shape == (8, 1, 4800)
    assert all(weight.grad.abs().sum() > 0 for weight in names["network"].parameters())
