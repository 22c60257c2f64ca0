"""Forward mode: a diagram rewritten into the diagram of its values and tangents.

A wire that carries a signal becomes a bundle: the signal (the primal), then one tangent for each
parameter that is active on the wire, in parameter order; the bundles of neighbouring wires follow
each other. Compositions of diagrams become the same compositions of their duals. What no tangent
reaches stays as it is. What a primitive does to tangents is looked up in `operations`; nothing
here names a primitive.

Source of the method: T. Rushton, Differentiable DSP in Faust, IFC 2024, section 3, made sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from fad.base.deep_stack import recursive
from fad.base.errors import DifferentiationError
from fad.base.prose import either
from fad.base.source import Span
from fad.diagram.binders import substituted
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
    Soundfile,
    Split,
    Wire,
    arity_of,
    parallel,
    postorder,
)
from fad.diagram.facts import Facts
from fad.diagram.interpret import arriving, routed
from fad.diagram.parameters import Widget
from fad.diagram.ruled import Ruled, rule_names
from fad.differentiation.active_sets import (
    NONE,
    Active,
    Bundles,
    bits,
    members,
    placed,
    shape,
    union,
)
from fad.differentiation.activity import Activity
from fad.differentiation.bundles import beside, lane_route, of_primals, width, wires
from fad.differentiation.dual import Dropped, Dual, Part
from fad.differentiation.initial_kinks import InitialKinks, Reading
from fad.differentiation.kinks import with_sides
from fad.differentiation.operations import Function, Operation, Operations, shape_name
from fad.differentiation.rules import ARGUMENTS, Unsupported
from fad.differentiation.seeds import Seed, Seeds
from fad.differentiation.surrogates import Kind, SlopedRead, SlopedSample, with_slopes
from fad.differentiation.variables import Variable, with_variables
from fad.differentiation.variants import Variant, with_variants


@recursive
def differentiate(
    box: Box,
    seeds: Seeds,
    operations: Operations,
    facts: Facts,
    surrogate: Sequence[Kind] = (),
    new_slot: Callable[[str], Slot] | None = None,
) -> Dual:
    """The dual of a diagram with respect to variables.

    Its inputs are the original's: an audio input that is a variable gets its seed inside, the
    others are constants.

    Args:
        box: a well-typed diagram. The slots that are free in it are constants or variables.
        seeds: the variables, and the lanes of their tangents.
        operations: what primitives and foreign functions do to tangents.
        facts: what is known about the diagram's parts: their names go to their duals, their
            origins into messages, and their makers decide about slopes.
        surrogate: the kinds of reads at whole positions that are given a slope everywhere.
        new_slot: makes slots that do not occur in the diagram, where it is a part of a program.

    Raises:
        DifferentiationError: a construct without a derivative is on an active path.
    """
    if new_slot is None:
        new_slot = _slots_after(box)
    with_leaves, originals = with_variables(box, seeds)
    with_reads, originals = with_slopes(with_leaves, originals, facts.made_by, surrogate)
    with_rules, originals = with_variants(with_reads, originals)
    marked, originals = with_sides(with_rules, originals)
    transform = _Forward(marked, originals, seeds, operations, facts, new_slot)
    sources = [seeds.inputs.get(index) for index in range(arity_of(box)[0])]
    inputs = tuple(NONE if seed is None else bits([seed.lane]) for seed in sources)
    kinks = InitialKinks(operations, originals, facts.origins)
    kinks.outputs(marked, tuple([Reading(None, active) for active in inputs]))
    outer = {slot: _Bound((slot,), NONE) for slot in marked.free}
    dual, outputs = transform.dual(marked, inputs, outer)
    if any(inputs):
        lanes = (lane for seed in sources for lane in _seeded(Wire(), seed))
        dual = Seq(parallel(lanes), dual)
    return Dual(
        dual,
        outputs,
        transform.context.dropped,
        transform.all_names(),
        transform.context.parts,
        seeds,
        transform.sloped,
        kinks.found,
        kinks.switched,
    )


def _slots_after(box: Box) -> Callable[[str], Slot]:
    """Makes slots with numbers after those in a diagram."""
    lambdas = (part for part in postorder(box) if isinstance(part, Lambda))
    numbers = count(1 + max((part.slot.number for part in lambdas), default=0))
    return lambda name: Slot(next(numbers), name)


@dataclass(frozen=True)
class _Bound:
    """What has become of the variable of a lambda: a slot for its value and one for each tangent.

    Attributes:
        lanes: the slots, the value's first.
        active: the parameters that the tangents are by.
    """

    lanes: tuple[Slot, ...]
    active: Active


#: What is a part of the program (see `Part`) also where it has no name in the source.
_EXPLAINED = Primitive | ForeignFunction | Ruled | Widget

#: The slots of the lambdas around a diagram.
_Slots = Mapping[Slot, _Bound]
#: A dual, and the parameters that are active on each of its outputs.
_Result = tuple[Box, Bundles]


@dataclass
class _Context:
    """The parameters as a diagram sees them: those of the program, or some numbered anew.

    A function in which there are no variables is differentiated once for all its calls with
    tangents of the same shape. Inside, its tangents are numbered: `dx1` may be by the cutoff
    frequency in one call and by the gain in another one.

    Attributes:
        lanes: for each parameter inside, its number in the program.
        tags: for each parameter inside, what its tangents are called.
        memo: the duals of the diagrams inside.
        dropped, parts: see `Dual`, with the numbers inside.
    """

    lanes: Sequence[int]
    tags: Sequence[str]
    memo: dict[tuple[object, ...], _Result] = field(default_factory=dict)
    dropped: dict[int, Dropped] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


class _Forward:
    """Rewrites a diagram in which variables and reads with slopes are marked.

    Args:
        root: the whole diagram.
        originals: what its parts were before they were marked, where that is something else.
        seeds, operations, facts, new_slot: see `differentiate`.
    """

    def __init__(
        self,
        root: Box,
        originals: Mapping[Box, Box],
        seeds: Seeds,
        operations: Operations,
        facts: Facts,
        new_slot: Callable[[str], Slot],
    ) -> None:
        self._originals = originals
        self._seeds = seeds
        self._operations = operations
        self._origins = facts.origins
        self._new_slot = new_slot
        self._activity = Activity(root, operations)
        self._names = dict(facts.names)
        tags = [f"_{tag}" for tag in seeds.tags]
        self.context = _Context(range(len(tags)), tags)
        self.sloped: list[Dropped] = []
        #: The name of an operation -> its duals, with what tells them apart.
        self._shapes: dict[str, dict[Box, str]] = {}
        self._functions: dict[tuple[Box, Bundles], tuple[_Result, _Context]] = {}
        #: Where the innermost diagram was written that is being rewritten, for messages.
        self._place: Span | None = None

    def all_names(self) -> dict[Box, str]:
        """The names of all parts: those of the source, and those of operations."""
        for word, shapes in self._shapes.items():
            for operation, letters in shapes.items():
                name = word if len(shapes) == 1 else f"{word}_{letters}"
                self._names.setdefault(operation, name)
        # The name of a parameter goes with its value and seed.
        alone = {part.source for part in self.context.parts if isinstance(part.source, Widget)}
        return {part: name for part, name in self._names.items() if part not in alone}

    def dual(self, box: Box, inputs: Bundles, slots: _Slots) -> _Result:
        """The dual of a box whose inputs carry these bundles, and the bundles it gives."""
        source = self._originals.get(box, box)
        if not box.free and self._activity.is_inert(box, inputs):
            return source, (NONE,) * arity_of(box)[1]
        key = (box, inputs, *[slots[slot].lanes[0] for slot in box.free])
        context = self.context
        if key not in context.memo:
            outer, self._place = self._place, self._origins.get(source, self._place)
            result = self._derived(box, inputs, slots)
            self._place = outer
            if source in self._names:
                self._names.setdefault(result[0], self._names[source])
            is_part = source in self._names or isinstance(source, _EXPLAINED)
            if is_part and any(inputs + result[1]):
                context.parts.append(Part(source, result[0], inputs, result[1]))
            context.memo[key] = result
        return context.memo[key]

    # -- Compositions --------------------------------------------------------------------------

    def _derived(self, box: Box, inputs: Bundles, slots: _Slots) -> _Result:
        match box:
            case Seq(right=Ruled() as function) if self._ends(box, function, slots):
                # Only the values of the arguments are written, where nothing else shares their
                # loops: that is the point of stopping a derivative.
                source = self._originals.get(box, box)
                values = {slot: bound.lanes[0] for slot, bound in slots.items()}
                return substituted(source, values), (NONE,)
            case Seq(right=SlopedRead() as read):
                return self._read(box, read, inputs, slots)
            case Seq() | Split():
                left, middle = self.dual(box.left, inputs, slots)
                right, outputs = self.dual(box.right, arriving(box, middle, union), slots)
                return type(box)(left, right), outputs
            case Merge():
                return self._merge(box, inputs, slots)
            case Par():
                first = arity_of(box.left)[0]
                left, lanes = self.dual(box.left, inputs[:first], slots)
                right, others = self.dual(box.right, inputs[first:], slots)
                return beside(left, right), lanes + others
            case Rec():
                return self._loop(box, inputs, slots)
            case Lambda():
                return self._lambda(box, inputs, slots)
            case Group():
                body, outputs = self.dual(box.body, inputs, slots)
                return Group(box.kind, box.label, body), outputs
            case Slot():
                return parallel(slots[box].lanes), (slots[box].active,)
            case Ruled():
                return self._ruled(box, inputs, slots)
        return self._leaf(box, inputs)

    def _ends(self, box: Seq, function: Ruled, slots: _Slots) -> bool:
        """Whether all tangents end in the function that is applied, and in no loop before that."""
        if function.rule.obstacle is not None or arity_of(box.left)[0]:
            return False
        sets = {slot: bound.active for slot, bound in slots.items()}
        arguments = self._activity.outputs(box.left, (), sets)
        operation = self._operations.of(function)
        assert operation is not None
        if operation.active(arguments) or any(isinstance(p, Rec) for p in postorder(box.left)):
            return False
        self._drop(operation, arguments)
        return True

    def _ruled(self, box: Ruled, inputs: Bundles, slots: _Slots) -> _Result:
        if box.rule.obstacle is None:
            original = self._originals.get(box, box)
            assert isinstance(original, Ruled)
            return self._operation(original, inputs)
        sets = {slot: bound.active for slot, bound in slots.items()}
        reaching = self._activity.outputs(box.function, inputs, sets)
        if any(reaching):
            obstacle = box.rule.obstacle
            error = self._no_derivative(obstacle.message, reaching, f"{obstacle.hint}; ")
            error.span = obstacle.span or error.span
            raise error
        body, outputs = self.dual(box.function, inputs, slots)
        return Ruled(body, box.rule), outputs

    def _read(self, box: Seq, read: SlopedRead, inputs: Bundles, slots: _Slots) -> _Result:
        left, middle = self.dual(box.left, inputs, slots)
        if any(middle):
            right, outputs = self.dual(read, middle, slots)
            return Seq(left, right), outputs
        # No tangent arrives: the read is written as it was.
        operands = []
        for operand in read.operands(box):
            count = arity_of(operand)[0]
            operands.append(self.dual(operand, inputs[:count], slots)[0])
            inputs = inputs[count:]
        operation = self._operations.of(read)
        assert operation is not None
        return operation.apply(operands), (NONE,)

    def _merge(self, box: Merge, inputs: Bundles, slots: _Slots) -> _Result:
        left, meeting = self.dual(box.left, inputs, slots)
        middle = arriving(box, meeting, union)
        right, outputs = self.dual(box.right, middle, slots)
        if meeting == middle * (len(meeting) // len(middle)):
            return Merge(left, right), outputs
        targets = [index % len(middle) for index in range(len(meeting))]
        return Seq(Seq(left, lane_route(meeting, middle, enumerate(targets))), right), outputs

    def _loop(self, box: Rec, inputs: Bundles, slots: _Slots) -> _Result:
        sets = {slot: bound.active for slot, bound in slots.items()}
        outputs = self._activity.outputs(box, inputs, sets)
        taken = outputs[: arity_of(box.right)[0]]
        fed = self._activity.outputs(box.right, taken, sets)
        left, _ = self.dual(box.left, fed + inputs, slots)
        right, _ = self.dual(box.right, taken, slots)
        return Rec(left, right), outputs

    def _lambda(self, box: Lambda, inputs: Bundles, slots: _Slots) -> _Result:
        if box.free or not self._activity.is_constant(box):
            return self._function(box, inputs, slots)
        # A function without variables is the same for all sets of parameters of one shape.
        lanes = list(members(union(inputs)))
        key = box, shape(inputs)
        if key not in self._functions:
            outer = self.context
            numbers = [str(1 + number) for number in range(len(lanes))]
            tags = numbers if len(numbers) > 1 else [""]
            self.context = _Context([outer.lanes[lane] for lane in lanes], tags)
            result = self._function(box, key[1], {})
            self._functions[key] = result, self.context
            self.context = outer
        (dual, outputs), inner = self._functions[key]
        for number, dropped in inner.dropped.items():
            self.context.dropped.setdefault(lanes[number], dropped)
        for part in inner.parts:
            bundles = placed(part.inputs, lanes), placed(part.outputs, lanes)
            self.context.parts.append(replace(part, inputs=bundles[0], outputs=bundles[1]))
        return dual, placed(outputs, lanes)

    def _function(self, box: Lambda, inputs: Bundles, slots: _Slots) -> _Result:
        active = inputs[0]
        name = box.slot.name
        lanes = [self._new_slot(name)]
        for tag in (self.context.tags[index] for index in members(active)):
            mark = "_" if name[-1].isdigit() and tag.isdigit() else ""
            lanes.append(self._new_slot(f"d{name}{mark}{tag}"))
        inner = {**slots, box.slot: _Bound(tuple(lanes), active)}
        body, outputs = self.dual(box.body, inputs[1:], inner)
        for slot in reversed(lanes):
            body = Lambda(slot, body)
        return body, outputs

    # -- Leaves --------------------------------------------------------------------------------

    def _leaf(self, box: Box, inputs: Bundles) -> _Result:
        match box:
            case Wire():
                return wires(inputs), inputs
            case Cut():
                return parallel([Cut()] * width(inputs)), ()
            case Route():
                outputs = routed(box, inputs, union)
                pairs = ((source - 1, target - 1) for source, target in box.pairs)
                return lane_route(inputs, outputs, pairs), outputs
            case Bargraph():
                return parallel([box, *[Wire()] * (width(inputs) - 1)]), inputs
            case Variable():
                seed = Seed(box.lane, box.value)
                return parallel(_seeded(box.signal, seed)), (1 << box.lane,)
            case Primitive() | ForeignFunction() | Variant():
                return self._operation(box, inputs)
            case SlopedRead() | SlopedSample():
                name = box.function.name if isinstance(box, SlopedRead) else "soundfile"
                flat = Dropped("a slope has no slope", name, self._place)
                self.sloped.append(flat)
                return self._operation(box, inputs)
            case Soundfile():
                dropped = Dropped("it is read at whole positions", "soundfile", self._place)
                for index in members(union(inputs)):
                    self.context.dropped.setdefault(index, dropped)
        # All others are sources: they give no tangents, and those that come in end there.
        return of_primals(inputs, box), (NONE,) * arity_of(box)[1]

    def _operation(self, box: Function, inputs: Bundles) -> _Result:
        operation = self._operations.of(box)
        if operation is None:
            assert isinstance(box, ForeignFunction), "all others have rules"
            raise self._without_rule(box, inputs)
        if isinstance(operation.rule, Unsupported):
            reason = operation.rule.reason
            raise self._no_derivative(f"`{operation.name}` {reason}", inputs)
        self._drop(operation, inputs)
        active = operation.active(inputs)
        if not active:
            return of_primals(inputs, operation.primal), (NONE,)
        dual = self._operations.dual(operation, inputs, self._new_slot)
        self._shapes.setdefault(operation.word, {})[dual] = shape_name(inputs)
        return dual, (active,)

    def _drop(self, operation: Operation, inputs: Bundles) -> None:
        for index, why in operation.dropped(inputs):
            self.context.dropped.setdefault(index, Dropped(why, operation.name, self._place))

    def _without_rule(self, box: ForeignFunction, inputs: Bundles) -> DifferentiationError:
        name, arguments = box.names[0], ", ".join(ARGUMENTS[: len(box.arguments)])
        rules = rule_names(name, len(box.arguments))
        heads = " and ".join(f"`{rule}({arguments}) = ...;`" for rule in rules)
        return self._no_derivative(
            f"the derivative of the foreign function `{name}` is not known",
            inputs,
            f"define {heads} in a file and give it with `--rules`; ",
        )

    def _no_derivative(self, what: str, inputs: Bundles, remedy: str = "") -> DifferentiationError:
        reaching = (self.context.lanes[index] for index in members(union(inputs)))
        names = either(self._seeds.names[lane] for lane in reaching)
        return DifferentiationError(
            f"cannot differentiate: {what}",
            self._place,
            f"{remedy}its arguments depend on {names}",
        )


def _seeded(signal: Box, seed: Seed | None) -> list[Box]:
    """A variable and its tangent: a real number, as an integer one makes integer recursions."""
    if seed is None:
        return [signal]
    return [signal, seed.value if isinstance(seed.value, Box) else Real(seed.value)]
