"""What every mode of differentiation begins with: all that decides about a derivative is marked.

In the prepared diagram the variables, the reads with slopes and the primitives with rules of their
own are leaves of their own. On the way it is found what the user should know about the derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fad.base.deep_stack import recursive
from fad.diagram.box import Box, arity_of
from fad.diagram.facts import Facts
from fad.differentiation.active_sets import NONE, Active, Bundles, bits, union
from fad.differentiation.dual import Dropped
from fad.differentiation.endings import Endings
from fad.differentiation.initial_kinks import InitialKinks, Reading
from fad.differentiation.kinks import with_sides
from fad.differentiation.operations import Operations
from fad.differentiation.seeds import Seeds
from fad.differentiation.surrogates import Kind, with_slopes
from fad.differentiation.variables import with_variables
from fad.differentiation.variants import with_variants


@dataclass(frozen=True)
class Prepared:
    """A diagram that is ready to be differentiated.

    Attributes:
        box: the diagram, marked.
        originals: what its parts were in the program, where that is something else.
        inputs: the lanes of the tangents that come in.
        reached: the parameters that reach an output.
        endings: where tangents end.
        kinks, switched: see `Dual`.
        seeds: what it is differentiated by.
    """

    box: Box
    originals: Mapping[Box, Box]
    inputs: Bundles
    reached: Active
    endings: Endings
    kinks: Mapping[int, Dropped]
    switched: Mapping[int, Dropped]
    seeds: Seeds

    @property
    def dropped(self) -> Mapping[int, Dropped]:
        """Parameter number -> where a tangent of it ends first."""
        return self.endings.dropped


@recursive
def prepare(
    box: Box, seeds: Seeds, operations: Operations, facts: Facts, surrogate: Sequence[Kind] = ()
) -> Prepared:
    """Marks a diagram; for the arguments, see `differentiate`."""
    with_leaves, originals = with_variables(box, seeds)
    with_reads, originals = with_slopes(with_leaves, originals, facts.made_by, surrogate)
    with_rules, originals = with_variants(with_reads, originals)
    marked, originals = with_sides(with_rules, originals)
    sources = [seeds.inputs.get(index) for index in range(arity_of(box)[0])]
    active = tuple([NONE if seed is None else bits([seed.lane]) for seed in sources])
    kinks = InitialKinks(operations, originals, facts.origins)
    kinks.outputs(marked, tuple([Reading(None, each) for each in active]))
    endings = Endings(marked, operations, originals, facts.origins)
    reached = union(endings.outputs(marked, active, dict.fromkeys(marked.free, NONE)))
    return Prepared(marked, originals, active, reached, endings, kinks.found, kinks.switched, seeds)
