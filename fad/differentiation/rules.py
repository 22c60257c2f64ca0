"""The derivative of every primitive, as data.

A rule is one of four kinds, and there is no default: a primitive without a rule is a gap that a
test finds. Expressions are Faust text over `x`, `y`, `z`, `u`, `v` (the arguments in order) and
`r` (the result); in a `Linear` rule also over the arguments' tangents `dx`, `dy` ... Partials are
stated per argument, not per tangent, so that other modes can be read off the same table.

At the edges: where the result is finite and the derivative is not, the partial is 0, because one
infinite sample would stay in a recursion for ever. Such guards are `select2`s, which do not let
the unused branch through, and stand in the rule itself. A divisor in that branch is kept from being
0: where it is known to be 0, the standard compiler refuses the division, used or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fad.diagram.ruled import CustomRule

#: The names of a primitive's arguments in the rules, in order.
ARGUMENTS = ("x", "y", "z", "u", "v")


@dataclass(frozen=True)
class Partials:
    """One partial derivative per argument.

    Args:
        texts: the partial derivatives, in the order of the arguments.
        edge: what was chosen where the derivative does not exist.
    """

    texts: tuple[str, ...]
    edge: str = ""

    def __init__(self, *texts: str, edge: str = "") -> None:
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "edge", edge)


@dataclass(frozen=True)
class Linear:
    """The tangent as a sum of expressions that are linear in the arguments' tangents.

    Args:
        texts: the expressions. One is left out where none of the tangents that it uses is there; a
            tangent that is not there is 0 in the others. An argument whose tangent they do not
            use has no effect on the result, or one that `zero` explains.
        zero: for an argument with an effect that has no derivative, the reason.
        edge: what was chosen where the derivative does not exist.
        transposed: for an argument whose tangent goes through memory, what its cotangent gets of
            that of the result, `w`, both reversed in time; or the reason why there is no such
            thing. That of all other arguments gets `w` times what the expressions give where the
            argument's tangent is 1 and the others are 0.
    """

    texts: tuple[str, ...]
    zero: Mapping[str, str] = field(default_factory=dict)
    edge: str = ""
    transposed: Mapping[str, str | Unsupported] = field(default_factory=dict)

    def __init__(
        self,
        *texts: str,
        zero: Mapping[str, str] = MappingProxyType({}),
        edge: str = "",
        transposed: Mapping[str, str | Unsupported] = MappingProxyType({}),
    ) -> None:
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "zero", zero)
        object.__setattr__(self, "edge", edge)
        object.__setattr__(self, "transposed", transposed)


@dataclass(frozen=True)
class Zero:
    """The derivative is zero almost everywhere, for this reason."""

    reason: str


@dataclass(frozen=True)
class Unsupported:
    """There is no rule, for this reason: an error on an active path."""

    reason: str


#: The rules of the tables.
Rule = Partials | Linear | Zero | Unsupported


@dataclass(frozen=True)
class Custom:
    """The rule that the program has for one of its own functions.

    Args:
        ruled: its partial derivatives.
    """

    ruled: CustomRule


_STEP = Zero("it is constant between its steps")
_TEST = Zero("a test is 0 or 1")
_BITS = Zero("it works on the bits of integers")
#: The logarithm of a level that is 0, as at the start of many programs, is infinite, and what comes
#: after it often is not: one product of an infinite partial with a tangent that is 0 would stay in
#: a recursion for ever.
_AT_SILENCE = "at 0, where the result is infinite, it is 0"
#: To record what is computed on the way would be to compute it at all times.
_SWITCHED = Unsupported("stands still at times, with all that is computed for it alone")
_INDEX = "a table is read and written at whole positions"

DERIVATIVES: Mapping[str, Rule] = MappingProxyType(
    {
        # Arithmetic.
        "+": Partials("1", "1"),
        "-": Partials("1", "-1"),
        "*": Partials("y", "x"),
        "/": Partials("1/y", "0 - r/y"),
        "^": Partials(
            "select2((x == 0) & (y < 1), y*x^(y - 1), 0)",
            "select2(x > 0, 0, r*log(x))",
            edge="at x = 0 for y < 1, and by the exponent for x <= 0, it is 0",
        ),
        # x - n*y with a whole number n, which does not follow small changes.
        **dict.fromkeys(("%", "fmod", "remainder"), Partials("1", "(r - x)/y")),
        "abs": Partials("(x > 0) - (x < 0)", edge="at 0 it is 0"),
        "min": Linear("select2(x <= y, dy, dx)", edge="at a tie it is that of the first argument"),
        "max": Linear("select2(x >= y, dy, dx)", edge="at a tie it is that of the first argument"),
        "float": Linear("dx"),
        **dict.fromkeys(("int", "floor", "ceil", "rint", "round"), _STEP),
        **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _TEST),
        **dict.fromkeys(("&", "|", "xor", "<<", ">>"), _BITS),
        **dict.fromkeys(("lowest", "highest"), Zero("it is a bound known to the compiler")),
        # Functions.
        "exp": Partials("r"),
        "log": Partials("select2(x == 0, 1/(x + (x == 0)), 0)", edge=_AT_SILENCE),
        "log10": Partials(
            "select2(x == 0, 0.4342944819032518/(x + (x == 0)), 0)", edge=_AT_SILENCE
        ),
        "sqrt": Partials("select2(r > 0, 0, 0.5/(r + (r == 0)))", edge="at 0 it is 0"),
        "sin": Partials("cos(x)"),
        "cos": Partials("0 - sin(x)"),
        "tan": Partials("1 + r*r"),
        "asin": Partials(
            "select2(x*x < 1, 0, 1/sqrt(1 - x*x + (x*x == 1)))", edge="at -1 and 1 it is 0"
        ),
        "acos": Partials(
            "0 - select2(x*x < 1, 0, 1/sqrt(1 - x*x + (x*x == 1)))", edge="at -1 and 1 it is 0"
        ),
        "atan": Partials("1/(1 + x*x)"),
        "atan2": Partials(
            "select2(x*x + y*y > 0, 0, y/(x*x + y*y + (x*x + y*y == 0)))",
            "0 - select2(x*x + y*y > 0, 0, x/(x*x + y*y + (x*x + y*y == 0)))",
            edge="at the origin it is 0",
        ),
        # Time.
        "mem": Linear("dx'", transposed={"x": "w'"}),
        # A delay that varies puts `w` where it was taken from: see `scatter`.
        "@": Linear(
            "dx @ y",
            zero={"y": "a delay is a whole number of samples"},
            transposed={"x": "w @ y"},
        ),
        # The first argument is a constant: the standard compiler takes nothing else. The tangent
        # is no `prefix(0, dy)`: libfaust fails on a delay of that where dy is a constant.
        "prefix": Linear("dy'", transposed={"y": "w'"}),
        # Choice.
        "select2": Linear("select2(x, dy, dz)", zero={"x": "it only picks"}),
        "select3": Linear("select3(x, dy, dz, du)", zero={"x": "it only picks"}),
        # x*y, which is computed only while y is not 0. libfaust fails on a delay of `enable` or
        # `control` alone, which the program need not have where its derivative has it.
        "enable": Linear(
            "attach(enable(dx, y), y)", "x*dy", transposed={"x": _SWITCHED, "y": _SWITCHED}
        ),
        "control": Linear(
            "attach(control(dx, y), y)",
            zero={"y": "it only switches"},
            transposed={"x": _SWITCHED},
        ),
        # The second argument of `attach` runs, but its value is not used.
        "attach": Linear("dx"),
        "assertbounds": Linear("dz"),
        # Tables.
        "rdtable": Zero(_INDEX),
        "rwtable": Linear(
            "rwtable(x, 0.0, z, du, v)",
            zero={"z": _INDEX, "v": _INDEX},
            transposed={"u": Unsupported("is written to, and read at any later time")},
        ),
    }
)

#: Reads at whole positions that are given a slope (see `surrogates`). The last argument is the
#: position before it is made whole.
SURROGATES: Mapping[str, Linear] = MappingProxyType(
    {
        # The central difference of the table's neighbours, which it wraps around to.
        "tables": Linear(
            "(rdtable(x, y, (int(z) + 1) % x) - rdtable(x, y, (int(z) + x - 1) % x))*0.5*dz"
        ),
        # The same for a sample of a sound file, the one after it, the one before it.
        "sounds": Linear("(y - z)*0.5*du"),
        # The slope that linear interpolation would have.
        "delays": Linear(
            "dx @ int(y)",
            "(x @ (int(y) + 1) - x @ int(y))*dy",
            transposed={"x": "w @ int(y)"},
        ),
    }
)


def _bounded(rule: Rule) -> Partials:
    """A rule with 0 in place of partials that are not numbers, infinite, or nearly so.

    The limit is that of `finite` in fad.lib.
    """
    assert isinstance(rule, Partials)
    texts = [f"select2(abs({text}) < 1e18, 0, {text})" for text in rule.texts]
    return Partials(*texts, edge="where it would be larger than 1e18, it is 0")


#: Whether a divisor counts as 0: before its square underflows. It need not be a real number.
_NO_DIVISOR = "(float(y)*y*y == 0)"
_GUARDED_DIVISION = Partials(
    f"select2({_NO_DIVISOR}, 1/(y + {_NO_DIVISOR}), 0)",
    f"select2({_NO_DIVISOR}, 0 - x/(y*y + {_NO_DIVISOR}), 0)",
    edge="where the divisor is 0, or so small that its cube is, it is 0",
)

#: (kind, primitive) -> its rule where more is known of its arguments (see `variants`, `kinks`).
VARIANTS: Mapping[tuple[str, str], Rule] = MappingProxyType(
    {
        # The divisor may be 0.
        ("guarded", "/"): _GUARDED_DIVISION,
        # An argument may be infinite, as sliders can make a divisor 0.
        ("bounded", "/"): _bounded(_GUARDED_DIVISION),
        **{("bounded", name): _bounded(DERIVATIVES[name]) for name in ("*", "^", "exp", "atan2")},
        # It is always the same one of two.
        **{("first", name): Linear("dx") for name in ("min", "max")},
        **{("second", name): Linear("dy") for name in ("min", "max")},
        # The program decides on which side of 0 it is, by a comparison.
        **{("deciding", name): _TEST for name in ("<", "<=", ">", ">=")},
        ("below", "abs"): Partials("select2(x > 0, -1, 1)", edge="at 0 it is -1"),
        ("above", "abs"): Partials("select2(x >= 0, -1, 1)", edge="at 0 it is 1"),
    }
)

_TWO_OVER_ROOT_PI = "1.1283791670955126"

#: The functions of math.h that programs use as foreign functions, by their C names for doubles.
#: Those for other precisions (`tanhf`, `tanhl`, `tanhfx`) have the same rules.
FOREIGN: Mapping[str, Rule] = MappingProxyType(
    {
        "sinh": Partials("sqrt(1 + r*r)"),
        "cosh": Partials("0.5*(exp(x) - exp(0 - x))"),
        "tanh": Partials("1 - r*r"),
        "asinh": Partials("1/sqrt(1 + x*x)"),
        "acosh": Partials("select2(x > 1, 0, 1/sqrt(x*x - 1 + (x == 1)))", edge="at 1 it is 0"),
        "atanh": Partials(
            "select2(x*x == 1, 1/(1 - x*x + (x*x == 1)), 0)",
            edge="at -1 and 1, where the result is infinite, it is 0",
        ),
        "cbrt": Partials("select2(x == 0, 1/(3*r*r), 0)", edge="at 0 it is 0"),
        "hypot": Partials(
            "select2(r > 0, 0, x/r)", "select2(r > 0, 0, y/r)", edge="at the origin it is 0"
        ),
        "expm1": Partials("r + 1"),
        "log1p": Partials(
            "select2(x == -1, 1/(1 + x + (x == -1)), 0)",
            edge="at -1, where the result is infinite, it is 0",
        ),
        "exp2": Partials("0.6931471805599453*r"),
        "exp10": Partials("2.302585092994046*r"),
        "log2": Partials("select2(x == 0, 1.4426950408889634/(x + (x == 0)), 0)", edge=_AT_SILENCE),
        "erf": Partials(f"{_TWO_OVER_ROOT_PI}*exp(0 - x*x)"),
        "erfc": Partials(f"0 - {_TWO_OVER_ROOT_PI}*exp(0 - x*x)"),
        "copysign": Linear(
            "select2(x == 0, r/(x + (x == 0)), 0)*dx",
            zero={"y": "only its sign is used"},
            edge="at 0 it is 0",
        ),
        "fdim": Partials("x > y", "0 - (x > y)", edge="at a tie it is 0"),
        "fma": Partials("y", "x", "1"),
        # Those that Faust also has as primitives.
        **{name: DERIVATIVES[name] for name in ("sin", "cos", "tan", "asin", "acos", "atan")},
        **{name: DERIVATIVES[name] for name in ("exp", "log", "log10", "sqrt", "atan2")},
        **{name: DERIVATIVES[name] for name in ("fmod", "remainder", "floor", "ceil", "rint")},
        **{"pow": DERIVATIVES["^"], "fabs": DERIVATIVES["abs"], "round": DERIVATIVES["round"]},
        **{"fmin": DERIVATIVES["min"], "fmax": DERIVATIVES["max"]},
        **dict.fromkeys(("trunc", "nearbyint", "isnan", "isinf", "isfinite", "signbit"), _STEP),
    }
)
