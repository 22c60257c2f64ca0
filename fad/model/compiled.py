"""The programs of a model, each of which is made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Literal, TypeVar

from fad.base.errors import FadError
from fad.model.programs import Subject, components_of
from fad.model.units import Unit, Units
from fad.pipeline.reverse import ReverseProgram
from fad.runtime.backends import Backend

Made = TypeVar("Made")


class Compiled:
    """A program, and the programs of its derivatives, ready to run.

    Args:
        subject: the program.
        units: what makes programs run.

    Attributes:
        primal: the program itself.
    """

    def __init__(self, subject: Subject, units: Units) -> None:
        self._subject, self._units = subject, units
        self._made: dict[object, Any] = {}
        self._making = RLock()
        self.primal = units.unit(subject.box)

    @property
    def dual(self) -> Unit:
        """For each output: the output, then its derivative by each of the variables."""
        return self._once("dual", lambda: self._units.unit(self._subject.dual()))

    def along(self, paths: tuple[str, ...], inputs: tuple[int, ...]) -> Unit:
        """For each output: the output, then its derivative along a direction.

        Args:
            paths, inputs: the parameters and the audio inputs that it has components of; see
                `Subject.directional`.
        """

        def made() -> Unit:
            box = self._subject.directional(paths, inputs)
            return self._units.unit(box, components_of(len(paths)))

        return self._once((paths, inputs), made)

    @property
    def refusal(self) -> FadError | None:
        """Why there is no reverse mode, if there is none."""
        found = self._reverse
        return found if isinstance(found, FadError) else None

    @property
    def adjoint(self) -> tuple[ReverseProgram, Backend]:
        """The programs of reverse mode, and what runs them.

        Raises:
            FadError: there are none.
        """
        programs = self._reverse
        if isinstance(programs, FadError):
            raise programs
        return programs, self._once("adjoint", lambda: self._units.reverse(programs))

    @property
    def cheaper(self) -> Literal["forward", "reverse"]:
        """The mode that is likely to cost less."""
        return "forward" if len(self._subject.variables) <= 4 else "reverse"

    @property
    def _reverse(self) -> ReverseProgram | FadError:
        def made() -> ReverseProgram | FadError:
            try:
                return self._subject.reverse()
            except FadError as error:
                return error

        return self._once("reverse", made)

    def _once(self, key: object, make: Callable[[], Made]) -> Made:
        """What is made once: one thread makes it, others wait."""
        with self._making:
            if key not in self._made:
                self._made[key] = make()
            found: Made = self._made[key]
            return found
