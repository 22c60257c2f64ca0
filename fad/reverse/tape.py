"""What a program records for its adjoint, and what the adjoint computes again: a minimum cut.

The adjoint runs after the program, on reversed time, and needs values that the program had. What
depends on the past cannot be computed again there: it is recorded, as a lane of the tape, or
what it is used in is. Everything else can be recorded or computed from what is recorded. A lane
costs what it takes to write it and to read it, and a computation what it takes. The cheapest
choice is a minimum cut of a network in which each signal is an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from fad.diagram.box import ForeignFunction, ForeignValue, Primitive, Soundfile, Waveform
from fad.signals.graph import Applied, Input, Knot, Signal, operands_first, passes_on
from fad.signals.rates import WITH_MEMORY, Rate, Rates, running

#: What a lane of the tape costs, and a computation by its name, in additions.
LANE = 16
#: What it costs to sum a cotangent, and to bring it back to one operand.
_SUM, _TERM = 20, 2
_COSTS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("/", "%", "sqrt", "rdtable"), 4),
        **dict.fromkeys(("fmod", "remainder", "^"), 20),
        **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2"), 15),
        **dict.fromkeys(("exp", "log", "log10"), 12),
    }
)
_FUNCTION = 15


def coefficients(
    arriving: Collection[Signal],
    sources: Mapping[Signal, Sequence[tuple[int, Signal]]],
    is_variable: Callable[[Signal], bool],
) -> set[Signal]:
    """At which signals that rest while no slider moves cotangents are left, to be summed.

    What comes before them is transposed once for each sum, and not at every sample. Fewer sums
    cost less too; so this is a cut as well.

    Args:
        arriving: such signals that cotangents arrive at from others.
        sources: for each, those that its tangent comes from.
        is_variable: whether a signal is a variable, at which all cotangents are left.
    """
    import networkx

    def operands(signal: Signal) -> list[Signal]:
        return [operand for _, operand in sources[signal]]

    network = networkx.DiGraph()
    order = list(operands_first(arriving, operands))
    for signal in order:
        network.add_edge((signal.number, "in"), (signal.number, "out"), capacity=_SUM)
        if is_variable(signal):
            network.add_edge((signal.number, "out"), "left")
        else:
            work = _TERM * len(sources[signal])
            network.add_edge((signal.number, "out"), "left", capacity=work)
            for operand in operands(signal):
                network.add_edge((signal.number, "out"), (operand.number, "in"))
    for signal in arriving:
        network.add_edge("every sample", (signal.number, "in"))
    if not order:
        return set()
    _, (often, _) = networkx.minimum_cut(network, "every sample", "left")
    return {s for s in order if (s.number, "in") in often and (s.number, "out") not in often}


def tape(needed: Sequence[Signal], rates: Rates) -> list[Signal]:
    """The signals to record.

    Args:
        needed: the signals without marks whose values the adjoint uses.
        rates: what changes at every sample; all else the adjoint computes for itself.
    """
    import networkx  # takes as long to load as a small program to transform

    def operands(signal: Signal) -> list[Signal]:
        if not can_repeat(signal):
            return []
        return changing(running(signal))

    def changing(signals: Iterable[Signal]) -> list[Signal]:
        return [each for each in map(_shown, signals) if rates[each] is Rate.AUDIO]

    needed = changing(needed)
    ends = set(needed)
    order = list(operands_first(needed, operands))

    def before(signal: Signal) -> object:
        return (signal.number, "in") if can_repeat(signal) else "had"

    def after(signal: Signal) -> object:
        return "needed" if signal in ends else (signal.number, "out")

    network = networkx.DiGraph()
    network.add_nodes_from(("had", "needed"))
    for signal in order:
        network.add_edge(before(signal), after(signal), capacity=LANE)
        if can_repeat(signal):
            network.add_edge("had", before(signal), capacity=cost(signal))
            for operand in operands(signal):
                # What is needed is there: nothing is gained by computing it for another one.
                if operand not in ends:
                    network.add_edge(after(operand), before(signal))
    _, (had, _) = networkx.minimum_cut(network, "had", "needed")
    return [s for s in order if before(s) in had and after(s) not in had]


def can_repeat(signal: Signal) -> bool:
    """Whether a signal can be computed again from what it was computed from at the time."""
    if isinstance(signal, Knot):
        return True
    if isinstance(signal, Input) or not isinstance(signal, Applied):
        return False
    match signal.element:
        case Primitive(name=name):
            return name not in WITH_MEMORY
        case ForeignFunction(arguments=arguments):
            return bool(arguments)
        case Soundfile() | Waveform() | ForeignValue():
            return False
    return True


def _shown(signal: Signal) -> Signal:
    """What a meter shows, or a signal itself: nothing is shown on reversed time."""
    while passes_on(signal):
        signal = signal.arguments[0].plain
    return signal


def cost(signal: Signal) -> int:
    """What it costs to compute a signal again."""
    if isinstance(signal, Knot):
        return 0
    assert isinstance(signal, Applied)
    return _COSTS.get(signal.box.name, 1) if isinstance(signal.box, Primitive) else _FUNCTION


def needed(roots: Sequence[Signal], own: Sequence[Signal], rates: Rates) -> list[Signal]:
    """The signals of a program that its adjoint uses, and that change at every sample.

    Args:
        roots: what the adjoint gives.
        own: the signals that are the adjoint's own: its inputs, and the knots of its recursions.
        rates: of all signals.
    """
    reversed_: dict[Signal, bool] = dict.fromkeys(own, True)

    def before(signal: Signal) -> Sequence[Signal]:
        # What a knot of the adjoint is does not decide: it is on reversed time whatever it is.
        return () if signal in reversed_ and isinstance(signal, Knot) else _values(signal)

    knots = [signal for signal in own if isinstance(signal, Knot)]
    for signal in operands_first([*(knot.value.plain for knot in knots), *roots], before):
        if signal not in reversed_:
            reversed_[signal] = any(reversed_.get(operand) for operand in _values(signal))
    found: dict[Signal, None] = {}

    def operands(signal: Signal) -> list[Signal]:
        return [operand for operand in _values(signal) if reversed_[operand]]

    for signal in operands_first(roots, operands):
        for operand in _values(signal):
            if not reversed_[operand] and rates[operand] is Rate.AUDIO:
                found[operand] = None
    return list(found)


def _values(signal: Signal) -> tuple[Signal, ...]:
    return tuple([operand.plain for operand in signal.arguments])
