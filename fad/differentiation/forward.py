"""Forward mode: a diagram rewritten into the diagram of its values and tangents.

A wire that carries a signal becomes a bundle: the signal (the primal), then one tangent for each
parameter that is active on the wire, in parameter order; the bundles of neighbouring wires follow
each other. Compositions of diagrams become the same compositions of their duals. What no tangent
reaches stays as it is, and so does what no tangent is used of: a wire carries those that are active
on it (see `activity`) and alive (see `liveness`). What a primitive does to tangents is looked up in
`operations`; nothing here names a primitive.

Source of the method: T. Rushton, Differentiable DSP in Faust, IFC 2024, section 3, made sparse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
    Split,
    Wire,
    arity_of,
    parallel,
    postorder,
)
from fad.diagram.facts import Facts
from fad.diagram.interpret import arriving, routed
from fad.diagram.parameters import Widget
from fad.diagram.ruled import Ruled
from fad.differentiation.active_sets import (
    NONE,
    Active,
    Bundles,
    bits,
    members,
    placed,
    shape,
    shared,
    union,
)
from fad.differentiation.activity import Activity
from fad.differentiation.bundles import beside, lane_route, narrowing, width, wires
from fad.differentiation.contexts import Bound, Context, Result, Slots, active_on
from fad.differentiation.dual import Dropped, Dual, Part
from fad.differentiation.liveness import Liveness, looping
from fad.differentiation.operations import Function, Operations, shape_name, without_rule
from fad.differentiation.prepared import prepare
from fad.differentiation.rules import Unsupported
from fad.differentiation.seeds import Seed, Seeds
from fad.differentiation.surrogates import Kind, SlopedRead, SlopedSample
from fad.differentiation.variables import Variable
from fad.differentiation.variants import Variant


@recursive
def differentiate(
    box: Box,
    seeds: Seeds,
    operations: Operations,
    facts: Facts,
    surrogate: Sequence[Kind] = (),
    new_slot: Callable[[str], Slot] | None = None,
    used: Bundles | None = None,
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
        used: for each output, the lanes of the tangents that are used; all, unless it says else.

    Raises:
        DifferentiationError: a construct without a derivative is on an active path to an output.
    """
    if new_slot is None:
        new_slot = _slots_after(box)
    prepared = prepare(box, seeds, operations, facts, surrogate)
    marked, active, endings = prepared.box, prepared.inputs, prepared.endings
    if used is None:
        used = (bits(range(len(seeds.names))),) * arity_of(box)[1]
    outer = {slot: Bound((slot,), NONE) for slot in marked.free}
    loops = looping(marked)

    def liveness() -> Liveness:
        return Liveness(operations, endings.arrivals, loops, endings.fed)

    transform = _Forward(marked, prepared.originals, seeds, operations, facts, new_slot, liveness)
    dual, lanes = transform.whole(marked, active, used, outer)
    if any(active):
        sources = [seeds.inputs.get(index) for index in range(len(active))]
        dual = Seq(parallel(lane for seed in sources for lane in _seeded(Wire(), seed)), dual)
    return Dual(
        dual,
        lanes,
        prepared.reached,
        prepared.dropped,
        transform.all_names(),
        transform.context.parts,
        endings.active,
        seeds,
        transform.sloped,
        prepared.kinks,
        prepared.switched,
    )


def _slots_after(box: Box) -> Callable[[str], Slot]:
    """Makes slots with numbers after those in a diagram."""
    lambdas = (part for part in postorder(box) if isinstance(part, Lambda))
    numbers = count(1 + max((part.slot.number for part in lambdas), default=0))
    return lambda name: Slot(next(numbers), name)


#: What is a part of the program (see `Part`) also where it has no name in the source.
_EXPLAINED = Primitive | ForeignFunction | Ruled | Widget


class _Forward:
    """Rewrites a diagram in which variables and reads with slopes are marked.

    Args:
        root: the whole diagram.
        originals: what its parts were before they were marked, where that is something else.
        seeds, operations, facts, new_slot: see `differentiate`.
        liveness: makes what finds out which tangents are used, for a diagram of its own.
    """

    def __init__(
        self,
        root: Box,
        originals: Mapping[Box, Box],
        seeds: Seeds,
        operations: Operations,
        facts: Facts,
        new_slot: Callable[[str], Slot],
        liveness: Callable[[], Liveness],
    ) -> None:
        self._originals = originals
        self._seeds = seeds
        self._operations = operations
        self._origins = facts.origins
        self._new_slot = new_slot
        self._liveness = liveness
        self._activity = Activity(root, operations)
        self._names = dict(facts.names)
        tags = [f"_{tag}" for tag in seeds.tags]
        self.context = Context(range(len(tags)), tags, liveness())
        self.sloped: list[Dropped] = []
        #: The name of an operation -> its duals, with the bundles that tell them apart.
        self._shapes: dict[str, dict[Box, Bundles]] = {}
        self._functions: dict[tuple[Box, Bundles, Bundles], tuple[Result, Context]] = {}
        self._cutting: dict[Box, bool] = {}
        #: Where the innermost diagram was written that is being rewritten, for messages.
        self._place: Span | None = None

    def all_names(self) -> dict[Box, str]:
        """The names of all parts: those of the source, and those of operations."""
        for word, shapes in self._shapes.items():
            alike = Counter(map(shape_name, shapes.values()))
            for operation, inputs in shapes.items():
                letters = shape_name(inputs, exact=alike[shape_name(inputs)] > 1)
                name = word if len(shapes) == 1 else f"{word}_{letters}"
                self._names.setdefault(operation, name)
        # The name of a parameter goes with its value and seed.
        alone = {part.source for part in self.context.parts if isinstance(part.source, Widget)}
        return {part: name for part, name in self._names.items() if part not in alone}

    def whole(self, box: Box, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        """The dual of a diagram that is no part of another one; see `dual`."""
        self.context.liveness.inputs(box, used)
        return self.dual(box, inputs, used, slots)

    def dual(self, box: Box, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        """The dual of a box whose inputs carry these bundles, and the bundles it gives.

        Args:
            box: a part of the diagram.
            inputs: what its inputs carry. Tangents that nothing uses end where they come in.
            used: for each output, the tangents that are used. It may give others.
            slots: what the slots carry that are free in it.
        """
        if not box.free and self._activity.is_inert(box, inputs):
            return self._originals.get(box, box), (NONE,) * arity_of(box)[1]
        if not self._has_one_dual(box, used):
            return self._remembered(box, inputs, used, slots)
        everywhere = self.context.liveness.anywhere(box, used)
        dual = self._remembered(box, inputs, everywhere, slots)
        kept = shared(dual[1], used)
        return _narrowed(dual, kept), kept

    def _has_one_dual(self, box: Box, used: Bundles) -> bool:
        """Whether a box gets all the tangents that are used anywhere, and the others are cut here.

        So what is one signal, or one function with a name, is written once. Two loops that differ
        in their tangents are two for the standard compiler, which would compute both. But where no
        tangent is used of a function, it stays as it is.
        """
        if arity_of(box)[0] == 0:
            return not isinstance(box, Slot)
        liveness = self.context.liveness
        if any(used):
            return self._is_named(box) or liveness.has_loop(box)
        return liveness.is_source(box)

    def _remembered(self, box: Box, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        taken = shared(inputs, self.context.liveness.inputs(box, used))
        if taken != inputs and not self._can_cut(box):
            dual, outputs = self.dual(box, taken, used, slots)
            return Seq(narrowing(inputs, taken), dual), outputs
        if isinstance(box, Lambda):
            used = shared(used, self._activity.outputs(box, inputs, active_on(slots)))
        key = (box, inputs, used, *[slots[slot].lanes[0] for slot in box.free])
        context = self.context
        if key not in context.memo:
            source = self._originals.get(box, box)
            outer, self._place = self._place, self._origins.get(source, self._place)
            result = self._derived(box, inputs, used, slots)
            self._place = outer
            if source in self._names:
                self._names.setdefault(result[0], self._names[source])
            is_part = source in self._names or isinstance(source, _EXPLAINED)
            if is_part and any(inputs + result[1]):
                context.parts.append(Part(source, result[0], inputs, result[1]))
            context.memo[key] = result
        return context.memo[key]

    def _can_cut(self, box: Box) -> bool:
        """Whether tangents that nothing uses end further inside a box: in the items of a list."""
        if box not in self._cutting:
            is_begun = isinstance(box, Seq | Split | Merge) and self._can_cut(box.left)
            is_list = isinstance(box, Par) or is_begun
            is_plumbing = isinstance(box, Cut | Route)
            self._cutting[box] = is_plumbing or (is_list and not self._is_named(box))
        return self._cutting[box]

    def _is_named(self, box: Box) -> bool:
        return self._originals.get(box, box) in self._names

    # -- Compositions --------------------------------------------------------------------------

    def _derived(self, box: Box, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        liveness = self.context.liveness
        if not any(inputs + used) and not liveness.shares_loop(box):
            source = self._originals.get(box, box)
            values = {slot: bound.lanes[0] for slot, bound in slots.items()}
            return substituted(source, values), (NONE,) * arity_of(box)[1]
        match box:
            case Seq(right=SlopedRead() as read):
                return self._read(box, read, inputs, used, slots)
            case Seq() | Split():
                left, middle = self.dual(box.left, inputs, liveness.before(box, used), slots)
                right, outputs = self.dual(box.right, arriving(box, middle, union), used, slots)
                return type(box)(left, right), outputs
            case Merge():
                return self._merge(box, inputs, used, slots)
            case Par():
                return self._side_by_side(box, inputs, used, slots)
            case Rec():
                return self._loop(box, inputs, used, slots)
            case Lambda():
                return self._lambda(box, inputs, used, slots)
            case Group():
                body, outputs = self.dual(box.body, inputs, used, slots)
                return Group(box.kind, box.label, body), outputs
            case Slot():
                return self._slot(slots[box], used[0])
            case Ruled():
                return self._ruled(box, inputs, used, slots)
        return self._leaf(box, inputs, used)

    def _side_by_side(self, box: Par, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        """The duals of what is in a list; see `Interpretation`."""
        items = [box.left]
        rest = box.right
        while isinstance(rest, Par) and not self._is_named(rest):
            items.append(rest.left)
            rest = rest.right
        duals: list[Box] = []
        outputs: list[Active] = []
        first = start = 0
        for item in (*items, rest):
            last, end = first + arity_of(item)[0], start + arity_of(item)[1]
            dual, lanes = self.dual(item, inputs[first:last], used[start:end], slots)
            duals.append(dual)
            outputs += lanes
            first, start = last, end
        result = duals.pop()
        while duals:
            result = beside(duals.pop(), result)
        return result, tuple(outputs)

    def _ruled(self, box: Ruled, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        if box.rule.obstacle is None:
            original = self._originals.get(box, box)
            assert isinstance(original, Ruled)
            return self._operation(original, inputs)
        reaching = shared(used, self._activity.outputs(box.function, inputs, active_on(slots)))
        if any(reaching):
            obstacle = box.rule.obstacle
            error = self._no_derivative(obstacle.message, reaching, f"{obstacle.hint}; ")
            error.span = obstacle.span or error.span
            raise error
        body, outputs = self.dual(box.function, inputs, used, slots)
        return Ruled(body, box.rule), outputs

    def _read(
        self, box: Seq, read: SlopedRead, inputs: Bundles, used: Bundles, slots: Slots
    ) -> Result:
        needed = self.context.liveness.before(box, used)
        left, middle = self.dual(box.left, inputs, needed, slots)
        if any(shared(middle, needed)):
            right, outputs = self.dual(read, middle, used, slots)
            return Seq(left, right), outputs
        # No tangent arrives: the read is written as it was.
        values = []
        for operand in read.operands(box):
            count = arity_of(operand)[0]
            nothing = (NONE,) * arity_of(operand)[1]
            dual = self.dual(operand, inputs[:count], nothing, slots)
            values.append(_narrowed(dual, nothing))
            inputs = inputs[count:]
        operation = self._operations.of(read)
        assert operation is not None
        return operation.apply(values), (NONE,)

    def _merge(self, box: Merge, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        needed = self.context.liveness.before(box, used)
        dual = self.dual(box.left, inputs, needed, slots)
        meeting = shared(dual[1], needed)
        left = _narrowed(dual, meeting)
        middle = arriving(box, meeting, union)
        right, outputs = self.dual(box.right, middle, used, slots)
        if meeting == middle * (len(meeting) // len(middle)):
            return Merge(left, right), outputs
        targets = [index % len(middle) for index in range(len(meeting))]
        return Seq(Seq(left, lane_route(meeting, middle, enumerate(targets))), right), outputs

    def _loop(self, box: Rec, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        sets = active_on(slots)
        used, back = self.context.liveness.around(box, used)
        outputs = shared(used, self._activity.outputs(box, inputs, sets))
        taken = outputs[: arity_of(box.right)[0]]
        fed = shared(back, self._activity.outputs(box.right, taken, sets))
        left = self.dual(box.left, fed + inputs, used, slots)
        right = self.dual(box.right, taken, back, slots)
        return Rec(_narrowed(left, outputs), _narrowed(right, fed)), outputs

    def _lambda(self, box: Lambda, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        if box.free or not self._activity.is_constant(box):
            return self._function(box, inputs, used, slots)
        # A function without variables is the same for all sets of parameters of one shape.
        lanes = list(members(union(inputs)))
        bundles = shape(inputs + used)
        key = box, bundles[: len(inputs)], bundles[len(inputs) :]
        if key not in self._functions:
            outer = self.context
            numbers = [str(1 + number) for number in range(len(lanes))]
            tags = numbers if len(numbers) > 1 else [""]
            self.context = Context([outer.lanes[lane] for lane in lanes], tags, self._liveness())
            self.context.liveness.inputs(box, key[2])
            result = self._function(*key, {})
            self._functions[key] = result, self.context
            self.context = outer
        (dual, outputs), inner = self._functions[key]
        for part in inner.parts:
            around = placed(part.inputs, lanes), placed(part.outputs, lanes)
            self.context.parts.append(replace(part, inputs=around[0], outputs=around[1]))
        return dual, placed(outputs, lanes)

    def _function(self, box: Lambda, inputs: Bundles, used: Bundles, slots: Slots) -> Result:
        active = inputs[0]
        name = box.slot.name
        lanes = [self._new_slot(name)]
        for tag in (self.context.tags[index] for index in members(active)):
            mark = "_" if name[-1].isdigit() and tag.isdigit() else ""
            lanes.append(self._new_slot(f"d{name}{mark}{tag}"))
        inner = {**slots, box.slot: Bound(tuple(lanes), active)}
        body, outputs = self.dual(box.body, inputs[1:], used, inner)
        for slot in reversed(lanes):
            body = Lambda(slot, body)
        return body, outputs

    # -- Leaves --------------------------------------------------------------------------------

    def _leaf(self, box: Box, inputs: Bundles, used: Bundles) -> Result:
        match box:
            case Wire():
                return wires(inputs), inputs
            case Cut():
                return parallel([Cut()] * width(inputs)), ()
            case Route():
                outputs = shared(used, routed(box, inputs, union))
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
        # All others are sources, or stop all tangents.
        return box, (NONE,) * arity_of(box)[1]

    @staticmethod
    def _slot(bound: Bound, used: Active) -> Result:
        """The value of a lambda's variable, and those of its tangents that are used."""
        value, *tangents = bound.lanes
        pairs = zip(members(bound.active), tangents, strict=True)
        alive = [slot for index, slot in pairs if used >> index & 1]
        return parallel([value, *alive]), (bound.active & used,)

    def _operation(self, box: Function, inputs: Bundles) -> Result:
        operation = self._operations.of(box)
        if operation is None:
            assert isinstance(box, ForeignFunction), "all others have rules"
            if any(inputs):
                what, remedy = without_rule(box)
                raise self._no_derivative(what, inputs, remedy)
            return box, (NONE,)
        if isinstance(operation.rule, Unsupported) and any(inputs):
            reason = operation.rule.reason
            raise self._no_derivative(f"`{operation.name}` {reason}", inputs)
        active = operation.active(inputs)
        if not active:
            return operation.primal, (NONE,)
        dual = self._operations.dual(operation, inputs, self._new_slot)
        self._shapes.setdefault(operation.word, {})[dual] = inputs
        return dual, (active,)

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


def _narrowed(dual: Result, kept: Bundles) -> Box:
    """A dual that gives some of its tangents only."""
    box, outputs = dual
    return box if outputs == kept else Seq(box, narrowing(outputs, kept))
