"""The user interface, data and foreign code of a program, and widget modulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fad.base.errors import EvaluationError
from fad.base.prose import counted
from fad.diagram.box import (
    Bargraph,
    Box,
    ForeignFunction,
    ForeignValue,
    Group,
    Int,
    Lambda,
    Primitive,
    Real,
    Slider,
    Soundfile,
    Switch,
    Waveform,
    postorder,
)
from fad.diagram.labels import is_nameless, substitute
from fad.diagram.modulation import modulate, target
from fad.evaluation.core import Core
from fad.evaluation.excerpts import excerpt
from fad.evaluation.scope import Scope
from fad.syntax import nodes

#: To show a diagram in a message takes longer than most.
_WARNING_STEPS = 100


class Leaves:
    """Evaluates widgets and other leaves.

    Args:
        core: evaluates everything else.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def cases(self) -> dict[type, Callable[[Any, Scope], Box]]:
        """What evaluates each construct."""
        return {
            nodes.Modulation: self._modulation,
            nodes.Switch: self._switch,
            nodes.Slider: self._slider,
            nodes.Bargraph: self._bargraph,
            nodes.Group: self._group,
            nodes.Soundfile: self._soundfile,
            nodes.Waveform: self._waveform,
            nodes.ForeignFunction: self._foreign_function,
            nodes.ForeignValue: self._foreign_value,
        }

    def _modulation(self, node: nodes.Modulation, scope: Scope) -> Box:
        label = self._label(node, scope)
        circuit: Box = Primitive("*")
        if node.circuit is not None:
            circuit = self._core.symbolise(self._core.eval(node.circuit, scope))
        inputs, outputs = self._core.check(circuit, scope.span(node))
        if inputs > 2 or outputs != 1:
            raise EvaluationError(
                f"a modulation takes at most 2 inputs and gives 1 output: this one has "
                f"{counted(inputs, 'input')} and {counted(outputs, 'output')}",
                scope.span(node.circuit or node),
            )
        slot = self._core.new_slot("modulation") if inputs == 2 else None
        body = self._core.symbolise(self._core.eval(node.body, scope))
        self._core.steps.take(sum(1 for _ in postorder(body)), scope.span(node))
        result = modulate(body, target(label), circuit, slot)
        if result is body:
            self._core.steps.take(_WARNING_STEPS, scope.span(node))
            self._core.warnings.append(f'no widget "{label}" to modulate in {excerpt(body)}')
        modulated = Lambda(slot, result) if slot else result
        self._core.records.place(modulated, scope.span(node))
        return modulated

    def _label(self, node: Any, scope: Scope) -> str:
        label: str = node.label
        if "%" in label:
            label = self._substituted(label, node, scope)
        return label

    def _named(self, node: Any, kind: str, scope: Scope) -> str:
        """The label of a widget, which needs a name."""
        label = self._label(node, scope)
        if is_nameless(label):
            raise EvaluationError(
                f'the label "{label}" of `{kind}` has no name',
                scope.span(node),
                "`.` and `..` stand for groups, and a name comes behind them: `../name`",
            )
        return label

    def _substituted(self, label: str, node: Any, scope: Scope) -> str:

        def value(name: str) -> int:
            start = scope.source.text.find(name, scope.source.text.find(label, node.start))
            variable = nodes.Name(start, start + len(name), name)
            return self._core.constant_int(variable, scope, f"`{name}` in a label")

        return substitute(label, value)

    def _switch(self, node: nodes.Switch, scope: Scope) -> Box:
        return self._core.made(Switch(node.kind, self._named(node, node.kind, scope)), node, scope)

    def _slider(self, node: nodes.Slider, scope: Scope) -> Box:
        label = self._named(node, node.kind, scope)
        bounds = [
            self._core.constant_float(getattr(node, bound), scope, f"the {bound} of `{node.kind}`")
            for bound in ("init", "min", "max", "step")
        ]
        return self._core.made(Slider(node.kind, label, *bounds), node, scope)

    def _bargraph(self, node: nodes.Bargraph, scope: Scope) -> Box:
        label = self._named(node, node.kind, scope)
        low = self._core.constant_float(node.min, scope, f"the min of `{node.kind}`")
        high = self._core.constant_float(node.max, scope, f"the max of `{node.kind}`")
        return self._core.made(Bargraph(node.kind, label, low, high), node, scope)

    def _group(self, node: nodes.Group, scope: Scope) -> Box:
        label = self._label(node, scope)
        return self._core.made(
            Group(node.kind, label, self._core.eval(node.body, scope)), node, scope
        )

    def _soundfile(self, node: nodes.Soundfile, scope: Scope) -> Box:
        channels = self._core.constant_int(node.channels, scope, "the channels of `soundfile`")
        return self._core.made(
            Soundfile(self._named(node, "soundfile", scope), channels), node, scope
        )

    def _waveform(self, node: nodes.Waveform, scope: Scope) -> Box:
        values = tuple(
            Int(v.value) if isinstance(v, nodes.Integer) else Real(v.value) for v in node.values
        )
        self._core.steps.take(len(values), scope.span(node))
        return Waveform(values)

    def _foreign_function(self, node: nodes.ForeignFunction, scope: Scope) -> Box:
        box = ForeignFunction(node.type, node.names, node.arguments, node.include, node.library)
        return self._core.made(box, node, scope)

    def _foreign_value(self, node: nodes.ForeignValue, scope: Scope) -> Box:
        return self._core.made(
            ForeignValue(node.kind, node.type, node.name, node.include), node, scope
        )
