"""The primitives of the language that are plain names: each has a number of inputs, one output."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Operators that Faust programs write between their operands.
INFIX: frozenset[str] = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "@",
        "&",
        "|",
        "xor",
        "<<",
        ">>",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
    ]
)

_BY_INPUTS: dict[int, str] = {
    1: "mem int float lowest highest abs acos asin atan ceil cos exp floor log log10 rint "
    "round sin sqrt tan",
    2: "+ - * / % ^ @ & | xor << >> < <= > >= == != prefix attach enable control atan2 fmod max "
    "min remainder",
    3: "rdtable select2 assertbounds",
    4: "select3",
    5: "rwtable",
}

#: Primitive name -> number of inputs. Every primitive has exactly one output.
PRIMITIVES: Mapping[str, int] = MappingProxyType(
    {name: inputs for inputs, names in _BY_INPUTS.items() for name in names.split()}
)

#: Primitives that, given one argument of the two they need, take it as their second operand:
#: `/(2)` halves its input. The standard compiler does so for these and for no other function.
RIGHT_ARGUMENT: frozenset[str] = INFIX | {"attach", "enable", "control"}

#: What the duals of operators are called in a program.
WORDS: Mapping[str, str] = MappingProxyType(
    {"+": "add", "-": "sub", "*": "mul", "/": "div", "%": "modulo", "^": "power", "@": "delay"}
)
