"""The part of networkx that reverse mode needs: minimum cuts, by Dinic's algorithm (1970).

All of networkx is a megabyte, and takes seconds to load in a browser. What reverse mode asks for,
the nodes from which the end can still be reached past a maximum flow, is the same set for every
maximum flow: so it does not matter how one is found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

Node: TypeAlias = Hashable
#: For each node, the nodes that edges lead to, and how much can still go there.
_Rest = dict[Node, dict[Node, float]]


class NetworkXUnbounded(Exception):
    """There is a way without a limit from the source to the end."""


class DiGraph:
    """A network of nodes, and edges with capacities; an edge without one has no limit."""

    def __init__(self) -> None:
        self.capacities: dict[Node, dict[Node, float | None]] = {}

    def add_nodes_from(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.capacities.setdefault(node, {})

    def add_edge(self, start: Node, end: Node, capacity: float | None = None) -> None:
        self.add_nodes_from((start, end))
        known = self.capacities[start].get(end)
        self.capacities[start][end] = known if capacity is None else capacity


def minimum_cut(
    network: DiGraph, source: Node, end: Node
) -> tuple[float, tuple[set[Node], set[Node]]]:
    """The capacity of a minimum cut, and the nodes before it and behind it.

    Raises:
        NetworkXUnbounded: no edge on some way from the source to the end has a capacity.
    """
    limits = [c for edges in network.capacities.values() for c in edges.values() if c is not None]
    unlimited = 3 * sum(limits) or 1
    rest: _Rest = {node: {} for node in network.capacities}
    for start, edges in network.capacities.items():
        for other, capacity in edges.items():
            if start != other:
                rest[start][other] = rest[start].get(other, 0) + (
                    unlimited if capacity is None else capacity
                )
                rest[other].setdefault(start, 0)
    total: float = 0
    while (levels := _levels(rest, source)).get(end) is not None:
        ways = {node: iter(edges) for node, edges in rest.items()}
        while pushed := _pushed(rest, levels, ways, source, end):
            total += pushed
            if total >= unlimited:
                raise NetworkXUnbounded("infinite capacity path, flow unbounded above")
    backwards: _Rest = {node: {} for node in rest}
    for start, others in rest.items():
        for other, left in others.items():
            backwards[other][start] = left
    behind = set(_levels(backwards, end))
    return total, (set(rest) - behind, behind)


def _levels(rest: _Rest, source: Node) -> dict[Node, int]:
    """How many edges with something left lead from a node to others, at least."""
    levels, reached = {source: 0}, [source]
    for node in reached:  # grows
        for other, left in rest[node].items():
            if left > 0 and other not in levels:
                levels[other] = levels[node] + 1
                reached.append(other)
    return levels


def _pushed(
    rest: _Rest,
    levels: dict[Node, int],
    ways: dict[Node, Iterator[Node]],
    source: Node,
    end: Node,
) -> float:
    """What goes along one more of the shortest ways; 0 when there is none left."""
    path = [source]
    while (node := path[-1]) != end:
        for other in ways[node]:
            if rest[node][other] > 0 and levels.get(other) == levels[node] + 1:
                path.append(other)
                break
        else:
            if len(path) == 1:
                return 0
            del levels[path.pop()]  # it leads nowhere
    edges = list(pairwise(path))
    pushed = min(rest[start][other] for start, other in edges)
    for start, other in edges:
        rest[start][other] -= pushed
        rest[other][start] += pushed
    # Ways that are not used up can be taken again.
    for start, _ in edges:
        ways[start] = iter(rest[start])
    return pushed
