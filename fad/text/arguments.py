"""Which diagrams should be no arguments.

Some would be others then: the language computes with numbers there, also where it did not when the
diagram was made. To find out whether an argument without inputs is a number, the standard compiler
goes through all of it at each call; so such arguments should be short.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from fad.diagram.box import Box, Composition, Group
from fad.text.printer import computes
from fad.text.templates import Call, Numbered, Template, expanded

#: An argument without inputs has no more parts than these, each counted as often as it is used.
_LARGEST = 60


class Arguments:
    """Decides about diagrams; remembers results while it lives.

    Args:
        is_constant: whether a part without inputs denotes a number.
    """

    def __init__(self, is_constant: Callable[[Box], bool]) -> None:
        self._is_constant = is_constant
        self._changing: dict[Box, bool] = {}
        self._sizes: dict[Box, int] = {}
        self._plain: dict[Box, Box] = {}
        self._unsafe: set[Template] = set()

    def suits(self, box: Box) -> bool:
        """Whether a diagram can be an argument, and takes the standard compiler no long time."""
        is_short = box.arity != (0, 1) or self._size(box) <= _LARGEST
        return is_short and not self.changes(box)

    def _size(self, box: Box) -> int:
        """The number of parts, if it is not too large."""
        if box not in self._sizes:
            size = 1
            for child in box.children:
                size += self._size(child)
                if size > _LARGEST:
                    break
            self._sizes[box] = size
        return self._sizes[box]

    def changes(self, box: Box) -> bool:
        """Whether a diagram would be another one as an argument."""
        if box not in self._changing:
            inside = isinstance(box, Composition | Group | Numbered)
            self._changing[box] = computes(box) or (
                inside
                and (
                    any(self.changes(child) for child in box.children)
                    or (box.arity == (0, 1) and self._is_constant(box))
                )
            )
        return self._changing[box]

    def unsafe(self, process: Box) -> Set[Template]:
        """The templates that are called with an argument that would be another one then.

        Those are among them, too, that a diagram which was asked about before has called so.
        """
        self._without_calls(process)
        return self._unsafe

    def _without_calls(self, box: Box) -> Box:
        """The diagram without calls, where there are no holes in it."""
        if box not in self._plain:
            if isinstance(box, Call):
                plain_arguments = [self._without_calls(argument) for argument in box.arguments]
                if any(map(self.changes, plain_arguments)):
                    self._unsafe.add(box.template)
                self._plain[box] = self._without_calls(expanded(box))
            else:
                children = [self._without_calls(child) for child in box.children]
                self._plain[box] = box.rebuild(tuple(children))
        return self._plain[box]
