"""Which signals depend on each other in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from fad.signals.graph import Signal


def circles(
    roots: Iterable[Signal], operands: Callable[[Signal], Sequence[Signal]]
) -> Mapping[Signal, int]:
    """The signals that depend on themselves, and the number of the circle that each is in.

    Two signals are in one circle if each depends on the other (R. Tarjan, 1972).

    Args:
        roots: signals, which are looked at with all that they are computed from.
        operands: what a signal is computed from.
    """
    order: dict[Signal, int] = {}
    lowest: dict[Signal, int] = {}
    open_: list[Signal] = []
    is_open: set[Signal] = set()
    found: dict[Signal, int] = {}
    count = 0
    for root in roots:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        open_.append(root)
        is_open.add(root)
        stack = [(root, iter(operands(root)))]
        while stack:
            signal, rest = stack[-1]
            for operand in rest:
                if operand not in order:
                    order[operand] = lowest[operand] = len(order)
                    open_.append(operand)
                    is_open.add(operand)
                    stack.append((operand, iter(operands(operand))))
                    break
                if operand in is_open:
                    lowest[signal] = min(lowest[signal], order[operand])
            else:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[signal])
                if lowest[signal] == order[signal]:
                    members = [signal]
                    while open_[-1] is not signal:
                        members.append(open_.pop())
                    open_.pop()
                    is_open.difference_update(members)
                    if len(members) > 1:
                        found.update(dict.fromkeys(members, count))
                        count += 1
    return found
