"""Environments: local definitions, files, and what looks into them or changes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fad.base.errors import EvaluationError, place, quoted
from fad.base.precision import Precision
from fad.base.source import Source, Span
from fad.diagram.box import Box
from fad.evaluation.core import Core
from fad.evaluation.scope import Closure, EnvironmentValue, Scope, Thunk
from fad.evaluation.suggestions import undefined_in
from fad.syntax import nodes
from fad.syntax.definitions import collect, for_precision, letrec_as_with, merge
from fad.syntax.libraries import Libraries, Module

#: What a component is where a diagram is expected.
_PROCESS = "process"


class Environments:
    """Evaluates the constructs that make environments and use them.

    Args:
        core: evaluates everything else.
        libraries: finds and parses the files that the program names.
        precision: which precision-prefixed definitions count.
    """

    def __init__(self, core: Core, libraries: Libraries, precision: Precision) -> None:
        self._core = core
        self._libraries = libraries
        self._precision = precision
        # Keyed by identity; the node is kept so that its identity stays its own.
        self._collected: dict[int, tuple[nodes.Node, dict[str, nodes.Expr]]] = {}
        self._letrecs: dict[int, tuple[nodes.Letrec, nodes.With]] = {}
        self._files: dict[Source, Scope] = {}
        self._components: set[Scope] = set()
        #: Where a file was first named as a component.
        self._named_at: dict[Scope, Span] = {}

    def cases(self) -> dict[type, Callable[[Any, Scope], Box]]:
        """What evaluates each construct."""
        return {
            nodes.Access: self._access,
            nodes.Override: self._override,
            nodes.With: self._with,
            nodes.Letrec: self._letrec,
            nodes.Library: self._library,
            nodes.Component: self._component,
            nodes.Environment: self._environment,
        }

    def _define(
        self, node: nodes.With | nodes.Override | nodes.Environment, layer: Scope, scope: Scope
    ) -> None:
        """Binds the definitions of a node in a layer; they are evaluated in `scope`."""
        known = self._collected.get(id(node))
        if known is None:
            definitions = collect(node.definitions, scope.source, self._precision)
            known = self._collected[id(node)] = (node, definitions)
        for name, body in known[1].items():
            layer.bindings[name] = Thunk(name, body, scope)

    def _with(self, node: nodes.With, scope: Scope) -> Box:
        layer = Scope(scope, scope.source)
        self._define(node, layer, layer)
        return self._core.eval(node.body, layer)

    def _letrec(self, node: nodes.Letrec, scope: Scope) -> Box:
        if id(node) not in self._letrecs:
            self._letrecs[id(node)] = node, letrec_as_with(node, scope.source)
        return self._core.eval(self._letrecs[id(node)][1], scope)

    def _environment(self, node: nodes.Environment, scope: Scope) -> Box:
        layer = Scope(scope, scope.source)
        self._define(node, layer, layer)
        self._import(layer, node.imports, scope.source, set())
        return EnvironmentValue(layer, None)

    def _import(
        self, layer: Scope, imports: tuple[nodes.Import, ...], source: Source, seen: set[str]
    ) -> None:
        """Adds the definitions of imported files to a layer, each file once."""
        for node in imports:
            counts = not node.precisions or f"{self._precision}precision" in node.precisions
            if node.path in seen or not counts:
                continue
            seen.add(node.path)
            span = Span(source, node.start, node.end)
            module = self._libraries.load(node.path, source, span)
            self._add_module(layer, module, span)
            self._import(layer, module.imports, module.source, seen)

    def _add_module(self, layer: Scope, module: Module, span: Span | None) -> None:
        view = layer.view(module.source)
        self._core.steps.take(len(module.names), span)
        for name in module.names:
            known = layer.bindings.get(name)
            thunk = Thunk(name, partial(self._definition, module, name), view)
            if known is None:
                layer.bindings[name] = thunk
            elif not (isinstance(known, Thunk) and known.body == thunk.body):
                start = module.definitions(name)[0].start
                places = [place(Span(module.source, start, start))]
                if isinstance(known, Thunk):
                    places.insert(0, place(known.scope.span(known.body)))
                raise EvaluationError(
                    f"`{name}` is defined twice: at {' and at '.join(places)}",
                    span,
                    "put one of them into an environment: `x = library(...);`",
                )

    def _definition(self, module: Module, name: str) -> nodes.Expr:
        group = for_precision(module.definitions(name), self._precision)
        if not group:
            first = module.definitions(name)[0]
            others = [p.removesuffix("precision") for p in first.precisions]
            raise EvaluationError(
                f"`{name}` has no definition for {self._precision} precision",
                Span(module.source, first.start, first.end),
                f"there is one for {' and '.join(others)} precision",
            )
        return merge(group, module.source)

    def file_scope(self, module: Module) -> Scope:
        """The environment of a whole file, made once."""
        layer = self._files.get(module.source)
        if layer is None:
            layer = self._files[module.source] = Scope(None, module.source)
            self._add_module(layer, module, None)
            self._import(layer, module.imports, module.source, set())
        return layer

    def _library(self, node: nodes.Library, scope: Scope) -> Box:
        module = self._libraries.load(node.path, scope.source, scope.span(node))
        return EnvironmentValue(self.file_scope(module), None)

    def _component(self, node: nodes.Component, scope: Scope) -> Box:
        module = self._libraries.load(node.path, scope.source, scope.span(node))
        layer = self.file_scope(module)
        self._named_at.setdefault(layer, scope.span(node))
        component = EnvironmentValue(layer, _PROCESS)
        self._core.records.place(component, scope.span(node))
        return component

    def component_process(self, component: EnvironmentValue) -> Box:
        """What a component's `process` is: a value that is not a component itself."""
        value: Box = component
        seen: set[Scope] = set()
        while isinstance(value, EnvironmentValue) and value.main is not None:
            if value.scope in seen:
                raise self._contains_itself(value)
            seen.add(value.scope)
            self._need_process(value.scope)
            value = self._core.binding(value.main, value.scope)
        return value

    def _need_process(self, scope: Scope) -> None:
        """A library has no process: it is a component only as far as its names are used."""
        if _PROCESS not in scope.bindings:
            raise EvaluationError(
                f"{scope.source.name} does not define `{_PROCESS}`", self._named_at.get(scope)
            )

    def component_diagram(self, component: EnvironmentValue) -> Box:
        if component.scope in self._components:
            raise self._contains_itself(component)
        self._components.add(component.scope)
        self._core.enter(None)
        box = self._core.symbolise(self.component_process(component))
        self._core.leave()
        self._components.remove(component.scope)
        return box

    def _contains_itself(self, component: EnvironmentValue) -> EvaluationError:
        bound = component.scope.bindings[component.main or ""]
        return EvaluationError(
            f"endless evaluation: the component {component.scope.source.name} contains itself",
            bound.scope.span(bound.body) if isinstance(bound, Thunk) else None,
        )

    def _scope_of(self, node: nodes.Expr, scope: Scope, purpose: str) -> tuple[Box, Scope]:
        """A value that has an environment (a closure has the one it was written in)."""
        value = self._core.eval(node, scope)
        if isinstance(value, EnvironmentValue | Closure):
            return value, value.scope
        raise EvaluationError(
            f"cannot {purpose}: this is a diagram, not an environment", scope.span(node)
        )

    def _access(self, node: nodes.Access, scope: Scope) -> Box:
        _, inner = self._scope_of(node.environment, scope, f"look up `{node.name}`")
        if inner.find(node.name) is None:
            span = Span(scope.source, node.end - len(node.name), node.end)
            raise undefined_in(quoted(scope.span(node.environment)), node.name, inner.names(), span)
        return self._core.lookup(node.name, inner, scope.span(node))

    def _override(self, node: nodes.Override, scope: Scope) -> Box:
        value, inner = self._scope_of(node.environment, scope, "override definitions")
        copied = inner.layer.copy()
        self._core.steps.take(len(copied.bindings), scope.span(node))
        self._define(node, copied, scope)
        if isinstance(value, EnvironmentValue):
            if value.main is not None:
                self._named_at[copied] = self._named_at[inner]
                self._need_process(copied)
            return EnvironmentValue(copied, value.main)
        assert isinstance(value, Closure)
        return self._core.closure(value.node, value.applied, copied.view(inner.source))
