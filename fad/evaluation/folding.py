"""Constant folding: which diagrams denote a number, by the standard compiler's rules.

The evaluator asks this wherever the language needs a number (iteration counts, slider bounds,
patterns) and where the standard compiler folds by itself. A diagram is run symbolically on its
inputs; a signal is either a number or an opaque term, and two opaque terms are the same object
when they were computed in the same way, so that `x - x` is 0 for any x, as in libfaust.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from fad.base.errors import EvaluationError
from fad.diagram.box import Box, Int, Primitive, Real, Rec, Slot, Waveform, arity_of
from fad.diagram.interpret import Interpretation
from fad.evaluation.limits import Steps

Number = Int | Real


class Term:
    """A signal that is not a number; terms that were computed alike are the same object."""

    __slots__ = ()


Signal = Number | Term
#: What of a diagram is wide can be passed on in one step.
_WIRES_PER_STEP = 8
#: A primitive on numbers.
Compute = Callable[..., Number]


def wrap32(value: int) -> int:
    """A Python integer as the 32-bit two's complement integer that Faust computes with."""
    return (value + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def to_int(value: float) -> int:
    """C's conversion of a double to an int; what does not fit becomes the smallest integer."""
    if math.isfinite(value) and -2147483649 < value < 2147483648:
        return int(value)
    return -2147483648


class Folding(Interpretation[Signal]):
    """Runs diagrams on symbolic signals.

    Args:
        steps: counts what that takes.
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps
        self._numbers: dict[Box, Number | None] = {}
        self._terms: dict[tuple[object, ...], Term] = {}

    def number(self, box: Box) -> Number | None:
        """The number that a well-typed diagram denotes whatever its free slots are, or `None`.

        Raises:
            EvaluationError: the standard compiler refuses the computation (a division by zero).
        """
        if isinstance(box, Int | Real):
            return box
        if box.arity != (0, 1):
            return None
        if box not in self._numbers:
            (signal,) = self.outputs(box, ())
            self._numbers[box] = None if isinstance(signal, Term) else signal
        return self._numbers[box]

    def _outputs(
        self,
        box: Box,
        inputs: tuple[Signal, ...],
        slots: Mapping[Slot, Signal],
        key: tuple[object, ...],
    ) -> tuple[Signal, ...]:
        outputs = super()._outputs(box, inputs, slots, key)
        self._steps.take((len(key) + len(outputs)) // _WIRES_PER_STEP + 1)
        return outputs

    def leaf(self, box: Box, inputs: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Numbers and what primitives make of them; all else is opaque."""
        match box:
            case Int() | Real():
                return (box,)
            case Primitive():
                return (self._apply(box.name, inputs),)
            case Waveform():
                return Int(len(box.values)), self._term(box)
        return tuple([self._term(box, inputs, index) for index in range(arity_of(box)[1])])

    def total(self, values: Sequence[Signal]) -> Signal:
        """A sum, from the first value to the last."""
        if not values:
            return Int(0)
        result = values[0]
        for value in values[1:]:
            result = self._apply("+", (result, value))
        return result

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[Signal, ...]], tuple[Signal, ...]],
    ) -> tuple[Signal, ...]:
        """A loop is opaque, but for outputs that do not depend on what is fed back."""
        taken = arity_of(box.right)[0]
        outputs = turn(tuple([self._term("feedback", key, index) for index in range(taken)]))
        return tuple(
            self._term("loop", key, index) if isinstance(signal, Term) else signal
            for index, signal in enumerate(outputs)
        )

    def _term(self, *key: object) -> Term:
        return self._terms.setdefault(key, Term())

    def _apply(self, name: str, args: tuple[Signal, ...]) -> Signal:
        if all(not isinstance(arg, Term) for arg in args):
            compute = _ON_NUMBERS.get(name)
            if compute is not None:
                return compute(*args)
        simplify = _ON_TERMS.get(name)
        found = simplify(*args) if simplify else None
        return self._term(name, args) if found is None else found


def constants() -> Callable[[Box], bool]:
    """A function that says whether a well-typed diagram denotes a number.

    It does, too, where the number cannot be computed.
    """
    folding = Folding(Steps())

    def is_constant(box: Box) -> bool:
        try:
            return folding.number(box) is not None
        except EvaluationError:
            return True

    return is_constant


def folded(name: str, numbers: Sequence[Number]) -> Number | None:
    """What a primitive makes of numbers; `None` where that is no number, or no legal one."""
    compute = _ON_NUMBERS.get(name)
    if compute is None:
        return None
    with suppress(EvaluationError):
        return compute(*numbers)
    return None


# -- Primitives on numbers --------------------------------------------------------------------


def _arithmetic(
    on_ints: Callable[[int, int], int], on_reals: Callable[[float, float], float]
) -> Compute:
    def compute(x: Number, y: Number) -> Number:
        if isinstance(x, Int) and isinstance(y, Int):
            return Int(wrap32(on_ints(x.value, y.value)))
        return Real(on_reals(float(x.value), float(y.value)))

    return compute


def _divide(x: Number, y: Number) -> Number:
    if y.value == 0:
        raise EvaluationError(f"division by zero: {x.value} / {y.value}")
    if isinstance(x, Int) and isinstance(y, Int) and x.value % y.value == 0:
        return Int(wrap32(x.value // y.value))
    return Real(x.value / y.value)


def _modulo(x: Number, y: Number) -> Number:
    if isinstance(x, Int) and isinstance(y, Int):
        if y.value == 0:
            raise EvaluationError(f"remainder by zero: {x.value} % {y.value}")
        return Int(int(math.fmod(x.value, y.value)))
    return _fmod(x, y)


def _fmod(x: Number, y: Number) -> Number:
    if y.value == 0:
        raise EvaluationError(f"remainder by zero: {x.value} % {y.value}")
    return Real(math.fmod(x.value, y.value))


def _remainder(x: Number, y: Number) -> Number:
    if y.value == 0:
        raise EvaluationError(f"remainder by zero: remainder({x.value}, {y.value})")
    return Real(math.remainder(x.value, y.value))


def _bitwise(on_ints: Callable[[int, int], int]) -> Compute:
    def compute(x: Number, y: Number) -> Number:
        return Int(wrap32(on_ints(_as_int(x), _as_int(y))))

    return compute


def _comparison(test: Callable[[float, float], bool]) -> Compute:
    def compute(x: Number, y: Number) -> Number:
        return Int(int(test(x.value, y.value)))

    return compute


def _choose(pick: Callable[[float, float], float]) -> Compute:
    def compute(x: Number, y: Number) -> Number:
        if isinstance(x, Int) and isinstance(y, Int):
            return Int(int(pick(x.value, y.value)))
        return Real(float(pick(float(x.value), float(y.value))))

    return compute


def _power(x: Number, y: Number) -> Number:
    if isinstance(x, Int) and isinstance(y, Int) and y.value > 0:
        return Int(wrap32(pow(x.value, y.value, 1 << 32)))
    try:
        return Real(math.pow(x.value, y.value))
    except OverflowError:
        return Real(math.inf)
    except ValueError:
        return Real(math.inf if x.value == 0 else math.nan)


def _function(name: str, compute: Callable[[float], float]) -> Compute:
    def fold(x: Number) -> Number:
        try:
            return Real(float(compute(float(x.value))))
        except OverflowError:
            return Real(math.inf)
        except ValueError:
            if name.startswith("log") and x.value == 0:
                return Real(-math.inf)
            if name == "tan":  # of an infinity
                return Real(math.nan)
            raise EvaluationError(f"{x.value} is outside the domain of `{name}`") from None

    return fold


#: Angles that differ by less are the same where `sin` and `cos` of numbers are computed.
_NEAR = 1e-5


def _periodic(compute: Callable[[float], float], at_quarters: tuple[float, ...]) -> Compute:
    """`sin` or `cos`: the standard compiler reduces the angle to one turn, and gives the exact
    value of a quarter of a turn to all angles near it."""

    def fold(x: Number) -> Number:
        if not math.isfinite(x.value):
            return Real(math.nan)
        angle = math.fmod(x.value, 2 * math.pi)
        for quarter, value in enumerate(at_quarters):
            if abs(angle - quarter * math.pi / 2) < _NEAR:
                return Real(value)
        return Real(compute(angle))

    return fold


def _as_int(x: Number) -> int:
    return x.value if isinstance(x, Int) else to_int(x.value)


def _shift(x: int, y: int) -> int:
    return x << (y & 31)


def _float_floor(x: float) -> float:
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x


def _float_ceil(x: float) -> float:
    return math.copysign(math.ceil(x), x) if math.isfinite(x) else x


def _round_half_even(x: float) -> float:
    return math.copysign(round(x), x) if math.isfinite(x) else x


_ON_NUMBERS: Mapping[str, Compute] = {
    "+": _arithmetic(operator.add, operator.add),
    "-": _arithmetic(operator.sub, operator.sub),
    "*": _arithmetic(operator.mul, operator.mul),
    "/": _divide,
    "%": _modulo,
    "^": _power,
    "&": _bitwise(operator.and_),
    "|": _bitwise(operator.or_),
    "xor": _bitwise(operator.xor),
    "<<": _bitwise(_shift),
    ">>": _bitwise(lambda x, y: x >> (y & 31)),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "min": _choose(min),
    "max": _choose(max),
    "fmod": _fmod,
    "remainder": _remainder,
    "atan2": lambda y, x: Real(math.atan2(y.value, x.value)),
    "abs": lambda x: Int(wrap32(abs(x.value))) if isinstance(x, Int) else Real(abs(x.value)),
    "int": lambda x: Int(_as_int(x)),
    "float": lambda x: Real(float(x.value)),
    "lowest": lambda x: Real(float(x.value)),
    "highest": lambda x: Real(float(x.value)),
    # The standard compiler folds `round` like `rint`: halves go to the even neighbour.
    "rint": lambda x: Real(_round_half_even(float(x.value))),
    "round": lambda x: Real(_round_half_even(float(x.value))),
    "floor": _function("floor", _float_floor),
    "ceil": _function("ceil", _float_ceil),
    **{
        name: _function(name, getattr(math, name))
        for name in ("tan", "asin", "acos", "atan", "exp", "log", "log10", "sqrt")
    },
    "sin": _periodic(math.sin, (0.0, 1.0, 0.0, -1.0, 0.0)),
    "cos": _periodic(math.cos, (1.0, 0.0, -1.0, 0.0, 1.0)),
}

# -- Primitives on terms: what is known without knowing the operands ---------------------------


def _is(value: float) -> Callable[[Signal], bool]:
    return lambda signal: not isinstance(signal, Term) and signal.value == value


_zero, _one, _minus_one = _is(0), _is(1), _is(-1)


def _add(x: Signal, y: Signal) -> Signal | None:
    return y if _zero(x) else x if _zero(y) else None


def _subtract(x: Signal, y: Signal) -> Signal | None:
    return x if _zero(y) else Int(0) if x is y else None


def _multiply(x: Signal, y: Signal) -> Signal | None:
    if _zero(x) or _one(y):
        return x
    return y if _zero(y) or _one(x) else None


def _quotient(x: Signal, y: Signal) -> Signal | None:
    if _zero(x):
        return Int(0)
    return x if _one(y) else Int(1) if x is y else None


def _and(x: Signal, y: Signal) -> Signal | None:
    if _zero(x) or _minus_one(y) or x is y:
        return x
    return y if _zero(y) or _minus_one(x) else None


def _or(x: Signal, y: Signal) -> Signal | None:
    if _zero(y) or _minus_one(x) or x is y:
        return x
    return y if _zero(x) or _minus_one(y) else None


def _same(value: int) -> Callable[[Signal, Signal], Signal | None]:
    return lambda x, y: Int(value) if x is y else None


def _shifted(x: Signal, y: Signal) -> Signal | None:
    return x if _zero(y) else None


def _delayed(x: Signal, d: Signal) -> Signal | None:
    return x if _zero(d) or _zero(x) else None


def _raised(x: Signal, y: Signal) -> Signal | None:
    return Real(1.0) if _zero(y) else x if _one(y) else None


def _gated(x: Signal, gate: Signal) -> Signal | None:
    return Int(0) if _zero(gate) else x if _one(gate) else None


def _selected(condition: Signal, x: Signal, y: Signal) -> Signal | None:
    if _zero(condition) or x is y:
        return x
    return None if isinstance(condition, Term) else y


def _selected3(choice: Signal, x: Signal, y: Signal, z: Signal) -> Signal | None:
    if _zero(choice) or x is y is z:
        return x
    if _one(choice):
        return y
    return None if isinstance(choice, Term) else z


_ON_TERMS: Mapping[str, Callable[..., Signal | None]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _quotient,
    "&": _and,
    "|": _or,
    "<<": _shifted,
    ">>": _shifted,
    "@": _delayed,
    "mem": lambda x: _delayed(x, Int(1)),
    "^": _raised,
    "enable": _gated,
    "control": _gated,
    "select2": _selected,
    "select3": _selected3,
    **dict.fromkeys(("==", "<=", ">="), _same(1)),
    **dict.fromkeys(("!=", "<", ">", "%", "xor"), _same(0)),
}
