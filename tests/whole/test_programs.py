"""Random programs as text: they mean what the standard compiler takes them to mean."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from hypothesis import assume, given, note
from hypothesis import strategies as st

import fad
from fad.base.errors import FadError
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineCrash, EngineRefusal
from tests.support.properties import examples
from tests.support.standard_compiler import expansion

NUMBERS = st.sampled_from(
    ["0", "1", "2", "3", "-1", "0.5", "1.0", "2.5", "0.0", "1e-3", "7", "100000", "-2147483648"]
)
INFIX = st.sampled_from("+ - * / % ^ & | xor << >> < <= > >= == != @".split())
UNARY = st.sampled_from("sin cos exp int float abs floor ceil rint round mem atan sqrt".split())
BINARY = st.sampled_from("min max atan2 fmod remainder prefix attach".split())


@dataclass(frozen=True)
class Names:
    """What a program may use at a place.

    Args:
        values: names of diagrams with one output and no inputs.
        numbers: the names among them that are numbers, known when the program is compiled.
        functions: function name -> number of parameters.
        depth: how deep expressions may still become.
    """

    values: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    functions: tuple[tuple[str, int], ...] = ()
    depth: int = 4

    def deeper(self, *values: str, numbers: tuple[str, ...] = ()) -> Names:
        return Names(
            self.values + values + numbers, self.numbers + numbers, self.functions, self.depth - 1
        )


def fresh(names: Names, stem: str) -> str:
    """A name that is often new, and sometimes hides an outer one."""
    return f"{stem}{(len(names.values) + len(names.functions)) % 4}"


@st.composite
def numbers(draw: st.DrawFn, names: Names) -> str:
    """An expression that is a number when the program is compiled."""
    choice = draw(st.integers(0, 7)) if names.depth > 0 else draw(st.integers(0, 1))
    inner = names.deeper()
    if choice == 1 and names.numbers:
        return draw(st.sampled_from(names.numbers))
    if choice <= 3:
        return draw(NUMBERS)
    if choice == 4:
        return f"({draw(numbers(inner))} {draw(INFIX)} {draw(numbers(inner))})"
    if choice == 5:
        return f"{draw(UNARY)}({draw(numbers(inner))})"
    if choice == 6:
        return f"{draw(st.sampled_from(['inputs', 'outputs']))}({draw(circuits(inner))})"
    kind = draw(st.sampled_from(["sum", "prod"]))
    body = draw(numbers(names.deeper(numbers=("i",))))
    return f"{kind}(i, {draw(st.integers(1, 3))}, {body})"


@st.composite
def values(draw: st.DrawFn, names: Names) -> str:
    """An expression with one output and no inputs."""
    if names.depth <= 0:
        leaves = [*names.values, "1", "0", "0.5", 'button("b")', 'hslider("h",0.5,0,1,0.1)']
        return draw(st.sampled_from(leaves))
    inner = names.deeper()

    def value() -> str:
        return draw(values(inner))

    kinds = "number name infix infix unary binary apply delay pipe with lambda case letrec"
    match draw(st.sampled_from(kinds.split())):
        case "number":
            return draw(numbers(inner))
        case "name" if names.values:
            return draw(st.sampled_from(names.values))
        case "infix":
            return f"({value()} {draw(INFIX)} {value()})"
        case "unary":
            return f"{draw(UNARY)}({value()})"
        case "binary":
            return f"{draw(BINARY)}({value()}, {value()})"
        case "apply" if names.functions:
            name, count = draw(st.sampled_from(names.functions))
            return f"{name}({', '.join(value() for _ in range(count))})"
        case "delay":
            return f"{value()}'"
        case "pipe":
            return f"({value()} : {draw(circuits(inner))} : _)"
        case "with":
            name = fresh(names, "v")
            return f"({draw(values(inner.deeper(name)))} with {{ {name} = {value()}; }})"
        case "lambda":
            name = fresh(names, "p")
            return rf"\({name}).({draw(values(inner.deeper(name)))})({value()})"
        case "case":
            name = fresh(names, "c")
            other = draw(values(inner.deeper(name)))
            return (
                f"case {{ ({draw(numbers(inner))}) => {value()}; ({name}) => {other}; }}({value()})"
            )
        case "letrec":
            one, two = fresh(names, "r"), fresh(names, "s")
            body, first, second = (draw(values(inner.deeper(one, two))) for _ in range(3))
            return f"({body} letrec {{ '{one} = {first}; '{two} = {second}; }})"
    return value()


@st.composite
def circuits(draw: st.DrawFn, names: Names) -> str:
    """An expression with one input and one output."""
    if names.depth <= 0:
        return draw(st.sampled_from(["_", "sin", "mem", "*(2)", "+(1)", "/(3)", "int"]))
    inner = names.deeper()

    def circuit() -> str:
        return draw(circuits(inner))

    def value() -> str:
        return draw(values(inner))

    kinds = "leaf partial left seq split parallel rec loop seqs pars lambda partial-function group"
    match draw(st.sampled_from(f"{kinds} route modulation".split())):
        case "partial":
            return f"{draw(INFIX)}({value()})"
        case "left":
            return f"{draw(BINARY)}({value()})"
        case "seq":
            return f"({circuit()} : {circuit()})"
        case "split":
            return f"(_ <: {circuit()}, {circuit()} :> {circuit()})"
        case "parallel":
            return f"(_ <: ({circuit()}, {circuit()}) : {draw(INFIX)})"
        case "rec":
            return f"({draw(INFIX)} ~ {circuit()})"
        case "loop":
            return f"((+ : {circuit()}) ~ *({value()}) : _)"
        case "seqs":
            body = draw(circuits(names.deeper(numbers=("i",))))
            return f"seq(i, {draw(st.integers(0, 3))}, {body})"
        case "pars":
            body = draw(circuits(names.deeper(numbers=("i",))))
            return f"(_ <: par(i, {draw(st.integers(1, 3))}, {body}) :> _)"
        case "lambda":
            name = fresh(names, "p")
            return rf"\({name}).({draw(values(inner.deeper(name)))})"
        case "partial-function" if [count for _, count in names.functions if count > 1]:
            name, count = draw(st.sampled_from([f for f in names.functions if f[1] > 1]))
            return f"{name}({', '.join(value() for _ in range(count - 1))})"
        case "group":
            return f'hgroup("g", {circuit()})'
        case "route":
            return f"(_ <: route(2, 2, (1, 2), (2, {draw(st.integers(1, 2))})) : +)"
        case "modulation":
            return f'["h": {circuit()} -> {circuit()}]'
    return draw(st.sampled_from(["_", "sin", "mem"]))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Definitions that use those before them, then `process`."""
    names = Names()
    lines = []
    for index in range(draw(st.integers(0, 4))):
        match draw(st.sampled_from(["value", "number", "function", "matching", "list", "higher"])):
            case "value":
                lines.append(f"a{index} = {draw(values(names))};")
                names = Names((*names.values, f"a{index}"), names.numbers, names.functions)
            case "number":
                lines.append(f"n{index} = {draw(numbers(names))};")
                known = f"n{index}"
                names = Names(
                    (*names.values, known), (*names.numbers, known), names.functions, names.depth
                )
            case "function":
                count = draw(st.integers(1, 3))
                params = tuple(f"x{i}" for i in range(count))
                body = draw(values(names.deeper(*params)))
                lines.append(f"f{index}({', '.join(params)}) = {body};")
                names = Names(names.values, names.numbers, (*names.functions, (f"f{index}", count)))
            case "matching":
                base, step = draw(numbers(names.deeper())), draw(values(names.deeper("x", "n")))
                name = f"m{index}"
                lines.append(f"{name}(0, x) = {draw(values(names.deeper('x')))};")
                lines.append(f"{name}(1, x) = {base};")
                lines.append(f"{name}(n, n) = n;")
                lines.append(f"{name}(n, x) = {step};")
                names = Names(names.values, names.numbers, (*names.functions, (name, 2)))
            case "list":
                name = f"l{index}"
                first = draw(values(names.deeper("x")))
                lines.append(f"{name}((x, xs)) = {first} + {name}(xs);")
                lines.append(f"{name}(x) = {draw(values(names.deeper('x')))};")
                lines.append(f"q{index} = {name}(({draw(values(names))}, {draw(values(names))}));")
                names = Names(
                    (*names.values, f"q{index}"), names.numbers, (*names.functions, (name, 1))
                )
            case "higher":
                name = f"h{index}"
                lines.append(f"{name}(g, 0) = {draw(circuits(names))};")
                lines.append(f"{name}(g, n) = g : {name}(g, n - 1);")
                copies = draw(st.integers(0, 3))
                lines.append(f"a{index} = 1 : {name}({draw(circuits(names))}, {copies});")
                names = Names((*names.values, f"a{index}"), names.numbers, names.functions)
    outputs = st.lists(values(names) | circuits(names), min_size=1, max_size=3)
    lines.append(f"process = {', '.join(draw(outputs))};")
    return "\n".join(lines)


@examples(60)
@given(programs())
def test_random_programs(engine: Engine, text: str) -> None:
    note(text)
    try:
        expected = expansion(engine, text)
    except EngineCrash:
        assume(False)
    except EngineRefusal:
        # It also refuses arguments that nobody uses; fad does not look at them.
        with contextlib.suppress(FadError):
            fad.expand(text)
        return
    ours = fad.expand(text).source
    note(ours)
    assert expansion(engine, ours) == expected
