"""Environments: layers of names over other layers, and the functions that close over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fad.base.source import Source, Span
from fad.diagram.box import Box
from fad.syntax import nodes


class Thunk:
    """A definition to evaluate when somebody asks, once.

    Args:
        name: what it defines.
        body: the expression, or a function that reads it from the parse cache.
        scope: the environment it was written in.

    `value` is `None` until it is evaluated; `running` tells a definition that needs itself.
    """

    __slots__ = ("_body", "name", "running", "scope", "value")

    def __init__(
        self, name: str, body: nodes.Expr | Callable[[], nodes.Expr], scope: Scope
    ) -> None:
        self.name = name
        self._body = body
        self.scope = scope
        self.value: Box | None = None
        self.running = False

    @property
    def body(self) -> nodes.Expr:
        if not isinstance(self._body, nodes.Expr):
            self._body = self._body()
        return self._body

    def moved(self, scope: Scope) -> Thunk:
        """The same definition in another environment, not yet evaluated."""
        return Thunk(self.name, self._body, scope)


class Scope:
    """A layer of definitions over a parent layer.

    A file that is imported puts its definitions into the importing layer, but its texts are its
    own: they are evaluated in a `view` of the layer, which has no names and another source.
    """

    __slots__ = ("bindings", "is_view", "parent", "source", "views")

    def __init__(self, parent: Scope | None, source: Source) -> None:
        self.parent = parent
        self.source = source
        self.bindings: dict[str, Thunk | Box] = {}
        self.is_view = False
        self.views: dict[Source, Scope] = {}

    def find(self, name: str) -> Thunk | Box | None:
        """The innermost binding of a name."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.bindings.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def span(self, node: nodes.Node) -> Span:
        """The place of a node that is evaluated here."""
        return Span(self.source, node.start, node.end)

    def view(self, source: Source) -> Scope:
        """This layer as the texts of another source see it."""
        if source is self.source:
            return self
        if source not in self.views:
            view = Scope(self, source)
            view.is_view = True
            self.views[source] = view
        return self.views[source]

    @property
    def layer(self) -> Scope:
        """The layer that holds the definitions: itself, or what it is a view of."""
        return self.parent if self.is_view and self.parent is not None else self

    def copy(self) -> Scope:
        """A layer with the same definitions, which refer to each other in the copy."""
        copied = Scope(self.parent, self.source)
        for name, bound in self.bindings.items():
            if isinstance(bound, Thunk) and bound.scope.layer is self:
                bound = bound.moved(copied.view(bound.scope.source))
            copied.bindings[name] = bound
        return copied

    def names(self) -> Iterator[str]:
        """All names that can be used here, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.bindings
            scope = scope.parent


# -- Values that are not diagrams yet ---------------------------------------------------------


class Function(Box):
    """Something that still waits for arguments, or an environment: a box that is not closed."""

    __slots__ = ()

    def __new__(cls, *parts: object) -> Function:
        self: Function = object.__new__(cls)
        put = object.__setattr__
        for name, part in zip(cls.fields, parts, strict=True):
            put(self, name, part)
        put(self, "arity", None)
        put(self, "closed", False)
        put(self, "free", frozenset())
        return self


class Closure(Function):
    """A lambda whose first `applied` parameters are bound in `scope`."""

    __slots__ = ("applied", "node", "scope")
    fields = ("node", "applied", "scope")
    node: nodes.Lambda
    applied: int
    scope: Scope


class Matcher(Function):
    """A `case` that has received some of its arguments.

    `rules` holds each rule's patterns as evaluated diagrams, with its body.
    """

    __slots__ = ("arguments", "node", "rules", "scope")
    fields = ("node", "rules", "arguments", "scope")
    node: nodes.Case
    rules: tuple[tuple[tuple[Box, ...], nodes.Expr], ...]
    arguments: tuple[Box, ...]
    scope: Scope


class EnvironmentValue(Function):
    """An environment; a component is one whose `process` is used where a diagram is expected."""

    __slots__ = ("main", "scope")
    fields = ("scope", "main")
    scope: Scope
    main: str | None


class Operator(Function):
    """A built-in operator that a program may hide, without its arguments, and where it is named."""

    __slots__ = ("name", "span")
    fields = ("name", "span")
    name: str
    span: Span


class PatternVariable(Function):
    """A variable inside a pattern: it matches anything."""

    __slots__ = ("name",)
    fields = ("name",)
    name: str
