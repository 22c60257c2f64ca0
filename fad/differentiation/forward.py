"""Forward mode: a diagram rewritten into the diagram of its values and tangents.

A wire that carries a signal becomes a bundle: the signal (the primal), then one tangent for each
parameter that is active on the wire, in parameter order; the bundles of neighbouring wires follow
each other. Compositions of diagrams become the same compositions of their duals. What no tangent
reaches stays as it is. What a primitive does to tangents is looked up in `operations`;
nothing here names a primitive.

Source of the method: T. Rushton, Differentiable DSP in Faust, IFC 2024, section 3, made sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from fad.base.errors import DifferentiationError, either
from fad.base.source import Span
from fad.diagram.box import (
    Bargraph,
    Box,
    Cut,
    ForeignFunction,
    Group,
    Lambda,
    Merge,
    Par,
    Primitive,
    Real,
    Rec,
    Route,
    Seq,
    Slot,
    Split,
    Wire,
    arity_of,
    parallel,
    postorder,
)
from fad.diagram.labels import plain_name
from fad.diagram.parameters import GroupPath, Widget, parameter_at
from fad.differentiation.activity import (
    NONE,
    Active,
    Activity,
    Bundles,
    bits,
    members,
    merged,
    placed,
    routed,
    shape,
    union,
)
from fad.differentiation.bundles import beside, lane_route, of_primals, width, wires
from fad.differentiation.dual import Dropped, Dual, Part
from fad.differentiation.operations import LocalRules, Operation, shape_name, user_rules
from fad.differentiation.rules import ARGUMENTS, Unsupported
from fad.differentiation.seeds import Seed, Seeds
from fad.differentiation.surrogates import Surrogates


def differentiate(
    box: Box,
    seeds: Seeds,
    rules: LocalRules,
    surrogates: Surrogates,
    origins: Mapping[Box, Span],
    names: Mapping[Box, str],
    new_slot: Callable[[str], Slot] | None = None,
) -> Dual:
    """The dual of a diagram with respect to variables.

    Its inputs are the original's: an audio input that is a variable gets its seed inside, the
    others are constants.

    Args:
        box: a well-typed diagram. The slots that are free in it are constants or variables.
        seeds: the variables, and the lanes of their tangents.
        rules: what primitives and foreign functions do to tangents.
        surrogates: which reads at whole positions are given a slope.
        origins: where diagrams were written, for messages.
        names: the names of diagrams.
        new_slot: makes slots that do not occur in the diagram, where it is a part of a program.

    Raises:
        DifferentiationError: a construct without a derivative is on an active path.
    """
    if new_slot is None:
        new_slot = _slots_after(box)
    transform = _Forward(box, seeds, rules, surrogates, origins, dict(names), new_slot)
    sources = [seeds.inputs.get(index) for index in range(arity_of(box)[0])]
    inputs = tuple(NONE if seed is None else bits([seed.lane]) for seed in sources)
    outer = {slot: _Bound((slot,), NONE) for slot in box.free}
    dual, outputs = transform.dual(box, inputs, (), outer)
    if any(inputs):
        lanes = (lane for seed in sources for lane in _seeded(Wire(), seed))
        dual = Seq(parallel(lanes), dual)
    for word, shapes in transform.shapes.items():
        for operation, letters in shapes.items():
            name = word if len(shapes) == 1 else f"{word}_{letters}"
            transform.names.setdefault(operation, name)
    # The name of a parameter goes with its value and seed.
    alone = {part.source for part in transform.context.parts if isinstance(part.source, Widget)}
    return Dual(
        dual,
        outputs,
        transform.context.dropped,
        {part: name for part, name in transform.names.items() if part not in alone},
        transform.context.parts,
        seeds,
        transform.sloped,
    )


def _slots_after(box: Box) -> Callable[[str], Slot]:
    """Makes slots with numbers after those in a diagram."""
    lambdas = (part for part in postorder(box) if isinstance(part, Lambda))
    numbers = count(1 + max((part.slot.number for part in lambdas), default=0))
    return lambda name: Slot(next(numbers), name)


@dataclass(frozen=True)
class _Bound:
    """What a slot of the original is in the dual: a lane for each signal of its bundle."""

    lanes: tuple[Slot, ...]
    active: Active


#: What is a part of a program also without a name.
_EXPLAINED = Primitive | ForeignFunction | Widget

_Slots = Mapping[Slot, _Bound]
_Result = tuple[Box, Bundles]


@dataclass
class _Context:
    """What differs between the whole and a function that serves several sets of parameters.

    Attributes:
        lanes: the parameter that each number in it stands for.
        tags: what the tangents by each are called.
        memo: the duals of the diagrams in it.
        dropped, parts: see `Dual`.
    """

    lanes: Sequence[int]
    tags: Sequence[str]
    memo: dict[tuple[object, ...], _Result] = field(default_factory=dict)
    dropped: dict[int, Dropped] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


@dataclass
class _Forward:
    root: Box
    seeds: Seeds
    rules: LocalRules
    surrogates: Surrogates
    origins: Mapping[Box, Span]
    names: dict[Box, str]
    new_slot: Callable[[str], Slot]
    sloped: list[Dropped] = field(default_factory=list)
    #: The name of an operation -> its duals, with what tells them apart.
    shapes: dict[str, dict[Box, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._activity = Activity(
            self.root, self._leaf_activity, self._seed, self.seeds.signals, self.surrogates.find
        )
        tags = [f"_{tag}" for tag in self.seeds.tags]
        self.context = _Context(range(len(tags)), tags)
        self._functions: dict[tuple[Box, Bundles], tuple[_Result, _Context]] = {}
        self._place: Span | None = None
        self._cases: dict[type[Box], Callable[..., _Result]] = {
            Wire: self._wire,
            Cut: self._cut,
            Primitive: self._primitive,
            ForeignFunction: self._foreign_function,
            Bargraph: self._bargraph,
            Slot: self._slot,
            Seq: self._seq,
            Par: self._par,
            Split: self._split,
            Merge: self._merge,
            Rec: self._rec,
            Route: self._route,
            Lambda: self._lambda,
            Group: self._group,
        }

    def dual(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        """The dual of a box whose inputs carry these bundles, and the bundles it gives."""
        if not box.free and self._activity.is_inert(box, inputs):
            return box, (NONE,) * arity_of(box)[1]
        bound = tuple([slots[slot].lanes[0] for slot in self._activity.free(box)])
        key = (*self._activity.key(box, inputs, groups), bound)
        context = self.context
        if key not in context.memo:
            outer, self._place = self._place, self.origins.get(box, self._place)
            case = self._cases.get(type(box), self._source)
            if self._seed(box, groups) is not None:
                case = self._variable
            result = case(box, inputs, groups, slots)
            self._place = outer
            if box in self.names:
                self.names.setdefault(result[0], self.names[box])
            if (box in self.names or isinstance(box, _EXPLAINED)) and any(inputs + result[1]):
                context.parts.append(Part(box, result[0], inputs, result[1]))
            context.memo[key] = result
        return context.memo[key]

    # -- Leaves --------------------------------------------------------------------------------

    def _wire(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return wires(inputs), inputs

    def _cut(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return parallel([Cut()] * width(inputs)), ()

    def _source(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        """A leaf that gives no tangents; those that come in end here."""
        return of_primals(inputs, box), (NONE,) * arity_of(box)[1]

    def _variable(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        seed = self._seed(box, groups)
        assert seed is not None
        return parallel(_seeded(box, seed)), (1 << seed.lane,)

    def _bargraph(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return parallel([box, *[Wire()] * (width(inputs) - 1)]), inputs

    def _slot(self, box: Slot, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return parallel(slots[box].lanes), (slots[box].active,)

    def _primitive(
        self, box: Primitive, inputs: Bundles, groups: GroupPath, slots: _Slots
    ) -> _Result:
        return self._operation(self.rules.primitive(box), inputs)

    def _foreign_function(
        self, box: ForeignFunction, inputs: Bundles, groups: GroupPath, slots: _Slots
    ) -> _Result:
        operation = self.rules.foreign(box)
        if operation is None:
            name, count = box.names[0], len(box.arguments)
            heads = [f"{rule}({', '.join(ARGUMENTS[:count])})" for rule in user_rules(name, count)]
            raise self._no_derivative(
                f"the derivative of the foreign function `{name}` is not known",
                inputs,
                f"define {' and '.join(f'`{head} = ...;`' for head in heads)} in a file and give "
                "it with `--rules`; ",
            )
        return self._operation(operation, inputs)

    def _operation(self, operation: Operation, inputs: Bundles) -> _Result:
        if isinstance(operation.rule, Unsupported):
            reason = operation.rule.reason
            raise self._no_derivative(f"`{operation.name}` {reason}", inputs)
        for index, why in operation.dropped(inputs):
            self.context.dropped.setdefault(index, Dropped(why, operation.name, self._place))
        if not operation.active(inputs):
            return of_primals(inputs, operation.function), (NONE,)
        dual = self.rules.dual(operation, inputs, self.new_slot)
        self.shapes.setdefault(operation.word, {})[dual] = shape_name(inputs)
        return dual, (operation.active(inputs),)

    def _leaf_activity(self, box: Primitive | ForeignFunction, inputs: Bundles) -> Active:
        if isinstance(box, Primitive):
            return self.rules.primitive(box).active(inputs)
        operation = self.rules.foreign(box)
        return operation.active(inputs) if operation else union(inputs)

    def _no_derivative(self, what: str, inputs: Bundles, remedy: str = "") -> DifferentiationError:
        reaching = members(bits(index for active in inputs for index in members(active)))
        names = either(self.seeds.names[self.context.lanes[index]] for index in reaching)
        return DifferentiationError(
            f"cannot differentiate: {what}",
            self._place,
            f"{remedy}its arguments depend on {names}",
        )

    # -- Compositions --------------------------------------------------------------------------

    def _seq(self, box: Seq, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        read = self.surrogates.find(box)
        if read is not None:
            left, middle = self._operands(read.signal, read.position, inputs, groups, slots)
            if any(middle):
                dropped = Dropped("a slope has no slope", read.function.name, self._place)
                self.sloped.append(dropped)
                right, outputs = self._operation(self.rules.read(read), middle)
                return Seq(left, right), outputs
        left, middle = self.dual(box.left, inputs, groups, slots)
        right, outputs = self.dual(box.right, middle, groups, slots)
        return Seq(left, right), outputs

    def _par(self, box: Par, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return self._operands(box.left, box.right, inputs, groups, slots)

    def _operands(
        self, left: Box, right: Box, inputs: Bundles, groups: GroupPath, slots: _Slots
    ) -> _Result:
        """The dual of `left , right`."""
        count = arity_of(left)[0]
        first, lanes = self.dual(left, inputs[:count], groups, slots)
        second, others = self.dual(right, inputs[count:], groups, slots)
        return beside(first, second), lanes + others

    def _split(self, box: Split, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        left, middle = self.dual(box.left, inputs, groups, slots)
        copies = arity_of(box.right)[0] // len(middle)
        right, outputs = self.dual(box.right, middle * copies, groups, slots)
        return Split(left, right), outputs

    def _merge(self, box: Merge, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        left, wires = self.dual(box.left, inputs, groups, slots)
        count = arity_of(box.right)[0]
        middle = merged(wires, count)
        right, outputs = self.dual(box.right, middle, groups, slots)
        if wires == middle * (len(wires) // count):
            return Merge(left, right), outputs
        targets = [index % count for index in range(len(wires))]
        return Seq(Seq(left, lane_route(wires, middle, enumerate(targets))), right), outputs

    def _rec(self, box: Rec, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        sets = {slot: bound.active for slot, bound in slots.items()}
        fed, _ = self._activity.feedback(box, inputs, groups, sets)
        left, outputs = self.dual(box.left, fed + inputs, groups, slots)
        right, _ = self.dual(box.right, outputs[: arity_of(box.right)[0]], groups, slots)
        return Rec(left, right), outputs

    def _route(self, box: Route, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        outputs = routed(box, inputs)
        pairs = ((source - 1, target - 1) for source, target in box.pairs)
        return lane_route(inputs, outputs, pairs), outputs

    def _lambda(self, box: Lambda, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        if box.free or not self._activity.is_constant(box):
            return self._function(box, inputs, groups, slots)
        # A function without variables is the same for all sets of parameters of one shape.
        lanes = list(members(union(inputs)))
        key = box, shape(inputs)
        if key not in self._functions:
            outer = self.context
            numbers = [str(1 + place) for place in range(len(lanes))]
            tags = numbers if len(numbers) > 1 else [""]
            self.context = _Context([outer.lanes[lane] for lane in lanes], tags)
            result = self._function(box, key[1], groups, {})
            self._functions[key] = result, self.context
            self.context = outer
        (dual, outputs), inner = self._functions[key]
        for place, dropped in inner.dropped.items():
            self.context.dropped.setdefault(lanes[place], dropped)
        for part in inner.parts:
            bundles = placed(part.inputs, lanes), placed(part.outputs, lanes)
            self.context.parts.append(replace(part, inputs=bundles[0], outputs=bundles[1]))
        return dual, placed(outputs, lanes)

    def _function(self, box: Lambda, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        active = inputs[0]
        name = box.slot.name
        lanes = [self.new_slot(name)]
        for tag in (self.context.tags[index] for index in members(active)):
            mark = "_" if name[-1].isdigit() and tag.isdigit() else ""
            lanes.append(self.new_slot(f"d{name}{mark}{tag}"))
        inner = {**slots, box.slot: _Bound(tuple(lanes), active)}
        body, outputs = self.dual(box.body, inputs[1:], groups, inner)
        for slot in reversed(lanes):
            body = Lambda(slot, body)
        return body, outputs

    def _group(self, box: Group, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        body, outputs = self.dual(box.body, inputs, (*groups, plain_name(box.label)), slots)
        return Group(box.kind, box.label, body), outputs

    # -- Names and numbers ---------------------------------------------------------------------

    def _seed(self, box: Box, groups: GroupPath) -> Seed | None:
        """The seed of a box that is a variable."""
        if isinstance(box, Widget):
            return self.seeds.widgets.get(parameter_at(box, groups).path)
        return self.seeds.signals.get(box)


def _seeded(signal: Box, seed: Seed | None) -> list[Box]:
    """A variable and its tangent: a real number, as an integer one makes integer recursions."""
    if seed is None:
        return [signal]
    return [signal, seed.value if isinstance(seed.value, Box) else Real(seed.value)]
