"""The parser: precedence, literals, places, errors, and agreement with the standard compiler."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from operator import attrgetter

import pytest

from fad.base.cache import Cache
from fad.base.errors import ParseError
from fad.base.source import Source
from fad.syntax import nodes, parser
from fad.syntax.builder import Builder
from fad.syntax.nodes import Compose, Float, Infix, Integer, Name, Primitive
from tests.support.cases import Pair, pairs, programs

CACHE = Cache()


def program(text: str) -> tuple[nodes.Statement, ...]:
    return parser.parse(Source("test.dsp", text), CACHE)


def expression(text: str) -> nodes.Expr:
    (definition,) = program(f"process = {text};")
    assert isinstance(definition, nodes.Definition)
    return definition.body


def error(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        program(text)
    return caught.value


# From loosest to tightest: operators of one strength, and where they associate.
LEVELS = [
    ("right", ["<:", ":>", "+>"]),
    ("right", [":"]),
    ("right", [","]),
    ("left", ["~"]),
    ("left", ["<", "<=", "==", ">", ">=", "!="]),
    ("left", ["+", "-", "|"]),
    ("left", ["*", "/", "%", "&", "xor", "<<", ">>"]),
    ("left", ["^"]),
    ("left", ["@"]),
]


@pytest.mark.parametrize(("side", "operators"), LEVELS)
def test_operators_of_one_strength_associate(side: str, operators: list[str]) -> None:
    for first in operators:
        for second in operators:
            grouped = {
                "left": f"(a {first} b) {second} c",
                "right": f"a {first} (b {second} c)",
            }
            assert expression(f"a {first} b {second} c") == expression(grouped[side])


@pytest.mark.parametrize("strength", range(len(LEVELS) - 1))
def test_a_level_binds_looser_than_the_next(strength: int) -> None:
    for loose in LEVELS[strength][1]:
        for tight in LEVELS[strength + 1][1]:
            assert expression(f"a {loose} b {tight} c") == expression(f"a {loose} (b {tight} c)")
            assert expression(f"a {tight} b {loose} c") == expression(f"(a {tight} b) {loose} c")


@pytest.mark.parametrize("pair", pairs("syntax/cases/precedence.txt"), ids=attrgetter("name"))
def test_mixed_precedence(pair: Pair) -> None:
    assert expression(pair.text) == expression(pair.expected)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1", Integer(0, 0, 1)),
        ("- 7", Integer(0, 0, -7)),
        ("+ 7", Integer(0, 0, 7)),
        ("2147483648", Integer(0, 0, -(2**31))),
        ("-2147483648", Integer(0, 0, -(2**31))),
        ("9" * 5000, Integer(0, 0, (int("9" * 32) + 2**31) % 2**32 - 2**31)),
        ("1.", Float(0, 0, 1.0)),
        (".5", Float(0, 0, 0.5)),
        ("1f", Float(0, 0, 1.0)),
        ("-1e-3f", Float(0, 0, -0.001)),
        ("1.5e3", Float(0, 0, 1500.0)),
        ("1e+3", Float(0, 0, 1000.0)),
        ("memo", Name(0, 0, "memo")),
        ("__a1::b::_c", Name(0, 0, "__a1::b::_c")),
        ("::a", Name(0, 0, "::a")),
        ("mem::a", Name(0, 0, "mem::a")),
        ("pow", Primitive(0, 0, "^")),
        ("-x", Infix(0, 0, "-", Integer(0, 0, 0), Name(0, 0, "x"))),
        ("a +> b", Compose(0, 0, ":>", Name(0, 0, "a"), Name(0, 0, "b"))),
        ('button("a\nb\\")', nodes.Switch(0, 0, "button", "a b\\")),
    ],
)
def test_literals(text: str, node: nodes.Node) -> None:
    assert expression(text) == node


def test_statements() -> None:
    statements = program(
        'declare a "1"; declare f b "2";\n<mdoc> <equation>f</equation> ; </mdoc>\n'
        'singleprecision doubleprecision import("x.lib"); quadprecision f(0) = 1; // f(2) = 3;\n'
        '/* g = 1; */ e = environment { import("y.lib"); declare c "3"; x = y letrec { \'y = y;'
        " where fixedpointprecision z = 1; }; };"
    )
    single, double = "singleprecision", "doubleprecision"
    z = nodes.Definition(0, 0, "z", None, Integer(0, 0, 1), frozenset(["fixedpointprecision"]))
    y = nodes.Definition(0, 0, "y", None, Name(0, 0, "y"))
    x = nodes.Definition(0, 0, "x", None, nodes.Letrec(0, 0, Name(0, 0, "y"), (y,), (z,)))
    inner = (nodes.Import(0, 0, "y.lib"), nodes.Declare(0, 0, "c", "3"), x)
    zero, one = Integer(0, 0, 0), Integer(0, 0, 1)
    assert statements == (
        nodes.Declare(0, 0, "a", "1"),
        nodes.Declare(0, 0, "b", "2", "f"),
        nodes.Import(0, 0, "x.lib", frozenset([single, double])),
        nodes.Definition(0, 0, "f", (zero,), one, frozenset(["quadprecision"])),
        nodes.Definition(0, 0, "e", None, nodes.Environment(0, 0, inner)),
    )


def test_modulations_nest_and_foreign_functions_keep_their_quotes() -> None:
    outer = expression('["a": *(2), "b" -> c]')
    assert isinstance(outer, nodes.Modulation) and isinstance(outer.body, nodes.Modulation)
    assert (outer.label, outer.body.label, outer.body.circuit) == ("a", "b", None)
    foreign = expression('ffunction(float f|g (int, any), <math.h>, "")')
    assert foreign == nodes.ForeignFunction(
        0, 0, "float", ("f", "g"), ("int", "any"), "<math.h>", '""'
    )


@pytest.mark.parametrize(
    "piece",
    [
        'hslider("a", 1, 0, 2, 0.1)',
        "f(x, y : z)",
        "a , b : c",
        "-x",
        "x'",
        "\\(x).(x)",
        "case { (0) => 1; }",
        "e.name",
        "e[x = 1;]",
        "waveform{1, -2.5, +3}",
    ],
)
def test_places(piece: str) -> None:
    text = f"a = 1;\n\nprocess = {piece} ;"
    first, second = program(text)
    assert isinstance(second, nodes.Definition)
    assert text[second.body.start : second.body.end] == piece
    assert text[first.start : first.end] == "a = 1;"
    assert (second.start, second.end) == (text.index("process"), len(text))


@pytest.mark.parametrize(
    "text",
    ["(" * 10_000 + "_" + ")" * 10_000, *(f" {op} ".join(["_"] * 10_001) for op in ":,+~")],
    ids=["nested", "seq", "par", "add", "rec"],
)
def test_deep_programs_parse(text: str) -> None:
    assert expression(text) is not None


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("process = );", (1, 11), "unexpected `)`, expected an expression", "no bracket is open"),
        ("a = b c;", (1, 7), "unexpected `c`, expected an operator, `;` or `,`", ""),
        ("a = 1 // x\nb = 2;", (1, 6), "missing `;` after `1`", "ends with `;`"),
        ("a = 1", (1, 6), "missing `;`", ""),
        ("a = (1,\n2;\nb = 3;", (2, 2), "unexpected `;`", "the `(` of line 1 is not closed"),
        ("a = f(1, 2\nb = 3;", (2, 1), "an operator, `,` or `)`", "the `(` of line 1"),
        ("a = b with { c = 1;", (1, 20), "unexpected end of the text", "the `{` of line 1"),
        ("a = [b = 1;};", (1, 6), "expected a string", ""),
        ("a = (1};", (1, 7), "unexpected `}`", "the `(` of line 1 is not closed"),
        ("mem = 1;", (1, 1), "unexpected keyword `mem`", "choose another name"),
        ("a = e.int;", (1, 7), "expected a name", "`int` is a keyword"),
        ("a = b = c;", (1, 7), "unexpected `=`", "write `==`"),
        ("a = f(b with { });", (1, 9), "unexpected keyword `with`", "in parentheses"),
        ("a = 1;;", (1, 7), "unexpected `;`, expected a definition", ""),
        (
            "a = 1;\noops",
            (2, 1),
            "`oops` is no definition: expected `=` or `(` after it",
            "oops = ",
        ),
        ("a = 1; oops\n\n", (1, 8), "`oops` is no definition: expected `=`", "`oops = ...;`"),
        ("oops\na = 1;", (1, 1), "`oops` is no definition: expected `=`", "`oops = ...;`"),
        ('oops\nimport("m.lib");', (1, 1), "`oops` is no definition", "`oops = ...;`"),
        ("oops;\na = 1;", (1, 1), "`oops` is no definition: expected `=`", "`oops = ...;`"),
        ("oops\nsingleprecision a = 1;", (1, 1), "`oops` is no definition", "`oops = ...;`"),
        ("a = b with { oops };", (1, 14), "`oops` is no definition: expected `=`", "oops = ...;"),
        ("a = b with { oops\nb = 1; };", (1, 14), "`oops` is no definition", "`oops = ...;`"),
        ("f(x)\na = 1;", (1, 1), "`f(x)` is no definition: expected `=` after it", "`f(x) = ...;"),
        ("f(x, g(y));", (1, 1), "`f(x, g(y))` is no definition: expected `=` after", "...;`"),
        (
            "a = b letrec { 'b };",
            (1, 16),
            "`'b` is no definition: expected `=` after",
            "`'b = ...;",
        ),
        ("a = b letrec { 'b\n'c = 1; };", (1, 16), "`'b` is no definition", "`'b = ...;"),
        (
            "a = b with { oops",
            (1, 14),
            "`oops` is no definition",
            "the `{` of line 1 is not closed",
        ),
        ("oops ) = 1;", (1, 6), "unexpected `)`, expected `=` or `(`", "no bracket is open"),
        ("oops more = 1;", (1, 6), "unexpected `more`, expected `=` or `(`", ""),
        ("oops : _;", (1, 6), "unexpected `:`, expected `=` or `(`", "`oops = ...;`"),
        ("oops\n  : _;", (2, 3), "unexpected `:`, expected `=` or `(`", "`oops = ...;`"),
        ("f(x) : _;", (1, 6), "unexpected `:`, expected `=`", "`f(x) = ...;`"),
        ("a.b = 1;", (1, 2), "unexpected `.`, expected `=` or `(`", ""),
        ("a = $;", (1, 5), "unknown character `$`", ""),
        ("a = “x”;", (1, 5), "unknown character `“`", "straight quotes"),
        ("a = \x01;", (1, 5), "unknown character U+0001", ""),
        ('a = button("x);', (1, 12), "this string is not closed", ""),
        ("a = 1; /* b", (1, 8), "this comment is not closed", "`*/`"),
        ("a = case { };", (1, 5), "at least one rule", ""),
        ("a = case { (1) => 2; (1, 2) => 3; };", (1, 22), "2 instead of 1", "same number"),
    ],
)
def test_errors(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    found = error(text)
    assert found.span is not None and found.span.location == place
    assert message in found.message
    assert hint in (found.hint or "")
    # Terminals have names in upper case, or begin with underscores: nothing of that is shown.
    assert not re.search(r"[A-Z]{3}|__", found.message)


def test_every_builder_of_the_grammar_exists() -> None:
    grammar = parser._grammar_path().read_text(encoding="utf-8")
    builders = {name for name, _ in inspect.getmembers(Builder, inspect.isfunction)}
    named = set(re.findall(r"-> (\w+)", re.sub(r"//.*|\".*?\"", "", grammar)))
    assert named <= builders
    assert builders - named <= set(re.findall(r"^\??(\w+):", grammar, re.MULTILINE)) | {"word"}


# A process for each text: some of them crash libfaust.
ORACLE = """
import cyfaust.cyfaust as c, json, os, sys
codes = []
for text in json.load(sys.stdin):
    if not (child := os.fork()):
        os._exit(c.expand_dsp_from_string("t", text) is None)
    codes.append(os.waitpid(child, 0)[1])
print()
print(json.dumps(codes))
"""


def test_agreement_with_the_standard_compiler() -> None:
    samples = programs("syntax/cases/samples.txt")
    texts = [f"process = 0; test = {sample};" for sample in samples]
    run = [sys.executable, "-c", ORACLE]
    done = subprocess.run(run, input=json.dumps(texts), capture_output=True, text=True, check=True)
    codes = json.loads(done.stdout.splitlines()[-1])
    differing = set()
    for sample, text, code in zip(samples, texts, codes, strict=True):
        accepted = True
        try:
            program(text)
        except ParseError:
            accepted = False
        crashed = code not in (0, 256)
        if not crashed and accepted != (code == 0):
            differing.add(sample)
    # Faust takes `<b>` for a header file everywhere, and reserves a word without a use.
    assert differing == {"a <b> c", "minput"}
