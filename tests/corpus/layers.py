"""Checks layers of PyTorch and of JAX on example programs that come with Faust, and on random ones.

`torch.autograd.gradcheck` compares the derivatives with difference quotients, in double precision,
by values of parameters that change over time and by the audio inputs. Streaming has to give the
same bits as one run. The example programs run as native code. Each random program is differentiated
in libfaust's interpreter; to be streamed, many of them are one program in native code.

Layers of JAX, where it is installed, have to compute what those of PyTorch do, and
`jax.test_util.check_grads` compares with difference quotients. There, too, many random programs
are one.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from fad.base.errors import DifferentiationError, FadError
from fad.diagram.box import Soundfile, postorder
from fad.model.loading import load
from fad.pipeline.front import Request, read
from fad.runtime.renderer import EngineRefusal
from fad.syntax.libraries import ProgramLike
from fad.torch.layer import Layer
from tests.corpus.options import parser
from tests.corpus.processes import Work
from tests.support.layers import (
    ABSOLUTE,
    INFINITE,
    QUANTISED,
    RELATIVE,
    STEP,
    VERDICTS,
    WRONG,
    ZERO,
    Comparison,
    Found,
    Reference,
    Setting,
    quantised,
    streams,
)
from tests.support.places import ROOT, example_name, standard_examples
from tests.support.random_programs import HELPERS, Case, programs, side_by_side

if TYPE_CHECKING:
    from tests.support.jax_layers import Agreement

PAGE = ROOT / "docs" / "corpus-layers.md"
SEED = 1
EXAMPLES, RANDOM = 60, 200
#: So many random programs are one piece of work.
CHUNK = 20
#: A program is differentiated by so many of its parameters, at most.
PARAMETERS = 4
RATE = 44100
BLOCK, SHORT_BLOCK = 64, 8
#: What is tried with an example until a parameter has an effect: the first notes, and later.
TRIES = (Setting(4, 1, 0.1), Setting(4, 25, 1.0, ("button", "checkbox")))
#: What is tried with a random program.
QUICK = Setting(2, 1, 0.1, samples=8, inputs=4)
#: The sizes of pieces of a signal: any, while parameters stay; whole blocks, while they move.
PIECES = ((1, 31, 97, 200), (BLOCK, 2 * BLOCK))
SHORT_PIECES = ((1, 3, 11), (SHORT_BLOCK, 2 * SHORT_BLOCK))

#: Without it, there is nothing about it on the page.
HAS_JAX = find_spec("jax") is not None

CHECKED = "checked"
SOUNDS = "plays sound files, in single precision only"
REFUSED = "not differentiated by fad"
SKIPPED = "not taken by the standard compiler"
FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What came of one program.

    Attributes:
        program: its path below the examples' folder, or the number of a random program.
        result: one of the above.
        reason: of all results but `CHECKED`.
        variables: what came of its variables; none where it has none.
        by_inputs: whether it was differentiated by its audio inputs: reverse mode can.
        streams: whether it gives the same bits in pieces.
        jax: what came of it in JAX, where that is installed.
        seconds: the CPU time of everything, of the programs that were run with it, too.
    """

    program: str
    result: str
    reason: str = ""
    variables: tuple[Found, ...] = ()
    by_inputs: bool = False
    streams: bool | None = None
    jax: Agreement | None = None
    seconds: float = field(default=0.0, compare=False)

    def named(self, verdict: str) -> str:
        """The variables with a verdict, in words."""
        found = [f"`{each.variable}`" for each in self.variables if each.verdict == verdict]
        return ", ".join(found)

    @property
    def shortfalls(self) -> list[str]:
        """In what the program falls short, a line each."""
        lines = [f"failed: {' | '.join(self.reason.splitlines())}"] * (self.result == FAILED)
        lines += ["streaming gives other bits"] * (self.streams is False)
        wrong = [each for each in self.variables if each.verdict == WRONG]
        lines += [f"JAX: {self.jax.told}"] if self.jax and self.jax.told else []
        return lines + [f"wrong by {each.variable}: {each.told}" for each in wrong]


@dataclass(frozen=True)
class Chunk:
    """Some random programs.

    Attributes:
        first: the number of the first one.
        cases: all of them.
    """

    first: int
    cases: tuple[Case, ...]


def outcomes_of(subject: Path | Chunk, limit: float) -> tuple[Outcome, ...]:
    """Checks an example program, or some random programs."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    if HAS_JAX:
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", True)
    first, *others = _example(subject) if isinstance(subject, Path) else _random(subject)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(each.ru_utime + each.ru_stime for each in used)
    return replace(first, seconds=seconds), *others


def _example(path: Path) -> list[Outcome]:
    name = example_name(path)
    try:
        if any(
            isinstance(part, Soundfile)
            for part in postorder(read(Request(path)).evaluated().process)
        ):
            return [Outcome(name, SOUNDS)]
        # Headers beside some programs are code, of people whose compiler runs here anyway.
        layer = Layer(path, rate=RATE, block=BLOCK, backend="native", trust=True)
        outcome, reference = _compared(name, path, layer, TRIES, PIECES)
        if not HAS_JAX:
            return [outcome]
        from fad.jax import Layer as JaxLayer
        from tests.support.jax_layers import agreement

        other = JaxLayer(path, rate=RATE, block=BLOCK, trust=True)
        return [replace(outcome, jax=agreement(other, reference))]
    except FadError as error:
        return [_not_compared(name, error)]


def _random(chunk: Chunk) -> list[Outcome]:
    left: list[Outcome] = []
    taken: list[_Taken] = []
    for number, case in enumerate(chunk.cases, chunk.first):
        text, name = HELPERS + case.text, f"random {number}"
        try:
            layer = Layer(text, rate=RATE, block=SHORT_BLOCK, backend="interpreter")
            taken.append(_Taken(case, *_compared(name, text, layer, (QUICK,), ())))
        except EngineRefusal as error:
            left.append(Outcome(name, SKIPPED, error.message))
        except FadError as error:
            left.append(_not_compared(name, error))
    cases = [each.case for each in taken]
    whole = Layer(HELPERS + side_by_side(cases), rate=RATE, block=SHORT_BLOCK, backend="native")
    comparison = Comparison(whole, _paths(whole), replace(QUICK, groups=8))
    is_same = all(streams(comparison, sizes) for sizes in SHORT_PIECES)
    return [*left, *(replace(each, streams=is_same) for each in _with_jax(taken))]


@dataclass(frozen=True)
class _Taken:
    """A random program, what came of it, and what PyTorch computes."""

    case: Case
    outcome: Outcome
    reference: Reference


def _with_jax(taken: Sequence[_Taken]) -> Iterator[Outcome]:
    """What came of random programs, in JAX, too, where it is installed.

    One that reverse mode refuses would have all others beside it refused, and one that is infinite
    would be in all derivatives along a direction.
    """
    for kind in product((False, True), repeat=2):
        some = [
            each for each in taken if (each.reference.refused, each.reference.is_finite) == kind
        ]
        if not HAS_JAX or not some:
            yield from (each.outcome for each in some)
            continue
        from fad.jax import Layer as JaxLayer
        from tests.support.jax_layers import agreements

        text = HELPERS + side_by_side([each.case for each in some])
        model = load(text, rate=RATE, block=SHORT_BLOCK, precision="double", backend="native")
        layer = JaxLayer(text, rate=RATE, block=SHORT_BLOCK)
        references = [each.reference for each in some]
        compared = agreements(layer, references, model.compiled.primal.controls)
        for each, found in zip(some, compared, strict=True):
            yield replace(each.outcome, jax=found)


def _compared(
    name: str,
    program: ProgramLike,
    layer: Layer,
    tries: Sequence[Setting],
    pieces: Sequence[Sequence[int]],
) -> tuple[Outcome, Reference]:
    """Compares a program until a parameter has an effect, and streams it if there are pieces.

    Returns:
        What came of it, and what the layer computes.
    """
    paths = _paths(layer)
    chosen = sorted(random.Random(SEED).sample(paths, min(PARAMETERS, len(paths))))
    left_out = quantised(program, [*chosen, "input"])
    for setting in tries:
        comparison = Comparison(layer, chosen, setting)
        found = tuple(comparison.found(left_out))
        if any(each.verdict != ZERO for each in found if each.variable in chosen):
            break
    is_same = all(streams(comparison, sizes) for sizes in pieces) if pieces else None
    outcome = Outcome(name, CHECKED, "", found, comparison.by_inputs, is_same)
    return outcome, comparison.reference(found)


def _paths(layer: Layer) -> list[str]:
    """The parameters that an output depends on."""
    model = layer.model(torch.float64)
    controls = model.compiled.primal.controls
    return [each.path for each in model.variables if each.path in controls]


def _not_compared(name: str, error: FadError) -> Outcome:
    """Why a program is not compared."""
    kinds = {EngineRefusal: SKIPPED, DifferentiationError: REFUSED}
    return Outcome(name, kinds.get(type(error), FAILED), error.message)


def failed(subject: Path | Chunk, reason: str) -> tuple[Outcome, ...]:
    """What comes of programs that take too long, or end their process."""
    if isinstance(subject, Path):
        return (Outcome(example_name(subject), FAILED, reason),)
    first, last = subject.first, subject.first + len(subject.cases) - 1
    return (Outcome(f"random {first} to {last}", FAILED, reason),)


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """The totals."""
    results = Counter(each.result for each in outcomes)
    found = [each for outcome in outcomes for each in outcome.variables]
    verdicts = Counter(each.verdict for each in found)
    streamed = Counter(each.streams for each in outcomes)
    short = sum(bool(each.shortfalls) for each in outcomes)
    return [
        f"{len(outcomes)} programs: "
        + ", ".join(f"{count} {result}" for result, count in results.most_common()),
        f"{len(found)} variables: "
        + ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS),
        f"streaming: {streamed[True]} programs give the same bits as in one run, "
        f"{streamed[False]} do not; programs that fall short: {short}",
        _in_jax([each.jax for each in outcomes if each.jax]),
    ]


def _in_jax(found: Sequence[Agreement]) -> str:
    """The totals of the layers of JAX."""
    if not HAS_JAX:
        return "JAX: not checked, as it is not installed"
    right = [each for each in found if not each.told]
    compared = [each.compared for each in right if each.compared]
    most = max((each.difference for each in right), default=0.0)
    return (
        f"JAX: {len(right)} programs compute what PyTorch computes, {len(found) - len(right)} do "
        f"not; the largest difference is {most:.1g}; `check_grads` accepts the derivatives by "
        f"{sum(compared)} variables of {len(compared)} programs"
    )


def page(examples: Sequence[Outcome], others: Sequence[Outcome]) -> str:
    """All outcomes as a page of the documentation."""
    return "\n".join([*_page(examples, others), ""])


def _page(examples: Sequence[Outcome], others: Sequence[Outcome]) -> Iterator[str]:
    yield "# Layers of PyTorch and of JAX"
    yield ""
    yield from _INTRODUCTION.strip().splitlines()
    for title, outcomes in (("example", examples), ("random", others)):
        yield from ("", f"## The {title} programs", "")
        yield from (f"- {line}" for line in summary(outcomes))
    yield ""
    yield f"| example | {' | '.join(VERDICTS)} | smooth | by inputs | streams | JAX | check_grads |"
    yield "|---|" + "--:|" * (len(VERDICTS) + 1) + "---|---|---|--:|"
    for each in examples:
        if each.result == CHECKED:
            counts = Counter(one.verdict for one in each.variables)
            shares = [one.compared for one in each.variables if one.verdict != QUANTISED]
            cells = [
                each.program,
                *(str(counts[verdict] or "") for verdict in VERDICTS),
                f"{min(shares):.0%}" if shares else "",
                _word(each.by_inputs),
                _word(each.streams),
                _word(not each.jax.told if each.jax else None),
                str(each.jax.compared or "") if each.jax else "",
            ]
            yield f"| {' | '.join(cells)} |"
    everything = [*examples, *others]
    left = [each for each in everything if each.result != CHECKED]
    yield from _listed("Not compared", left, lambda each: f"{each.result}. {each.reason}")
    infinite = [each for each in everything if each.named(INFINITE)]
    yield from _listed("Infinite inside", infinite, lambda each: f"by {each.named(INFINITE)}")


def _listed(
    title: str, outcomes: Sequence[Outcome], told: Callable[[Outcome], str]
) -> Iterator[str]:
    if outcomes:
        yield from ("", f"## {title}", "")
        for each in outcomes:
            yield f"- {each.program}: {' '.join(told(each).split())}"


def _word(is_so: bool | None) -> str:
    return "" if is_so is None else "yes" if is_so else "no"


_INTRODUCTION = f"""
`make corpus-layers` makes [layers](python.md#in-pytorch) of {EXAMPLES} of the example programs that
come with Faust, chosen by a fixed seed, and of {RANDOM} random programs, and writes this page.

`torch.autograd.gradcheck` compares their derivatives with difference quotients, in double
precision: by the values of at most {PARAMETERS} parameters, which change over time, and by samples
of the audio inputs. Variables move from 0 to 1 as the scales of their sliders go, by {STEP:g};
derivatives may differ by {ABSOLUTE:g} of the largest one of their variable and {RELATIVE:g} of
themselves. Buttons are pressed. Only samples are compared at which the program is smooth: where
quotients settle as the step halves, and are the same on both sides. *Smooth* is the share of these,
for the worst variable.

| a variable | |
|---|---|
| agrees | all its derivatives are those of the quotients |
| no effect | all quotients are 0, and so are its derivatives |
| lost in rounding | the same, within the rounding errors of the outputs |
| not smooth | no sample is smooth |
| quantised | it acts through something quantised only, or a slope stands for that, as fad says |
| infinite inside | forward mode gives no number, either: a part of the program is infinite |
| wrong | it does not agree |

Where a part of a program is infinite, a derivative may be infinity times 0: what is guarded against
is in [language.md](language.md). Such programs are listed.

*By inputs* says whether the audio inputs are among the variables: there are some, and reverse mode
takes the program. *Streams* says whether a signal that comes in pieces of several sizes gives the
same bits as in one run, while parameters stay and while they move.

*JAX* says whether [a layer of JAX](python.md#in-jax) computes the same, where JAX is installed: the
outputs and, by all these variables together, the derivatives in both modes. They may differ by
1e-12 of the largest one. *check_grads* is the number of variables by which
`jax.test_util.check_grads` compares derivatives with difference quotients, in both modes: those by
which they agree in PyTorch, where the program is smooth by all of them. There may be no such
sample.
"""


def main() -> int:
    """Run the checks; 1 if a program falls short."""
    taken = parser(__doc__, PAGE)
    taken.add_argument("--random", type=int, default=RANDOM, help=f"so many (default: {RANDOM})")
    options = taken.parse_args()
    start = time.monotonic()
    paths = random.Random(SEED).sample(standard_examples(), EXAMPLES)
    if options.filter != "*":
        paths = standard_examples(options.filter)
    cases = programs(options.random) if options.random else []
    chunks = [
        Chunk(first, tuple(cases[first : first + CHUNK])) for first in range(0, len(cases), CHUNK)
    ]
    needs = ["tests.support.layers", *(["tests.support.jax_layers"] if HAS_JAX else [])]
    work = Work(outcomes_of, failed, options.limit, needs)
    outcomes: list[Outcome] = []
    for some in work.done_for_all([*chunks, *sorted(paths)], options.jobs):
        outcomes += some
        for each in some:
            if each.shortfalls:
                print(f"{each.program}: {'; '.join(each.shortfalls)}", flush=True)
    examples = sorted((each for each in outcomes if _is_example(each)), key=lambda o: o.program)
    others = sorted((each for each in outcomes if not _is_example(each)), key=_number)
    for title, chosen in (("examples", examples), ("random programs", others)):
        print("\n".join(f"{title}: {line}" for line in summary(chosen)))
    cpu = sum(each.seconds for each in outcomes)
    print(f"{time.monotonic() - start:.0f} s, and {cpu:.0f} s of CPU time")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in outcomes], indent=1))
    if options.write:
        PAGE.write_text(page(examples, others), "utf-8")
    return int(any(each.shortfalls for each in outcomes))


def _number(outcome: Outcome) -> int:
    """Which random program it is."""
    return int(outcome.program.split()[1])


def _is_example(outcome: Outcome) -> bool:
    return outcome.program.endswith(".dsp")


if __name__ == "__main__":
    sys.exit(main())
