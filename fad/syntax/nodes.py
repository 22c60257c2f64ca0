"""The program as written: frozen nodes, one class per construct of the language.

Every node carries its place as two character offsets into the text it was read from; places do
not take part in equality. The classes have no slots on purpose: `encoding` can then restore them
without their constructors, which is what makes the parse cache fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """Anything with a place in a text: characters `start` (included) to `end` (excluded)."""

    start: int = field(compare=False, repr=False)
    end: int = field(compare=False, repr=False)


class Expr(Node):
    """An expression: it evaluates to a diagram, a function or an environment."""


# -- Statements -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Import(Node):
    """`import("path");`; `precisions` as in a definition."""

    path: str
    precisions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Declare(Node):
    """`declare key "value";` or `declare function key "value";`; the value without its quotes."""

    key: str
    value: str
    function: str | None = None


@dataclass(frozen=True)
class Definition(Node):
    """`name = body;` (params is None) or `name(params) = body;`.

    `precisions` are the prefixes as written (`singleprecision` ...); empty means all.
    """

    name: str
    params: tuple[Expr, ...] | None
    body: Expr
    precisions: frozenset[str] = frozenset()


Statement = Import | Declare | Definition


# -- Atoms ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Integer(Expr):
    """An integer literal, already wrapped to 32 bits, its sign included."""

    value: int


@dataclass(frozen=True)
class Float(Expr):
    """A floating-point literal, its sign included."""

    value: float


@dataclass(frozen=True)
class Name(Expr):
    """An identifier, `::` parts included."""

    id: str


@dataclass(frozen=True)
class Variable(Expr):
    """A name inside a pattern that matches anything. It is made of a name; see `definitions`."""

    id: str


@dataclass(frozen=True)
class Primitive(Expr):
    """A primitive by its Faust name: `+`, `mem`, `sin`, `rdtable`, `_`, `!` ... (`pow` is `^`)."""

    name: str


# -- Compositions and operators ---------------------------------------------------------------


@dataclass(frozen=True)
class Compose(Expr):
    """A composition; `op` is one of `:` `,` `<:` `:>` `~`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Infix(Expr):
    """`left op right` with an arithmetic, comparison, bit or delay operator; -x is 0 - x."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Delay1(Expr):
    """`body'`"""

    body: Expr


@dataclass(frozen=True)
class Apply(Expr):
    """`function(arguments)`"""

    function: Expr
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Nothing(Expr):
    """`()` as the last argument of an operator: a list with nothing in it."""


@dataclass(frozen=True)
class Access(Expr):
    """`environment.name`"""

    environment: Expr
    name: str


@dataclass(frozen=True)
class Override(Expr):
    """`environment[definitions]`"""

    environment: Expr
    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class With(Expr):
    """`body with { definitions }`"""

    body: Expr
    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class Letrec(Expr):
    """`body letrec { 'x = ...; where definitions }`; equations are definitions without params."""

    body: Expr
    equations: tuple[Definition, ...]
    where: tuple[Definition, ...]


@dataclass(frozen=True)
class Lambda(Expr):
    r"""`\(params).(body)`"""

    params: tuple[str, ...]
    body: Expr


@dataclass(frozen=True)
class Rule(Node):
    """`(patterns) => body;`"""

    patterns: tuple[Expr, ...]
    body: Expr


@dataclass(frozen=True)
class Case(Expr):
    """`case { rules }`, or the definitions that share one name."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Modulation(Expr):
    """`["label": circuit -> body]`, one entry; several entries nest, the first one outermost."""

    label: str
    circuit: Expr | None
    body: Expr


@dataclass(frozen=True)
class Iteration(Expr):
    """`par(index, count, body)`; `kind` is `par`, `seq`, `sum` or `prod`."""

    kind: str
    index: str
    count: Expr
    body: Expr


@dataclass(frozen=True)
class Count(Expr):
    """`inputs(body)` or `outputs(body)`; `kind` says which."""

    kind: str
    body: Expr


@dataclass(frozen=True)
class Route(Expr):
    """`route(inputs, outputs, pairs)`; without pairs nothing is connected."""

    inputs: Expr
    outputs: Expr
    pairs: Expr | None


# -- User interface ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Switch(Expr):
    """`button("label")` or `checkbox("label")`"""

    kind: str
    label: str


@dataclass(frozen=True)
class Slider(Expr):
    """`hslider`, `vslider` or `nentry`"""

    kind: str
    label: str
    init: Expr
    min: Expr
    max: Expr
    step: Expr


@dataclass(frozen=True)
class Bargraph(Expr):
    """`hbargraph` or `vbargraph`"""

    kind: str
    label: str
    min: Expr
    max: Expr


@dataclass(frozen=True)
class Group(Expr):
    """`hgroup`, `vgroup` or `tgroup`"""

    kind: str
    label: str
    body: Expr


@dataclass(frozen=True)
class Soundfile(Expr):
    """`soundfile("label", channels)`"""

    label: str
    channels: Expr


# -- Data, foreign code, other files ----------------------------------------------------------


@dataclass(frozen=True)
class Waveform(Expr):
    """`waveform { values }`; the values keep being integers or floats as written."""

    values: tuple[Integer | Float, ...]


@dataclass(frozen=True)
class ForeignFunction(Expr):
    """`ffunction(type name|name|name|name (types), include, library)`.

    Types are `int`, `float` or `any`; one to four names, by precision. Include and library keep
    their quotes or angle brackets, as written.
    """

    type: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    include: str
    library: str


@dataclass(frozen=True)
class ForeignValue(Expr):
    """`fconstant(type name, include)` or `fvariable(...)`; `kind` says which."""

    kind: str
    type: str
    name: str
    include: str


@dataclass(frozen=True)
class Library(Expr):
    """`library("path")`"""

    path: str


@dataclass(frozen=True)
class Component(Expr):
    """`component("path")`"""

    path: str


@dataclass(frozen=True)
class Environment(Expr):
    """`environment { statements }`"""

    statements: tuple[Statement, ...]

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The definitions among the statements."""
        return tuple(s for s in self.statements if isinstance(s, Definition))

    @property
    def imports(self) -> tuple[Import, ...]:
        """The imports among the statements."""
        return tuple(s for s in self.statements if isinstance(s, Import))
