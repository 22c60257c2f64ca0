"""Forward mode: a diagram rewritten into the diagram of its values and tangents.

A wire that carries a signal becomes a bundle: the signal (the primal), then one tangent for each
parameter that is active on the wire, in parameter order; the bundles of neighbouring wires follow
each other. Compositions of diagrams become the same compositions of their duals. What no tangent
reaches stays as it is. What a primitive does to tangents is looked up in `fad.local`; nothing
here names a primitive.

Source of the method: T. Rushton, Differentiable DSP in Faust, IFC 2024, section 3, made sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from fad.activity import NONE, Active, Activity, Bundles, bits, members, merged, routed, union
from fad.box import (
    Bargraph,
    Box,
    Cut,
    ForeignFunction,
    Group,
    Int,
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
    factors,
    parallel,
    postorder,
)
from fad.channels import Output
from fad.errors import DifferentiationError, either, place
from fad.labels import plain_name
from fad.local import LocalRules, Operation, user_rules
from fad.parameters import GroupPath, Widget, parameter_at
from fad.rules import ARGUMENTS, Unsupported
from fad.seeds import Seed, Seeds
from fad.source import Span
from fad.surrogates import Surrogates


@dataclass(frozen=True)
class Dropped:
    """A tangent that ended where the derivative is zero for a technical reason."""

    reason: str
    construct: str
    span: Span | None


@dataclass(frozen=True)
class Part:
    """What a part of a program has become.

    Attributes:
        source: a parameter, a primitive or foreign function, or what has a name in the source.
        dual: its dual.
        inputs, outputs: the parameters that are active on each input and output.
    """

    source: Box
    dual: Box
    inputs: Bundles
    outputs: Bundles


@dataclass(frozen=True)
class Dual:
    """A dual diagram.

    Attributes:
        box: the diagram; its outputs are bundles.
        outputs: which parameters are active on each output of the original.
        dropped: parameter number -> where a tangent of it ended first.
        names: the names of its parts.
        parts: the parts that tangents reach, inner ones first.
        seeds: what it is differentiated by.
        sloped: the reads at whole positions whose slope stands for a derivative.
    """

    box: Box
    outputs: Bundles
    dropped: Mapping[int, Dropped]
    names: Mapping[Box, str]
    parts: Sequence[Part]
    seeds: Seeds
    sloped: Sequence[Dropped]


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
    # The name of a parameter goes with its value and seed.
    alone = {part.source for part in transform.parts if isinstance(part.source, Widget)}
    return Dual(
        dual,
        outputs,
        transform.dropped,
        {part: name for part, name in transform.names.items() if part not in alone},
        transform.parts,
        seeds,
        transform.sloped,
    )


def lost(dual: Dual, folders: bool = True) -> dict[str, str]:
    """The variables whose derivative is zero for a technical reason only.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    reached = union(dual.outputs)
    warnings = {}
    for lane, dropped in dual.dropped.items():
        if not reached >> lane & 1:
            where = "" if dropped.span is None else f" at {place(dropped.span, folders)}"
            name = dual.seeds.names[lane]
            warnings[name] = (
                f"the derivative by {name} is zero: it only acts through "
                f"`{dropped.construct}`{where} ({dropped.reason})"
            )
    return warnings


def _slots_after(box: Box) -> Callable[[str], Slot]:
    """Makes slots with numbers after those in a diagram."""
    lambdas = (part for part in postorder(box) if isinstance(part, Lambda))
    numbers = count(1 + max((part.slot.number for part in lambdas), default=0))
    return lambda name: Slot(next(numbers), name)


def dense(dual: Dual, count: int, tangents_only: bool = False) -> Box:
    """A dual whose outputs carry all tangents: those that are not there are 0.

    Args:
        dual: a dual diagram.
        count: the number of parameters.
        tangents_only: leave out the primals.
    """
    lanes: list[Box] = []
    for active in dual.outputs:
        lanes.append(Cut() if tangents_only else Wire())
        lanes += [Wire() if active >> index & 1 else Real(0.0) for index in range(count)]
    if all(isinstance(lane, Wire) for lane in lanes):
        return dual.box
    return Seq(dual.box, parallel(lanes))


def second_derivatives(dual: Dual, count: int, outputs: Sequence[Output]) -> Box:
    """The channels of a program of order 2.

    Args:
        dual: the dual of a program's dense dual: of each output, and of each of its derivatives.
        count: the number of variables.
        outputs: the channels.
    """
    place = {name: index for index, name in enumerate(dual.seeds.names)}
    pairs = []
    for target, output in enumerate(outputs, start=1):
        # A block for each output of the original; in it, a row for the output and one for each
        # derivative; in that, the channel and its derivatives.
        row = 0 if output.parameter is None else 1 + place[output.parameter.path]
        column = 0 if output.second is None else 1 + place[output.second.path]
        block = output.output * (1 + count)
        pairs.append(((block + row) * (1 + count) + column + 1, target))
    whole = dense(dual, count)
    return Seq(whole, Route(arity_of(whole)[1], len(outputs), tuple(pairs)))


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
class _Forward:
    root: Box
    seeds: Seeds
    rules: LocalRules
    surrogates: Surrogates
    origins: Mapping[Box, Span]
    names: dict[Box, str]
    new_slot: Callable[[str], Slot]
    dropped: dict[int, Dropped] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    sloped: list[Dropped] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._activity = Activity(
            self.root, self._leaf_activity, self._seed, self.seeds.signals, self.surrogates.find
        )
        self._memo: dict[tuple[object, ...], _Result] = {}
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
        if key not in self._memo:
            outer, self._place = self._place, self.origins.get(box, self._place)
            case = self._cases.get(type(box), self._source)
            if self._seed(box, groups) is not None:
                case = self._variable
            result = case(box, inputs, groups, slots)
            self._place = outer
            if box in self.names:
                self.names.setdefault(result[0], self.names[box])
            if (box in self.names or isinstance(box, _EXPLAINED)) and any(inputs + result[1]):
                self.parts.append(Part(box, result[0], inputs, result[1]))
            self._memo[key] = result
        return self._memo[key]

    # -- Leaves --------------------------------------------------------------------------------

    def _wire(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return _wires(inputs), inputs

    def _cut(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return parallel([Cut()] * _width(inputs)), ()

    def _source(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        """A leaf that gives no tangents; those that come in end here."""
        return _of_primals(inputs, box), (NONE,) * arity_of(box)[1]

    def _variable(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        seed = self._seed(box, groups)
        assert seed is not None
        return parallel(_seeded(box, seed)), (1 << seed.lane,)

    def _bargraph(self, box: Box, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        return parallel([box, *[Wire()] * (_width(inputs) - 1)]), inputs

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
            self.dropped.setdefault(index, Dropped(why, operation.name, self._place))
        if not operation.active(inputs):
            return _of_primals(inputs, operation.function), (NONE,)
        dual = self.rules.dual(operation, inputs, self.seeds.tags, self.new_slot)
        self.names.setdefault(dual, operation.word)
        return dual, (operation.active(inputs),)

    def _leaf_activity(self, box: Primitive | ForeignFunction, inputs: Bundles) -> Active:
        if isinstance(box, Primitive):
            return self.rules.primitive(box).active(inputs)
        operation = self.rules.foreign(box)
        return operation.active(inputs) if operation else union(inputs)

    def _no_derivative(self, what: str, inputs: Bundles, remedy: str = "") -> DifferentiationError:
        reaching = members(bits(index for active in inputs for index in members(active)))
        names = either(self.seeds.names[lane] for lane in reaching)
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
        return _beside(first, second), lanes + others

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
        return Seq(Seq(left, _lane_route(wires, middle, enumerate(targets))), right), outputs

    def _rec(self, box: Rec, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        sets = {slot: bound.active for slot, bound in slots.items()}
        fed, _ = self._activity.feedback(box, inputs, groups, sets)
        left, outputs = self.dual(box.left, fed + inputs, groups, slots)
        right, _ = self.dual(box.right, outputs[: arity_of(box.right)[0]], groups, slots)
        return Rec(left, right), outputs

    def _route(self, box: Route, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        outputs = routed(box, inputs)
        pairs = ((source - 1, target - 1) for source, target in box.pairs)
        return _lane_route(inputs, outputs, pairs), outputs

    def _lambda(self, box: Lambda, inputs: Bundles, groups: GroupPath, slots: _Slots) -> _Result:
        active = inputs[0]
        name = box.slot.name
        lanes = [self.new_slot(name)]
        lanes += [self.new_slot(f"d{name}_{self.seeds.tags[index]}") for index in members(active)]
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


def _width(bundles: Bundles) -> int:
    """The number of lanes of neighbouring bundles."""
    return len(bundles) + sum(active.bit_count() for active in bundles)


def _wires(bundles: Bundles) -> Box:
    return parallel([Wire()] * _width(bundles))


def _beside(left: Box, right: Box) -> Box:
    """`left , right`; a plain bundle on the left does not need parentheses."""
    lanes = list(factors(left))
    if all(isinstance(lane, Wire | Cut | Slot | Int | Real) for lane in lanes):
        for lane in reversed(lanes):
            right = Par(lane, right)
        return right
    return Par(left, right)


def _of_primals(inputs: Bundles, box: Box) -> Box:
    """A box that takes the values of its inputs, and none of their tangents."""
    if not any(inputs):
        return box
    return Seq(parallel([lane for active in inputs for lane in _keep_primal(active)]), box)


def _seeded(signal: Box, seed: Seed | None) -> list[Box]:
    """A variable and its tangent: a real number, as an integer one makes integer recursions."""
    if seed is None:
        return [signal]
    return [signal, seed.value if isinstance(seed.value, Box) else Real(seed.value)]


def _keep_primal(active: Active) -> list[Box]:
    return [Wire(), *[Cut()] * active.bit_count()]


def _lane_route(sources: Bundles, targets: Bundles, pairs: Iterable[tuple[int, int]]) -> Route:
    """A route of bundles: each connection of wires, lane by lane, in the order given.

    The order of connections is the order of the sums that meet at an output, so the primal lanes
    add up exactly as they did.
    """
    first_in = _lane_numbers(sources)
    first_out = _lane_numbers(targets)
    lanes = [
        (first_in[source][lane], first_out[target][lane])
        for source, target in pairs
        for lane in first_in[source]
    ]
    return Route(_width(sources), _width(targets), tuple(lanes))


def _lane_numbers(bundles: Bundles) -> list[dict[int, int]]:
    """For each wire: the 1-based lane of its primal (under -1) and of each parameter's tangent."""
    numbers = []
    lane = 0
    for active in bundles:
        wire = {}
        for member in (-1, *members(active)):
            lane += 1
            wire[member] = lane
        numbers.append(wire)
    return numbers
