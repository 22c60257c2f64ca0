"""The way values go through a diagram, against what libfaust computes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from fad.diagram.box import (
    Box,
    Int,
    Lambda,
    Primitive,
    Real,
    Rec,
    Slot,
    arity_of,
    parallel,
)
from fad.diagram.interpret import Interpretation
from fad.runtime.engine import Engine
from tests.support.reading import read

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


class FirstSample(Interpretation[float]):
    """What a diagram gives at the first sample: loops feed back silence."""

    def leaf(self, box: Box, inputs: tuple[float, ...]) -> tuple[float, ...]:
        if isinstance(box, Int | Real):
            return (float(box.value),)
        assert isinstance(box, Primitive)
        return (_ARITHMETIC[box.name](*inputs),)

    def total(self, values: Sequence[float]) -> float:
        return sum(values)

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[float, ...]], tuple[float, ...]],
    ) -> tuple[float, ...]:
        # What arrives at B is a sample old, and B adds nothing to silence in these programs.
        return turn((0.0,) * arity_of(box.right)[0])


@pytest.mark.parametrize(
    "text",
    [
        "_,_,_",
        "!,_,!,_",
        "_,_ : -",
        "_ <: _,_,_",
        "_,_ <: _,_,_,_,_,_",
        "_,_ <: (_,_ : -), (_,_ : *)",
        "_,_,_,_ :> _",
        "_,_,_,_ :> _,_",
        "_,_,_,_,_,_ :> (_,_,_ : _,+) :> -",
        "route(3, 2, (1,2), (2,1), (3,2))",
        "route(2, 3, (1,1), (1,3))",
        "route(2, 2, (2,1), (2,1))",
        "+ ~ _",
        "+ ~ *(3)",
        "(_,_,_ : -,_) ~ (_,_ : -)",
        "(_,_,_ <: _,_,_) ~ _",
        "_ <: _,(+ ~ _)",
        "\\(x).(x*x)",
        "\\(x, y).(x - y, x)",
        "_,_ : \\(x).(\\(y).(y - x))",
        'hgroup("a", _ <: _,*(2))',
        'vgroup("a", + ~ hgroup("b", *(2)))',
        "5, 7 : -",
        "(2.5,_ : *) <: (_,1 : -), _",
    ],
)
def test_values_go_where_signals_go(text: str, engine: Engine) -> None:
    box = read(f"process = {text};")
    inputs = tuple(float(number) for number in (3, 5, 11, 17, 23, 31)[: arity_of(box)[0]])
    samples = np.array(inputs).reshape(-1, 1)
    expected = engine.render(f"process = {text};", "test", inputs=samples, frames=1)
    assert FirstSample().outputs(box, inputs) == tuple(expected[:, 0])


def test_free_slots_are_given() -> None:
    # The body of a lambda is open: its variable carries what it is given.
    box = read("process = \\(x).(x - 2);")
    body, slot = box.children[0], next(iter(box.children[0].free))
    interpretation = FirstSample()
    assert interpretation.outputs(body, (), {slot: 5.0}) == (3.0,)
    assert interpretation.outputs(body, (), {slot: 9.0}) == (7.0,)


def test_functions_inside_each_other_take_no_more_memory_than_their_variables() -> None:
    """Of a loop that goes around with hundreds of values, each is the variable of a function."""

    class Counted(FirstSample):
        def remembered(self) -> int:
            return sum(map(len, self._known))

    def remembered(count: int) -> int:
        slots = [Slot(index, "x") for index in range(count)]
        box = parallel(slots)
        for slot in reversed(slots):
            box = Lambda(slot, box)
        run = Counted()
        values = tuple(map(float, range(count)))
        assert run.outputs(box, values) == values
        return run.remembered()

    assert remembered(200) < 3 * remembered(100)
