"""The programs of a model, each of which is made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any, Literal, TypeVar

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter
from fad.model.notices import DerivativeWarning, notify
from fad.model.programs import Subject, components_of
from fad.model.pullbacks import ByLanes, ByReplay, ByReverse, Way
from fad.model.reverse import boxes_of, reverse_of
from fad.model.threads import Threads
from fad.model.units import Unit, Units
from fad.pipeline.costs import OneMode
from fad.pipeline.reverse import ReverseProgram

#: How derivatives are brought back from outputs.
Mode = Literal["auto", "forward", "reverse"]
Made = TypeVar("Made")


class Compiled:
    """A program, and the programs of its derivatives, ready to run.

    Args:
        subject: the program.
        units: what makes programs run.
        original: the same program, differentiated by other variables, if there is one.

    Attributes:
        primal: the program itself.
    """

    def __init__(self, subject: Subject, units: Units, original: Compiled | None = None) -> None:
        self._subject, self._units = subject, units
        #: What the user has been told: once is enough.
        self._told: set[str] = set() if original is None else original._told
        self._made: dict[object, Any] = {}
        self._making = RLock()
        self.primal: Unit = units.unit(subject.box) if original is None else original.primal

    def by(self, paths: Collection[str], inputs: tuple[int, ...]) -> Compiled:
        """The same program, differentiated by other variables.

        Args:
            paths: its parameters.
            inputs: the numbers of its audio inputs.
        """

        def made() -> Compiled:
            variables = tuple(each for each in self._subject.widgets if each.path in paths)
            subject = replace(self._subject, variables=variables, inputs=inputs)
            return Compiled(subject, self._units, self)

        return self._once(("by", frozenset(paths), inputs), made)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the parameters that it is differentiated by."""
        return tuple(each.path for each in self._subject.variables)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The numbers of the audio inputs that it is differentiated by."""
        return self._subject.inputs

    @property
    def dual(self) -> Unit:
        """For each output: the output, then its derivative by each of the variables."""

        def made() -> Unit:
            found = self._subject.dual()
            self._notify(found.warnings)
            return self._units.unit(found.box)

        return self._once("dual", made)

    def along(self, paths: tuple[str, ...], inputs: tuple[int, ...]) -> Unit:
        """For each output: the output, then its derivative along a direction.

        Args:
            paths, inputs: the parameters and the audio inputs that it has components of; see
                `Subject.directional`.
        """

        def made() -> Unit:
            found = self._subject.directional(paths, inputs)
            self._notify(found.warnings)
            return self._units.unit(found.box, components_of(len(paths)))

        return self._once((paths, inputs), made)

    @property
    def refusal(self) -> FadError | None:
        """Why there is no reverse mode, if there is none."""
        found = self._reverse
        return found if isinstance(found, FadError) else None

    def way_back(self, changes: bool, mode: Mode, threads: Threads) -> Way:
        """How derivatives are brought back.

        Args:
            changes: whether a variable changes over time.
            mode: which mode is asked for.
            threads: what items of a batch run on.

        Raises:
            FadError: the program cannot be differentiated in this way.
        """
        if mode == "reverse" or (mode == "auto" and self._is_reversed(changes)):
            return self._once("by reverse", lambda: self._by_reverse(threads))
        if self.inputs:
            why = f": {self.refusal}" if self.refusal else ""
            raise FadError(f"derivatives by audio inputs need reverse mode{why}")
        if changes:
            return self.replay(threads)
        return ByLanes(self.dual, self.paths, threads)

    def replay(self, threads: Threads) -> ByReplay:
        """Runs the program again from each block on."""
        return ByReplay(self.along(self.paths, ()), self.paths, threads)

    def _is_reversed(self, changes: bool) -> bool:
        """Whether derivatives are brought back by reverse mode where nothing else is asked for."""
        needed = changes or self.inputs or self.cheaper == "reverse"
        return bool(needed and self.refusal is None)

    def along_back(self, threads: Threads) -> ByReverse:
        """Brings derivatives back from outputs and from their derivatives along a direction.

        The programs have twice as many outputs: each is followed by its derivative. For the
        components of the direction, see `Subject.reverse_along`.

        Raises:
            FadError: the program cannot be differentiated twice, or not in reverse mode.
        """

        def made() -> ByReverse:
            more = components_of(len(self._subject.variables))
            return self._backward(self._subject.reverse_along(), more, threads)

        return self._once("along, back", made)

    def _by_reverse(self, threads: Threads) -> ByReverse:
        programs = self._reverse
        if isinstance(programs, FadError):
            raise programs
        return self._backward(programs, (), threads)

    def _backward(
        self, programs: ReverseProgram, more: Sequence[Parameter], threads: Threads
    ) -> ByReverse:
        self._notify(each for each in programs.warnings if each not in self._subject.warnings)
        return ByReverse(reverse_of(programs, boxes_of(programs), self._units, more), threads)

    @property
    def cheaper(self) -> OneMode:
        """The mode that is likely to cost less."""
        return self._once("cheaper", self._subject.cheaper)

    @property
    def _reverse(self) -> ReverseProgram | FadError:
        def made() -> ReverseProgram | FadError:
            try:
                return self._subject.reverse()
            except FadError as error:
                return error

        return self._once("reverse", made)

    def _notify(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            if sentence not in self._told:
                self._told.add(sentence)
                notify(sentence, DerivativeWarning)

    def _once(self, key: object, make: Callable[[], Made]) -> Made:
        """What is made once: one thread makes it, others wait."""
        with self._making:
            if key not in self._made:
                self._made[key] = make()
            found: Made = self._made[key]
            return found
