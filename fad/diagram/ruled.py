"""Functions of a program that have a derivative of their own.

Where a program defines `d_f` beside a function `f`, an application of `f` to signals is a box that
knows both: `arguments : Ruled`. What it computes is the diagram inside. Everything but
differentiation looks through it, and a written program has the diagram in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from fad.base.errors import FadError
from fad.base.source import Span
from fad.diagram.binders import substituted
from fad.diagram.box import Arity, Box, Lambda, Seq, Slot, Wire, factors, parallel, postorder


class CustomRule(Protocol):
    """The derivative that a program gives for one of its functions.

    Attributes:
        name: the function.
        title: the name of its rule, or of one of them.
        place: where that is.
        obstacle: why the rules cannot be used in this place, if they cannot be.
        is_stop: whether it is meant to be other than the derivative: it is 0, or bounds tangents.
        passing: what passes of a tangent that the partial derivatives give, as a function of the
            arguments and of that tangent; all of it, if it is `None`.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def place(self) -> Span: ...

    @property
    def obstacle(self) -> FadError | None: ...

    @property
    def is_stop(self) -> bool: ...

    @property
    def passing(self) -> Box | None: ...

    def partial(self, position: int) -> Box:
        """The partial derivative by an argument, as a function of all arguments.

        Raises:
            FadError: it has no value, it does not fit the function, or there is none.
        """

    def is_zero(self, position: int) -> bool:
        """Whether that is the number 0: then no tangent comes from the argument."""


class Ruled(Box):
    """A function with a derivative of its own.

    Attributes:
        function: what it computes: a closed lambda of one signal after the other. Where its rule
            has an obstacle, any diagram that the function has made.
        rule: its derivative.
    """

    __slots__ = ("function", "rule")
    fields = ("function", "rule")
    function: Box
    rule: CustomRule

    @property
    def children(self) -> tuple[Box, ...]:
        return (self.function,)

    def rebuild(self, children: tuple[Box, ...]) -> Box:
        return Ruled(*children, self.rule)

    def _infer(self) -> Arity | None:
        return self.function.arity

    def _free(self) -> frozenset[Slot]:
        return self.function.free

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its arguments."""
        names = []
        function = self.function
        while isinstance(function, Lambda):
            names.append(function.slot.name)
            function = function.body
        return tuple(names)


def rule_names(name: str, count: int) -> list[str]:
    """What the rules for a function with this many arguments are called."""
    return [f"d_{name}"] if count == 1 else [f"d_{name}_{i + 1}" for i in range(count)]


def without_rules(
    root: Box, where: Callable[[Ruled], bool] = lambda ruled: True
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram with what functions compute in the place of functions with rules.

    Args:
        root: the diagram.
        where: which functions.

    Returns:
        The new diagram, and what each part has become that is another one now. Where no function
        has a rule, the diagram itself.
    """
    parts = list(postorder(root))
    if not any(isinstance(part, Ruled) and where(part) for part in parts):
        return root, {}
    became: dict[Box, Box] = {}
    for part in parts:
        new = part.rebuild(tuple([became[child] for child in part.children]))
        if isinstance(part, Ruled) and where(part):
            new = _as_wire(became[part.function])
        elif isinstance(part, Seq) and isinstance(part.right, Ruled) and where(part.right):
            arguments = list(factors(became[part.left]))
            if all(argument.arity == (0, 1) for argument in arguments):
                new = applied(became[part.right.function], arguments)
        became[part] = new
    return became[root], {old: new for old, new in became.items() if old is not new}


def is_marked(box: Box) -> bool:
    """Whether a diagram is what a function with a rule has made."""
    return isinstance(box, Ruled) or (isinstance(box, Seq) and isinstance(box.right, Ruled))


def plain(box: Box) -> Box:
    """What a diagram is without the mark that a function with a rule has made it."""
    if isinstance(box, Ruled):
        return box.function
    if isinstance(box, Seq) and isinstance(box.right, Ruled):
        return applied(box.right.function, list(factors(box.left)))
    return box


def is_identity(box: Box) -> bool:
    """Whether a diagram is an argument of a function with a rule that gives just that."""
    if not (isinstance(box, Seq) and isinstance(box.right, Ruled)):
        return False
    slots: list[Box] = []
    function = box.right.function
    while isinstance(function, Lambda):
        slots.append(function.slot)
        function = function.body
    return function in slots


def _as_wire(function: Box) -> Box:
    """A function; a wire, if it gives what it takes."""
    if isinstance(function, Lambda) and function.body is function.slot:
        return Wire()
    return function


def applied(function: Box, arguments: list[Box]) -> Box:
    """A function of some arguments: the body of a lambda with boxes in the places of its slots."""
    slots: dict[Slot, Box] = {}
    rest = list(arguments)
    while rest and isinstance(function, Lambda):
        slots[function.slot] = rest.pop(0)
        function = function.body
    body = substituted(function, slots)
    return Seq(parallel(rest), body) if rest else body
