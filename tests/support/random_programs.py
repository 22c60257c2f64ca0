"""Random differentiable programs, for property tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


@dataclass(frozen=True)
class Case:
    """A program with sliders.

    Args:
        body: its definitions, without those of the sliders.
        sliders: name and label -> initial value.
        inputs: number of audio inputs.
        ends: of the sliders' ranges.
    """

    body: str
    sliders: Mapping[str, float]
    inputs: int = 1
    ends: tuple[float, float] = (-4, 4)

    @property
    def text(self) -> str:
        low, high = self.ends
        lines = [
            f'{name} = hslider("{name}", {value!r}, {low}, {high}, 0.001);'
            for name, value in self.sliders.items()
        ]
        return "\n".join([*lines, self.body])

    def moved(self, offsets: Mapping[str, float]) -> Case:
        """The program with some of its sliders at other places, which can lie beyond their ends."""
        values = {name: value + offsets.get(name, 0) for name, value in self.sliders.items()}
        low, high = min(self.ends[0], *values.values()), max(self.ends[1], *values.values())
        return replace(self, sliders=values, ends=(low, high))


#: Where a slider starts. At the last ones, programs often have kinks.
STARTS = st.sampled_from([0.37, 0.83, 1.29, -0.61, -1.47, 2.71, 0.37, 0.83, 0.0, 1.0, 0.5])
NUMBERS = st.sampled_from(["0.3", "0.7", "1.1", "-0.9", "2.3", "0.5", "1", "2", "3", "0", "-1"])

#: Functions of one argument, kept where they are defined; some have points with no derivative.
UNARY = [
    *("sin({0})", "cos({0})", "tan(sin({0}))", "atan({0})", "asin(0.9*sin({0}))"),
    *("acos(0.9*cos({0}))", "exp(sin({0}))", "log(1 + {0}*{0})", "log10(2 + abs({0}))"),
    *("sqrt(1 + {0}*{0})", "sqrt(abs({0}))", "abs({0})", "sqrt(max(0, {0}))", "{0}^2", "{0}^3"),
    *("(0 - {0})", "{0}*{0}", "{0}/(1 + abs({0}))", "(1 + abs({0}))^-0.5", "abs({0})^0.5"),
    *("1/(1 + {0}*{0})", "asin(max(-1, min(1, {0})))", "acos(max(-1, min(1, {0})))"),
    *("max(0, {0})", "min(1, {0})", "float({0})", "({0} - floor({0}))", "fmod({0}, 0.7)"),
    *("{0}'", "mem({0})", "({0} @ 3)", "{0}''", "prefix(0.3, {0})"),
    "select2({0} > 0, 0.5*{0}, sin({0}))",
    *("({0} : \\(t).(t*t + sin(t)))", "({0} <: _, sin :> _)", "({0} <: *)"),
    *("(0.4*{0} : + ~ *(0.5))", "({0} : + ~ (mem : *(0.3)))", '({0} : hbargraph("m", -1, 1))'),
    *('hgroup("g", sin({0}))', 'vgroup("h", 0.5*{0})'),
]
#: Functions of one argument that go in steps.
STEPS = [
    *("int({0})", "floor({0})", "ceil({0})", "rint({0})", "round({0})", "({0} > 0.2)"),
    *("(int(4*sin({0})) & 3)", "(int({0}) << 1)", "lowest(sin({0}))", "highest(sin({0}))"),
    "rdtable(waveform{{0.1, 0.7, -0.3, 1.2, 0.4}}, int(2 + 2*sin({0})))",
]
#: Functions of two arguments.
BINARY = [
    *("({0} + {1})", "({0} - {1})", "{0}*{1}", "{0}/(1 + {1}*{1})", "{0}/(0.3 + abs({1}))"),
    *("atan2({0}, {1})", "atan2({0}, 1 + abs({1}))", "min({0}, {1})", "max({0}, {1})"),
    *("fmod({0}, 0.5 + abs({1}))", "remainder({0}, 0.5 + abs({1}))", "({0} % (0.5 + {1}*{1}))"),
    *("(1 + abs({0}))^sin({1})", "abs({0})^abs({1})", "({0} : power(1.5 + sin({1})))"),
    # Half a sample more: libfaust gives some delays of whole lengths too little memory.
    *("({0} @ int(3.5 + 3*sin({1})))", "({0} @ (1 + ({1} > 0)))", "attach({0}, {1})"),
    *("enable({0}, {1} > 0)", "control({0}, {1} > 0)", "({0} > {1})", "({0} == {1})"),
    *("select2({0} > {1}, {0}, {1})", "select2({1} > 0, {0}, 0.7)", "({0}, {1} : +)"),
    *("select3(int(1.5 + 1.4*sin({1})), {0}, 0.5*{0}, sin({1}))", "({0}, {1} :> sin)"),
    *("rwtable(8, 0.0, int(3 + 3*sin({1})), {0}, int(3 + 3*cos({1})))",),
    *("rwtable(4, 0.5, count % 4, {0}, (count + 3) % 4)", "({0}, {1} <: (+, *) :> _)"),
    *("({0}, {1} : route(2, 2, (1,2), (2,1)) : -)", "(({0}, {1}) : (_, _ <: !, _))"),
    *("({0} : + ~ (*(0.5*sin({1}))))", "sum(i, 2, {0}*i + {1})", "prod(i, 2, {0} + i*{1})"),
]
#: Feedback goes through one of these, so that a loop does not grow.
DAMPING = st.sampled_from(["*(0.5)", "sin", "*(-0.4)", "(sin : *(0.7))", "atan", "(mem : *(0.5))"])


@st.composite
def values(draw: st.DrawFn, names: tuple[str, ...], depth: int) -> str:
    """An expression with one output and no inputs."""
    if depth <= 0:
        return draw(st.sampled_from(names) | st.sampled_from(names) | NUMBERS)
    kinds = "unary unary step binary binary binary binary pipe with lambda letrec sum case"
    match draw(st.sampled_from(kinds.split())):
        case "unary":
            return draw(st.sampled_from(UNARY)).format(draw(values(names, depth - 1)))
        case "step":
            return draw(st.sampled_from(STEPS)).format(draw(values(names, depth - 1)))
        case "binary":
            one, two = draw(values(names, depth - 1)), draw(values(names, depth - 1))
            return draw(st.sampled_from(BINARY)).format(one, two)
        case "pipe":
            count = draw(st.integers(1, 3))
            arguments = [draw(values(names, depth - 2)) for _ in range(count)]
            return f"({', '.join(arguments)} : {draw(circuits(names, count, 1, depth - 1))})"
        case "with":
            name = f"w{depth}"
            body, value = draw(values((*names, name), depth - 1)), draw(values(names, depth - 1))
            return f"({body} with {{ {name} = {value}; }})"
        case "lambda":
            name = f"x{depth}"
            body, value = draw(values((*names, name), depth - 1)), draw(values(names, depth - 1))
            return rf"({value} : \({name}).({body}))"
        case "letrec":
            one, two = f"r{depth}", f"s{depth}"
            first, second = (draw(values((*names, one, two), depth - 1)) for _ in range(2))
            damping = draw(DAMPING)
            return (
                f"({one} + {two} letrec "
                f"{{ '{one} = {first} : {damping}; '{two} = {second} : sin; }})"
            )
        case "sum":
            kind, count = draw(st.sampled_from(["sum", "prod"])), draw(st.integers(1, 3))
            return f"{kind}(i, {count}, {draw(values((*names, 'i'), depth - 1))})"
        case "case":
            return (
                f"case {{ (0) => {draw(values(names, depth - 1))}; "
                f"(n) => {draw(values(names, depth - 1))}*n; }}({draw(st.integers(0, 2))})"
            )
    raise AssertionError


@st.composite
def circuits(draw: st.DrawFn, names: tuple[str, ...], ins: int, outs: int, depth: int) -> str:
    """An expression with these numbers of inputs (at least 0) and outputs (at least 1)."""

    def circuit(ins: int, outs: int) -> str:
        return draw(circuits(names, ins, outs, depth - 1))

    def small(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    if depth > 0:
        kinds = "leaf lambda lambda lambda seq par split merge rec rec route iteration group"
        match draw(st.sampled_from(kinds.split())):
            case "seq":
                middle = small(1, 3)
                return f"({circuit(ins, middle)} : {circuit(middle, outs)})"
            case "par" if outs > 1:
                left, right = small(0, ins), small(1, outs - 1)
                return f"({circuit(left, right)}, {circuit(ins - left, outs - right)})"
            case "split":
                middle = small(1, 2)
                return f"({circuit(ins, middle)} <: {circuit(middle * small(1, 2), outs)})"
            case "merge":
                middle = small(1, 2)
                return f"({circuit(ins, middle * small(1, 3))} :> {circuit(middle, outs)})"
            case "rec":
                sent, taken = small(0, outs), small(1, 2)
                back = circuit(sent, taken)
                damping = ", ".join(draw(DAMPING) for _ in range(taken))
                return f"({circuit(ins + taken, outs)} ~ ({back} : {damping}))"
            case "route" if ins > 0:
                pairs = [(small(1, ins), small(1, outs)) for _ in range(small(1, 4))]
                ends = ", ".join(f"({one}, {two})" for one, two in pairs)
                return f"(route({ins}, {outs}, {ends}) : {circuit(outs, outs)})"
            case "iteration":
                body = draw(circuits((*names, "i"), 1, 1, depth - 1))
                if ins == outs:
                    return f"par(i, {ins}, {body})"
                if ins > 0 and outs == 1:
                    return f"{draw(st.sampled_from(['sum', 'prod']))}(i, {ins}, {body})"
                if ins == 1:
                    copies = f"par(i, {outs}, {body})"
                    return f"(seq(i, {small(0, 2)}, {body}) <: {copies})"
            case "group":
                group = draw(st.sampled_from(['hgroup("g"', 'vgroup("h"', 'tgroup("t"']))
                return f"{group}, {circuit(ins, outs)})"
            case "lambda":
                parameters = tuple(f"y{depth}{i}" for i in range(ins))
                parts = [draw(values((*names, *parameters), depth - 1)) for _ in range(outs)]
                if ins:
                    return rf"\({', '.join(parameters)}).({', '.join(parts)})"
                return f"({', '.join(parts)})"
    if ins == outs:
        leaf = st.sampled_from(["_", "_", "sin", "mem", "abs", "cos", f"*({names[0]})", "atan"])
        return f"({', '.join(draw(leaf) for _ in range(ins))})"
    if ins == 0:
        return f"({', '.join(draw(values(names, 0)) for _ in range(outs))})"
    if outs == 1:
        return draw(st.sampled_from("+ - *".split())) if ins == 2 else f"(si_bus({ins}) :> sin)"
    if ins < outs:
        return f"(si_bus({ins}), {', '.join(draw(values(names, 0)) for _ in range(outs - ins))})"
    return f"(si_bus({outs}), par(i, {ins - outs}, !))"


HELPERS = "si_bus(n) = par(i, n, _);\ncount = +(1) ~ _;\npower(y, x) = abs(x)^y;\n"


def side_by_side(some: Sequence[Case]) -> str:
    """A program that consists of several ones, each in a group of its own, and needs `HELPERS`.

    To compile it takes less time than to compile each.
    """
    lines = [f"p{index} = environment {{\n{case.text}\n}};" for index, case in enumerate(some)]
    parts = ", ".join(f'hgroup("{index}", p{index}.process)' for index in range(len(some)))
    return "\n".join([*lines, f"process = {parts};"])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A program with sliders, definitions that use those before them, and `process`."""
    sliders = {name: draw(STARTS) for name in "abc"[: draw(st.integers(1, 3))]}
    names = tuple(sliders)
    lines: list[str] = []
    own: list[str] = []
    for index in range(draw(st.integers(1, 3))):
        lines.append(f"v{index} = {draw(values((*names, *own), 3))};")
        own.append(f"v{index}")
    inputs, outputs = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    circuit = draw(circuits((*names, *own), inputs, outputs, 4))
    # The definitions are outputs, too: the circuit need not use them.
    lines.append(f"process = {', '.join([circuit, *own])};")
    return Case("\n".join(lines), sliders, inputs)


#: What is infinite, or has no derivative, where an argument is 0, or 1, or the other one.
SINGULAR = [
    *("1/{0}", "1/({0}*{0})", "{1}/{0}", "1/(1 - {0})", "1/({0} - {1})", "1/abs({0})", "{0}^-3"),
    *("log(abs({0}))", "log10(abs({0}))", "{0}^-1", "{0}^-2", "abs({0})^0.5", "abs({0})^{1}"),
    *("tan(1.5707963267948966*{0})", "sqrt(abs({0}))", "asin(sin({0}))", "atan2({0}, {1})"),
    *("1/(1/{0} + 1/{1})", "1/sin({0})", "1/({0} : + ~ *(0.5))", "1/{0}'", "acos(cos({0}))"),
]
#: What is finite where its argument is infinite, or no number; which of two operands the minimum is
#: when one is no number is not the same everywhere.
TAMING = [
    *("exp(0 - {0}*{0})", "exp(0 - abs({0}))", "1/(1 + {0}*{0})", "1/(1 + abs({0}))", "atan({0})"),
    *(
        "select2({0} < 1, 1, 0.5*{0})",
        "1/(0.7 + {0})",
        "1/(2 + {0} + {1})",
        "1/(1 + {0}*{1})",
        "1/{0}",
    ),
    *("select2(abs({0}) < 100, {1}, {0})", "(1/(1 + {0}*{0}) : + ~ *(0.5))", "atan2({1}, {0})"),
    *("{1}/(1 + {0}^2)", "1/(1 + exp({0}))", "atan({0})'", "{1}*atan({0}*{1})", "1/(1 + {0}^4)"),
]


@st.composite
def singular_cases(draw: st.DrawFn) -> Case:
    """A program with sliders at the ends or in the middle, where parts of it can be infinite."""
    ends = draw(st.sampled_from([(0, 1), (-1, 1), (0, 4), (-4, 4), (1, 3), (0, 1000)]))
    places = st.sampled_from([float(ends[0]), sum(ends) / 2, float(ends[1])])
    sliders = {name: draw(places) for name in "ab"}
    outputs = []
    for _ in range(2):
        near, other = draw(values(tuple(sliders), 1)), draw(values(tuple(sliders), 1))
        infinite = draw(st.sampled_from(SINGULAR)).format(near, other)
        outputs.append(draw(st.sampled_from(TAMING)).format(f"({infinite})", other))
    return Case(f"process = {', '.join(outputs)};", sliders, 0, ends)


def programs(count: int) -> list[Case]:
    """Random programs, always the same ones."""
    found: list[Case] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases() | singular_cases())
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found
