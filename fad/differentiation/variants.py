"""Primitives with a rule of their own where more is known of their arguments.

Before a diagram is differentiated, it is run on intervals: what lies between which bounds, whatever
the sliders' values are. That decides

- which divisors may be 0. There the quotient is infinite, and what follows often is not, as in
  `1/(1/r1 + 1/r2)`; an infinite tangent would make it not a number, for ever inside a recursion.
  So these divisions are guarded, and all others are written as they always were;
- which products have a factor that may be infinite for that reason;
- which operand of `min` or `max` is the result whatever happens: `max(min(c, 1), 1)` is 1, and at
  the tie its derivative is not that of `c`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from fad.diagram.bounds import UNKNOWN, Bounds, bounds_of, of_square
from fad.diagram.box import (
    Arity,
    Box,
    ForeignValue,
    Int,
    Par,
    Primitive,
    Real,
    Rec,
    Seq,
    Slider,
    Slot,
    Split,
    Switch,
    arity_of,
    postorder,
)
from fad.diagram.interpret import Interpretation
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.marking import marked
from fad.differentiation.rules import VARIANTS
from fad.differentiation.variables import Variable

#: The name of the sample rate in programs.
_RATE = "fSamplingFreq"
#: Without any of these, all primitives have their own rules.
_DECIDED = (Primitive("/"), Primitive("min"), Primitive("max"))
#: The kinds of rules that keep tangents finite, the stronger one first.
GUARDS = ("bounded", "guarded")


class Variant(Box):
    """A primitive with another rule than its own (see `fad.differentiation.rules.VARIANTS`).

    Attributes:
        function: the primitive.
        kind: which rule.
    """

    __slots__ = ("function", "kind")
    fields = ("function", "kind")
    function: Primitive
    kind: str

    def _infer(self) -> Arity:
        return PRIMITIVES[self.function.name], 1


class _Signal(NamedTuple):
    """What is known of a signal.

    Attributes:
        bounds: of its values, where they are finite.
        vanishes: whether it can be exactly 0: in silence, or where sliders are moved so. That
            signals of which nothing is known cancel is not thought of.
        is_control: whether it depends on numbers and widgets only, which can be moved to any of
            its values.
        is_pole: whether it may be infinite because a divisor vanishes.
    """

    bounds: Bounds
    vanishes: bool = True
    is_control: bool = False
    is_pole: bool = False


_NOTHING = _Signal(UNKNOWN)


def with_variants(root: Box, originals: Mapping[Box, Box]) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram in which the primitives are marked of which more is known.

    Args:
        root: the whole diagram, whose variables are marked.
        originals: what parts of it were in the program, where they have been changed before.

    Returns:
        The new diagram, and what its parts were in the program, where they have been changed.
    """
    if not any(part in _DECIDED for part in postorder(root)):
        return root, originals
    analysis = _Analysis()
    analysis.outputs(root, (_NOTHING,) * arity_of(root)[0], dict.fromkeys(root.free, _NOTHING))
    kinds = {place: _common(found) for place, found in analysis.kinds.items()}

    def change(part: Box, became: Mapping[Box, Box], note: Callable[[Box, Box], Box]) -> Box | None:
        if isinstance(part, Primitive):
            return _variant(part, kinds.get(part))
        if isinstance(part, Seq | Split) and isinstance(part.right, Primitive) and part in kinds:
            function = note(_variant(part.right, kinds[part]), part.right)
            return type(part)(became[part.left], function)
        return None

    return marked(root, originals, change)


def _variant(primitive: Primitive, kind: str | None) -> Box:
    return primitive if kind is None else Variant(primitive, kind)


def _common(kinds: set[str | None]) -> str | None:
    """One rule for all uses of a place: a guard if any needs it, else what they agree on."""
    for guard in GUARDS:
        if guard in kinds:
            return guard
    return next(iter(kinds)) if len(kinds) == 1 else None


def _kind(name: str, arguments: Sequence[_Signal]) -> str | None:
    """Which rule fits a primitive with some arguments; `None` for its own."""
    poles = [argument.is_pole and _meets_no_other(arguments) for argument in arguments]
    if name == "/":  # where the divisor is infinite, the partials are 0
        poles.pop()
    if name == "*":  # the partial by a number is not asked for
        poles = [
            pole and not _is_number(other)
            for pole, other in zip(poles, arguments[::-1], strict=True)
        ]
    if ("bounded", name) in VARIANTS and any(poles):
        return "bounded"
    if name not in ("/", "min", "max"):
        return None
    (low, high), (least, most) = [argument.bounds for argument in arguments]
    if name == "/":
        return "guarded" if arguments[1].vanishes else None
    if high <= least:
        return "first" if name == "min" else "second"
    if most <= low:
        return "second" if name == "min" else "first"
    return None


def _is_number(signal: _Signal) -> bool:
    return signal.bounds[0] == signal.bounds[1]


def _control(low: float, high: float) -> _Signal:
    """A number or a widget between some bounds."""
    return _Signal((low, high), low <= 0 <= high, is_control=True)


def _computed(name: str, arguments: Sequence[_Signal], bounds: Bounds) -> _Signal:
    """What a primitive gives that has these bounds."""
    vanishes = _vanishes(name, arguments, bounds)
    is_control = all(argument.is_control for argument in arguments)
    is_pole = any(argument.is_pole for argument in arguments)
    if name == "/":
        dividend, divisor = arguments
        is_pole = dividend.is_pole or divisor.vanishes
        arguments = [dividend]
    elif name == "^":
        base, exponent = arguments
        is_pole = is_pole or (base.vanishes and exponent.bounds[0] < 0)
    elif name in ("log", "log10"):  # levels in decibels are common, and rarely multiplied
        is_pole = is_pole or (arguments[0].vanishes and is_control)
    is_pole = is_pole and (name in ("+", "-", "^") or _meets_no_other(arguments))
    is_pole = is_pole and not all(map(isfinite, bounds))
    return _Signal(bounds, vanishes, is_control, is_pole)


def _meets_no_other(arguments: Sequence[_Signal]) -> bool:
    """Whether all arguments are known or infinite at times.

    An infinite signal times an unknown one, which can be 0, is no number in the program itself.
    """
    return all(argument.is_control or argument.is_pole for argument in arguments)


def _vanishes(name: str, arguments: Sequence[_Signal], result: Bounds) -> bool:
    """Whether what a primitive computes can be exactly 0, where its bounds do not tell."""
    if result[0] > 0 or result[1] < 0:
        return False
    match name, [argument.vanishes for argument in arguments]:
        case (("+" | "-" | "max" | "min"), each):
            return all(each) or all(argument.is_control for argument in arguments)
        case (("*" | "enable"), each):
            return any(each)
        case (("exp" | "cos"), _):
            return False
        case (("/" | "^" | "abs" | "sqrt" | "sin" | "tan" | "asin" | "atan"), [first, *_]):
            return first
    return True


def _is_square(operands: Box) -> bool:
    """Whether two operands are one signal."""
    if isinstance(operands, Par):
        return operands.left is operands.right and operands.left.arity == (0, 1)
    return arity_of(operands)[1] == 1


class _Analysis(Interpretation[_Signal]):
    """Runs diagrams whose variables are marked on intervals.

    Attributes:
        kinds: where a primitive is applied -> the rules that fit its arguments. Where it has no
            arguments of its own, the place is the primitive.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[Box, set[str | None]] = {}

    def _outputs(
        self,
        box: Box,
        inputs: tuple[_Signal, ...],
        slots: Mapping[Slot, _Signal],
        key: tuple[object, ...],
    ) -> tuple[_Signal, ...]:
        match box:
            case (
                Seq(left=left, right=Primitive() as function)
                | Split(left=left, right=Primitive() as function)
            ):
                arguments = self.outputs(left, inputs, slots)
                if isinstance(box, Split):
                    arguments *= PRIMITIVES[function.name] // len(arguments)
                result = self._applied(box, function.name, arguments)
                if function.name == "*" and _is_square(left):
                    result = _computed("*", arguments, of_square(arguments[0].bounds))
                return (result,)
        return super()._outputs(box, inputs, slots, key)

    def leaf(self, box: Box, inputs: tuple[_Signal, ...]) -> tuple[_Signal, ...]:
        """Numbers, widgets, and what primitives make of them."""
        match box:
            case Variable():
                return self.leaf(box.signal, ())
            case Int() | Real():
                return (_control(box.value, box.value),)
            case Slider():
                return (_control(min(box.min, box.init), max(box.max, box.init)),)
            case Switch():
                return (_control(0.0, 1.0),)
            case ForeignValue(name=name) if name == _RATE:
                return (_Signal((1.0, UNKNOWN[1]), vanishes=False),)
            case Primitive():
                return (self._applied(box, box.name, inputs),)
        return (_NOTHING,) * arity_of(box)[1]

    def _applied(self, place: Box, name: str, arguments: tuple[_Signal, ...]) -> _Signal:
        """What a primitive gives at a place."""
        bounds = [argument.bounds for argument in arguments]
        self.kinds.setdefault(place, set()).add(_kind(name, arguments))
        return _computed(name, arguments, bounds_of(name, bounds))

    def total(self, values: Sequence[_Signal]) -> _Signal:
        """A sum."""
        result = _control(0.0, 0.0)
        for value in values:
            pair = result, value
            bounds = bounds_of("+", [term.bounds for term in pair])
            result = _computed("+", pair, bounds)
        return result

    def loop(
        self,
        box: Rec,
        key: tuple[object, ...],
        turn: Callable[[tuple[_Signal, ...]], tuple[_Signal, ...]],
    ) -> tuple[_Signal, ...]:
        """One turn, as nothing is known of what comes back."""
        return turn((_NOTHING,) * arity_of(box.right)[0])
