"""Core diagrams: what a program evaluates to, what is differentiated, what is printed.

A box is frozen and interned: two boxes with the same parts are the same object, so equality is
identity, shared diagrams are stored once, and any pass can memoise on the box itself. The table
of boxes holds them weakly; it is a cache of a pure construction, not a state.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, cast
from weakref import WeakValueDictionary

from fad.diagram.primitives import PRIMITIVES

if TYPE_CHECKING:
    from typing_extensions import Self

#: Numbers of inputs and outputs.
Arity = tuple[int, int]

_BOXES: WeakValueDictionary[tuple[Any, ...], Box] = WeakValueDictionary()
_LOCK = Lock()
#: For each `freed_in_order` that is entered, the boxes made since.
_KEPT: list[list[Box]] = []
_NO_SLOTS: frozenset[Slot] = frozenset()
#: So many boxes are hardly ever nested too deeply, and to look for cycles takes time.
_SHALLOW = 2000


class Box:
    """A diagram.

    Attributes:
        arity: inputs and outputs; `None` when the diagram has none, because two of its parts do
            not fit or because it still contains a function (`fad.diagram.arity.check` says which).
        closed: no function or environment of the evaluator is left inside.
        free: the slots of enclosing lambdas that occur inside.
    """

    __slots__ = ("__weakref__", "arity", "closed", "free")
    fields: ClassVar[tuple[str, ...]] = ()
    #: What stands for a part in the table of boxes, where it is not the part itself. Floats are the
    #: same box only when they have the same bits. What has functions of the evaluator inside goes
    #: by identity: the table would keep them alive, and what they close over may hold the box.
    key_of: ClassVar[Callable[[Any], Any] | None] = None

    arity: Arity | None
    closed: bool
    free: frozenset[Slot]

    def __new__(cls, *parts: Any) -> Self:
        key = (cls, *parts) if cls.key_of is None else (cls, *map(cls.key_of, parts))
        found = _BOXES.get(key)
        if found is None:
            with _LOCK:
                found = _BOXES.get(key)
                if found is None:
                    found = _BOXES[key] = cls._make(parts)
                    for kept in _KEPT:
                        kept.append(found)
        return cast("Self", found)

    @classmethod
    def _make(cls, parts: tuple[Any, ...]) -> Self:
        self = object.__new__(cls)
        put = object.__setattr__
        for name, part in zip(cls.fields, parts, strict=True):
            put(self, name, part)
        put(self, "arity", self._infer())
        put(self, "closed", all(child.closed for child in self.children))
        put(self, "free", self._free())
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} is frozen")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.parts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    @property
    def parts(self) -> tuple[Any, ...]:
        """The arguments that make this box."""
        return tuple(getattr(self, name) for name in self.fields)

    @property
    def children(self) -> tuple[Box, ...]:
        """The boxes directly inside, in source order."""
        return ()

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        """The same construct around other children."""
        return self

    def _infer(self) -> Arity | None:
        raise NotImplementedError

    def _free(self) -> frozenset[Slot]:
        return _NO_SLOTS


@contextmanager
def freed_in_order() -> Iterator[None]:
    """Keeps all boxes that are made meanwhile, and then frees what is inside after what is outside.

    Python frees one object inside the other, by recursion. Where there is a small stack, a diagram
    that is nested some hundred times is too deep for that. Its parts were made before it: so it
    goes first, while they are still kept.
    """
    kept: list[Box] = []
    _KEPT.append(kept)
    try:
        yield
    finally:
        _KEPT[:] = [others for others in _KEPT if others is not kept]
        if len(kept) > _SHALLOW:
            gc.collect()  # functions that hold boxes, and themselves, let go of them now
        while kept:
            kept.pop()


def exact(part: Any) -> Any:
    """A part as a key that is equal only for equal bits: 0.0 is not -0.0, a NaN is itself."""
    return part.hex() if type(part) is float else part


def identity(part: Any) -> Any:
    """A box by its identity, which is its own as long as the box around it lives."""
    return id(part) if isinstance(part, Box) else part


# -- Leaves -----------------------------------------------------------------------------------


class Wire(Box):
    """`_`"""

    __slots__ = ()

    def _infer(self) -> Arity:
        return 1, 1


class Cut(Box):
    """`!`"""

    __slots__ = ()

    def _infer(self) -> Arity:
        return 1, 0


class _Source(Box):
    """A leaf without inputs and with one output."""

    __slots__ = ()

    def _infer(self) -> Arity:
        return 0, 1


class Int(_Source):
    """A 32-bit integer."""

    __slots__ = ("value",)
    fields = ("value",)
    value: int


class Real(_Source):
    """A double-precision number."""

    __slots__ = ("value",)
    fields = ("value",)
    key_of = exact
    value: float


class Primitive(Box):
    """A primitive of `fad.diagram.primitives.PRIMITIVES`."""

    __slots__ = ("name",)
    fields = ("name",)
    name: str

    def _infer(self) -> Arity:
        return PRIMITIVES[self.name], 1


class Waveform(Box):
    """`waveform {...}`: its length, then its values one after the other."""

    __slots__ = ("values",)
    fields = ("values",)
    values: tuple[Int | Real, ...]

    def _infer(self) -> Arity:
        return 0, 2


class ForeignFunction(Box):
    """`ffunction(...)`; see `fad.syntax.nodes.ForeignFunction`."""

    __slots__ = ("arguments", "include", "library", "names", "type")
    fields = ("type", "names", "arguments", "include", "library")
    type: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    include: str
    library: str

    def _infer(self) -> Arity:
        return len(self.arguments), 1


class ForeignValue(_Source):
    """`fconstant(...)` or `fvariable(...)`, by `kind`."""

    __slots__ = ("include", "kind", "name", "type")
    fields = ("kind", "type", "name", "include")
    kind: str
    type: str
    name: str
    include: str


class Switch(_Source):
    """`button` or `checkbox`, by `kind`."""

    __slots__ = ("kind", "label")
    fields = ("kind", "label")
    kind: str
    label: str


class Slider(_Source):
    """`hslider`, `vslider` or `nentry`, by `kind`."""

    __slots__ = ("init", "kind", "label", "max", "min", "step")
    fields = ("kind", "label", "init", "min", "max", "step")
    key_of = exact
    kind: str
    label: str
    init: float
    min: float
    max: float
    step: float


class Bargraph(Box):
    """`hbargraph` or `vbargraph`, by `kind`."""

    __slots__ = ("kind", "label", "max", "min")
    fields = ("kind", "label", "min", "max")
    key_of = exact
    kind: str
    label: str
    min: float
    max: float

    def _infer(self) -> Arity:
        return 1, 1


class Soundfile(Box):
    """`soundfile(label, channels)`: part and index in; length, rate and the channels out."""

    __slots__ = ("channels", "label")
    fields = ("label", "channels")
    label: str
    channels: int

    def _infer(self) -> Arity:
        return 2, 2 + self.channels


class Route(Box):
    """`route(inputs, outputs, pairs)`: 1-based (input, output) pairs; what meets at an output
    adds up, in the order of the pairs."""

    __slots__ = ("inputs", "outputs", "pairs")
    fields = ("inputs", "outputs", "pairs")
    inputs: int
    outputs: int
    pairs: tuple[tuple[int, int], ...]

    def _infer(self) -> Arity:
        return self.inputs, self.outputs


class EmptyEnvironment(Box):
    """An environment where a diagram was expected: the standard compiler takes it as empty."""

    __slots__ = ()

    def _infer(self) -> Arity:
        return 0, 0


class Slot(_Source):
    """The variable of a lambda: its number tells it from others, its name is for people."""

    __slots__ = ("name", "number")
    fields: ClassVar[tuple[str, ...]] = ("number", "name")
    number: int
    name: str

    def _free(self) -> frozenset[Slot]:
        return frozenset((self,))


# -- Boxes with boxes inside ------------------------------------------------------------------


class Lambda(Box):
    r"""`\(slot).(body)`: its first input is the slot, the others are those of the body."""

    __slots__ = ("body", "slot")
    fields = ("slot", "body")
    key_of = id
    slot: Slot
    body: Box

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.body,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        return Lambda(self.slot, *children)

    def _infer(self) -> Arity | None:
        inner = self.body.arity
        return inner and (inner[0] + 1, inner[1])

    def _free(self) -> frozenset[Slot]:
        return self.body.free - {self.slot}


class Group(Box):
    """`hgroup`, `vgroup` or `tgroup`, by `kind`."""

    __slots__ = ("body", "kind", "label")
    fields = ("kind", "label", "body")
    key_of = identity
    kind: str
    label: str
    body: Box

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.body,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        return Group(self.kind, self.label, *children)

    def _infer(self) -> Arity | None:
        return self.body.arity

    def _free(self) -> frozenset[Slot]:
        return self.body.free


class Composition(Box):
    """One of the five ways to put two diagrams together."""

    __slots__ = ("left", "right")
    fields = ("left", "right")
    key_of = id
    operator: ClassVar[str]
    left: Box
    right: Box

    @property
    def children(self) -> tuple[Box, ...]:
        return self.left, self.right

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        return type(self)(*children)

    def _infer(self) -> Arity | None:
        a, b = self.left.arity, self.right.arity
        return self.fit(a, b) if a is not None and b is not None else None

    def _free(self) -> frozenset[Slot]:
        a, b = self.left.free, self.right.free
        return a | b if a and b else a or b

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        """The arity of the composition of diagrams with these arities; `None` if they misfit."""
        raise NotImplementedError


class Seq(Composition):
    """`A : B`"""

    __slots__ = ()
    operator = ":"

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        return (a[0], b[1]) if a[1] == b[0] else None


class Par(Composition):
    """`A , B`"""

    __slots__ = ()
    operator = ","

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        return a[0] + b[0], a[1] + b[1]


class Split(Composition):
    """`A <: B`"""

    __slots__ = ()
    operator = "<:"

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        return (a[0], b[1]) if a[1] and b[0] and b[0] % a[1] == 0 else None


class Merge(Composition):
    """`A :> B`"""

    __slots__ = ()
    operator = ":>"

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        return (a[0], b[1]) if a[1] and b[0] and a[1] % b[0] == 0 else None


class Rec(Composition):
    """`A ~ B`"""

    __slots__ = ()
    operator = "~"

    @staticmethod
    def fit(a: Arity, b: Arity) -> Arity | None:
        return (a[0] - b[1], a[1]) if b[0] <= a[1] and b[1] <= a[0] else None


#: Composition operator -> the box it makes.
COMPOSITIONS: dict[str, type[Composition]] = {
    kind.operator: kind for kind in (Seq, Par, Split, Merge, Rec)
}

#: The diagram without inputs and outputs. A zero iteration gives it.
EMPTY = Route(0, 0, ())


def arity_of(box: Box) -> Arity:
    """The arity of a diagram that is known to have one."""
    assert box.arity is not None
    return box.arity


def parallel(boxes: Iterable[Box]) -> Box:
    """The parallel composition of boxes, grouped to the right as the language does."""
    items = list(boxes)
    if not items:
        return EMPTY
    result = items.pop()
    while items:
        result = Par(items.pop(), result)
    return result


def factors(box: Box) -> Iterator[Box]:
    """The boxes that a parallel composition is made of, from the left."""
    stack = [box]
    while stack:
        top = stack.pop()
        if isinstance(top, Par):
            stack += (top.right, top.left)
        else:
            yield top


def bus_size(box: Box) -> int:
    """The number of wires, or of cuts, in a list of nothing else, read from the left; or 0."""
    size = 1
    while isinstance(box, Par) and isinstance(box.left, Wire | Cut):
        if box.right is not box.left and not (
            isinstance(box.right, Par) and box.right.left is box.left
        ):
            return 0
        box = box.right
        size += 1
    return size if isinstance(box, Wire | Cut) else 0


def postorder(*roots: Box) -> Iterator[Box]:
    """Every box inside the roots once, children before parents, without recursion."""
    seen: set[Box] = set()
    # What stands before a `None` has been entered: its children are above it.
    stack: list[Box | None] = list(reversed(roots))
    while stack:
        box = stack.pop()
        if box is None:
            entered = stack.pop()
            assert entered is not None
            yield entered
        elif box not in seen:
            seen.add(box)
            children = box.children
            if children:
                stack += (box, None)
                stack += children[::-1]
            else:
                yield box


def rebuilt(box: Box, became: Mapping[Box, Box]) -> Box:
    """A box around what its children have become; where these stay as they are, so does it."""
    children = box.children
    new = tuple([became[child] for child in children])
    return box if new == children else box.rebuild(new)
