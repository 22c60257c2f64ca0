"""The user interface, data and foreign code of a program, and widget modulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fad import syntax
from fad.box import (
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
)
from fad.errors import EvaluationError, counted
from fad.excerpts import excerpt
from fad.labels import substitute
from fad.modulation import modulate, target
from fad.scope import Scope

if TYPE_CHECKING:
    from fad.evaluator import Evaluator


class Widgets:
    """Evaluates widgets and other leaves.

    Args:
        core: evaluates everything else.
    """

    def __init__(self, core: Evaluator) -> None:
        self._core = core

    def cases(self) -> dict[type, Callable[[Any, Scope], Box]]:
        """What evaluates each construct."""
        return {
            syntax.Modulation: self._modulation,
            syntax.Switch: self._switch,
            syntax.Slider: self._slider,
            syntax.Bargraph: self._bargraph,
            syntax.Group: self._group,
            syntax.Soundfile: self._soundfile,
            syntax.Waveform: self._waveform,
            syntax.ForeignFunction: self._foreign_function,
            syntax.ForeignValue: self._foreign_value,
        }

    def _modulation(self, node: syntax.Modulation, scope: Scope) -> Box:
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
        result = modulate(body, target(label), circuit, slot)
        if result is body:
            self._core.warnings.append(f'no widget "{label}" to modulate in {excerpt(body)}')
        return Lambda(slot, result) if slot else result

    def _label(self, node: Any, scope: Scope) -> str:
        label: str = node.label
        if "%" not in label:
            return label

        def value(name: str) -> int:
            start = scope.source.text.find(name, scope.source.text.find(label, node.start))
            variable = syntax.Name(start, start + len(name), name)
            return self._core.constant_int(variable, scope, f"`{name}` in a label")

        return substitute(label, value)

    def _switch(self, node: syntax.Switch, scope: Scope) -> Box:
        return self._core.made(Switch(node.kind, self._label(node, scope)), node, scope)

    def _slider(self, node: syntax.Slider, scope: Scope) -> Box:
        label = self._label(node, scope)
        bounds = [
            self._core.constant_float(getattr(node, bound), scope, f"the {bound} of `{node.kind}`")
            for bound in ("init", "min", "max", "step")
        ]
        return self._core.made(Slider(node.kind, label, *bounds), node, scope)

    def _bargraph(self, node: syntax.Bargraph, scope: Scope) -> Box:
        label = self._label(node, scope)
        low = self._core.constant_float(node.min, scope, f"the min of `{node.kind}`")
        high = self._core.constant_float(node.max, scope, f"the max of `{node.kind}`")
        return self._core.made(Bargraph(node.kind, label, low, high), node, scope)

    def _group(self, node: syntax.Group, scope: Scope) -> Box:
        label = self._label(node, scope)
        return self._core.made(
            Group(node.kind, label, self._core.eval(node.body, scope)), node, scope
        )

    def _soundfile(self, node: syntax.Soundfile, scope: Scope) -> Box:
        channels = self._core.constant_int(node.channels, scope, "the channels of `soundfile`")
        return self._core.made(Soundfile(self._label(node, scope), channels), node, scope)

    def _waveform(self, node: syntax.Waveform, scope: Scope) -> Box:
        values = tuple(
            Int(v.value) if isinstance(v, syntax.Integer) else Real(v.value) for v in node.values
        )
        return Waveform(values)

    def _foreign_function(self, node: syntax.ForeignFunction, scope: Scope) -> Box:
        box = ForeignFunction(node.type, node.names, node.arguments, node.include, node.library)
        return self._core.made(box, node, scope)

    def _foreign_value(self, node: syntax.ForeignValue, scope: Scope) -> Box:
        return self._core.made(
            ForeignValue(node.kind, node.type, node.name, node.include), node, scope
        )
