"""Checks reverse mode on the example programs that come with Faust.

Each program is transformed with respect to all its sliders and number entries. The standard
compiler must accept what is written, and compute the original's outputs from it, bit for bit. Then
comes the dot-product test: for a random direction v and random cotangents w, <J v, w> by forward
mode is <v, transposed J w> by reverse mode. It is done twice: while parameters stay where they are,
and while they change.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

import fad
from fad.base.deep_stack import recursive
from fad.base.errors import DifferentiationError, FadError
from fad.checking.both_modes import BothModes, Comparison, Setting, directional
from fad.diagram.box import Box, ForeignFunction, arity_of, postorder
from fad.diagram.facts import Facts
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, select
from fad.model.moves import Moves
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from fad.runtime.renderer import EngineRefusal
from fad.runtime.repeated import Host
from fad.signals.algebra import number_of
from fad.signals.graph import Applied, Graph, operands_first
from fad.signals.propagate import Propagation
from fad.signals.rates import Rate, Rates, running
from tests.corpus.options import parser
from tests.corpus.processes import Work
from tests.support.places import ROOT, example_name, standard_examples

PAGE = ROOT / "docs" / "corpus-reverse.md"
SEED = 1
#: How much <J v, w> and <v, transposed J w> may differ, in units of the sum of the sizes of their
#: terms.
MOST = 1e-10
#: How much rounding may change a sample, in units of the loudest one.
ROUNDING = 1e-10
#: How many times the change by rounding errors of what goes in they may differ by, where that is
#: more, and how much at most.
ALLOWANCE, ROUGHEST = 16, 1e-4
#: Parameters change after so many samples.
BLOCK = 64
RATE = 44100
#: Where a parameter has less effect than this, relative to the others, it counts for less: an
#: effect that is nothing but rounding should not be made large.
LEAST_SHARE = 1e-3

COMPARED = "compared"
ZERO = "compared 0 with 0"
NO_EFFECT = "no output changes with a parameter"
NO_PARAMETERS = "no parameters"
TABLE = "writes to a table on the way from a parameter"
UNKNOWN = "refused by forward mode too"
SKIPPED = "not taken by the standard compiler"
FAILED = "failed"


@dataclass(frozen=True)
class Circumstances:
    """How a program is run.

    Attributes:
        frames: how many samples.
        moving: how far parameters are from their initial values, in units of their ranges.
        pressed: the kinds of widgets that are pressed.
    """

    frames: int
    moving: float
    pressed: tuple[str, ...] = ("button",)


_ALL = ("button", "checkbox")
#: What is tried with parameters that stay where they are, until a derivative is not 0.
STAYING = (
    Circumstances(320, 0.1),
    Circumstances(6400, 0.1),
    Circumstances(6400, 1.0, _ALL),
)
#: What is tried with parameters that change.
CHANGING = (
    Circumstances(320, 0.02),
    Circumstances(6400, 0.02),
    Circumstances(6400, 1.0, _ALL),
)


@dataclass(frozen=True)
class Test:
    """What came of one dot-product test.

    Attributes:
        error: the difference of the two products, in units of the larger one.
        error_of_size: the same in units of the sum of the sizes of their terms.
        allowed: how large the latter may be by rounding, where it is more than `MOST`.
        frames: how many samples were run.
        effective: how many parameters had an effect.
    """

    error: float
    error_of_size: float
    allowed: float | None
    frames: int
    effective: int

    @property
    def is_right(self) -> bool:
        """Whether there is no difference but by rounding."""
        return bool(self.error_of_size < MOST) or (
            self.allowed is not None and self.error_of_size <= self.allowed
        )


@dataclass(frozen=True)
class Outcome:
    """What came of one program.

    Attributes:
        program: its path below the examples' folder.
        result: one of the above.
        reason: of `FAILED`, `TABLE`, `UNKNOWN`.
        parameters: how many it has.
        lanes: of its tape.
        sums: how many sums the adjoint gives.
        operations: what the original, the forward program and the adjoint compute at each sample.
        staying, changing: the tests; `None` where 0 was compared with 0.
        rounded: the outputs that are repeated but for rounding.
        differing: the outputs that are not repeated.
        transform_seconds: CPU time to read and to transform it.
        seconds: the time of everything.
    """

    program: str
    result: str
    reason: str = ""
    parameters: int = 0
    lanes: int = 0
    sums: int = 0
    operations: tuple[int, int, int] = (0, 0, 0)
    staying: Test | None = None
    changing: Test | None = None
    rounded: tuple[int, ...] = ()
    differing: tuple[int, ...] = ()
    transform_seconds: float = field(default=0.0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def shortfalls(self) -> list[str]:
        """In what the program falls short, a line each."""
        lines = [f"output {output} differs" for output in self.differing]
        if self.result == FAILED:
            lines.append(f"failed: {' | '.join(self.reason.splitlines())}")
        for name, test in self.tests.items():
            if not test.is_right:
                lines.append(f"wrong, parameters {name}: {test}")
        return lines

    @property
    def tests(self) -> Mapping[str, Test]:
        """The tests that compared something."""
        tests = {"staying": self.staying, "changing": self.changing}
        return {name: test for name, test in tests.items() if test is not None}


def outcome(path: Path, limit: float) -> Outcome:
    """Checks one program."""
    start = time.monotonic()
    name = example_name(path)
    with Engine(time_limit=limit, keep=True) as engine:
        try:
            result = _checked(name, path, engine)
        except FadError as error:
            result = _not_checked(name, path, engine, error)
    return replace(result, seconds=time.monotonic() - start)


@dataclass(frozen=True)
class Subject:
    """A program, ready to be run in both modes.

    Attributes:
        both: runs it.
        widgets: all that it has.
        channels: the numbers of its inputs and outputs.
    """

    both: BothModes
    widgets: Sequence[Parameter]
    channels: tuple[int, int]


def _checked(name: str, path: Path, engine: Engine) -> Outcome:
    if not fad.expand(path).parameters:
        return Outcome(name, NO_PARAMETERS)
    start = time.process_time()
    front = read(Request(path))
    evaluation = front.evaluated()
    programs = reversed_program(evaluation, front)
    seconds = time.process_time() - start
    process = evaluation.process
    channels = arity_of(process)
    widgets = widgets_of(process, evaluation.facts, front.title)
    variables = select(widgets, channels[0], ())
    # Headers beside some programs are code, of people whose compiler runs here anyway.
    host = Host(engine, front.name, path.parent, RATE, native=False, trust=True)
    dual = directional(front, evaluation, variables)
    both = BothModes(front, evaluation, host, widgets, variables, programs, dual)
    rounded, differing = _repeated(path, engine, programs, process)
    tested = Subject(both, widgets, channels)
    staying, some = _test(tested, STAYING, None)
    first = sum(staying is None or staying.frames > each.frames for each in STAYING[:-1])
    changing, others = _test(tested, CHANGING[first:], BLOCK)
    for found in (some, others):
        more, wrong = _different(found.original, found.repeated)
        rounded, differing = rounded | more, differing | wrong
    return Outcome(
        name,
        ZERO if staying is None and changing is None else COMPARED,
        "",
        len(programs.parameters),
        len(programs.tape),
        len(programs.coefficients),
        (operations(process), operations(programs.forward), operations(programs.adjoint)),
        staying,
        changing,
        tuple(sorted(rounded - differing)),
        tuple(sorted(differing)),
        seconds,
    )


def _test(
    tested: Subject, tries: Sequence[Circumstances], block: int | None
) -> tuple[Test | None, Comparison]:
    """The first dot-product test in which something is not 0."""
    both = tested.both
    for each in tries:
        setting = _setting(tested, each, block or each.frames)
        found = both.compared(setting)
        # What is not finite is wrong, whatever its size.
        if found.size != 0:
            break
    else:
        return None, found
    setting = _balanced(setting, found)
    found = both.compared(setting)
    allowed = None
    if not found.error_of_size < MOST:
        allowed = min(ROUGHEST, ALLOWANCE * both.noise(setting, found) / found.size)
    count = len(both.effective(setting, found))
    return Test(found.error, found.error_of_size, allowed, each.frames, count), found


def _setting(tested: Subject, tried: Circumstances, block: int) -> Setting:
    """Random inputs, values, directions and cotangents."""
    random = np.random.default_rng(SEED)
    ins, outs = tested.channels
    frames, blocks = tried.frames, -(-tried.frames // block)
    inputs = random.uniform(-0.5, 0.5, (ins, frames))
    cotangents = random.uniform(-1, 1, (outs, frames))
    # What is pressed is pressed after the first block, if there are more.
    pressed = np.array((np.arange(blocks) > 0) | (blocks == 1), float)
    values = {
        each.path: pressed if each.kind in tried.pressed else np.full(blocks, each.init)
        for each in tested.widgets
    }
    directions = []
    for each in tested.both.variables:
        span = each.max - each.min
        moved = each.init + span * random.uniform(-tried.moving, tried.moving, blocks)
        # What would go beyond an end goes back from it: at the ends, derivatives may be infinite.
        moved = each.max - np.abs(each.max - (each.min + np.abs(moved - each.min)))
        if each.step >= 1 and each.step == int(each.step):
            # It chooses among things, or presses a key: other values than its steps do nothing.
            moved = each.min + each.step * np.round((moved - each.min) / each.step)
        values[each.path] = np.clip(moved, each.min, each.max)
        directions.append(span * random.uniform(-1, 1, blocks))
    moves = Moves.of(values, blocks, block)
    return Setting(inputs, moves, cotangents, np.array(directions), np.zeros((0, frames)), frames)


def _balanced(setting: Setting, found: Comparison) -> Setting:
    """Directions that are the longer the less effect a parameter has: a wrong derivative by one is
    not lost beside the others then."""
    gradients = np.array(list(found.gradient.parameters.values()))
    effects = np.abs(setting.by_block * gradients).sum(axis=1, keepdims=True)
    largest = effects.max()
    if not 0 < largest < np.inf:
        return setting
    longer = largest / np.maximum(effects, LEAST_SHARE * largest)
    return replace(setting, by_block=setting.by_block * longer)


def _repeated(
    path: Path, engine: Engine, programs: ReverseProgram, process: Box
) -> tuple[set[int], set[int]]:
    """The outputs that differ as programs are written, but for rounding, and otherwise."""
    engine.json(programs.adjoint, path.name, include=[path.parent])
    if programs.control:
        engine.json(programs.control, path.name, include=[path.parent])
    if any(isinstance(part, ForeignFunction) for part in postorder(process)):
        engine.json(programs.forward, path.name, include=[path.parent])
        return set(), set()  # the interpreter has none
    frames = STAYING[0].frames
    inputs = np.random.default_rng(SEED).uniform(-0.5, 0.5, (arity_of(process)[0], frames))
    original = engine.render(
        path.read_text("utf-8"), path.name, inputs=inputs, frames=frames, include=[path.parent]
    )
    lanes = engine.render(programs.forward, path.name, inputs=inputs, frames=frames)
    return _different(original, lanes[: len(original)])


def _different(some: Samples, others: Samples) -> tuple[set[int], set[int]]:
    """The outputs that differ but for rounding, and otherwise."""
    rounded: set[int] = set()
    differing: set[int] = set()
    for output, (one, other) in enumerate(zip(some, others, strict=True)):
        if not np.array_equal(one, other, equal_nan=True):
            scale = np.abs(one[np.isfinite(one)]).max(initial=0.0)
            is_close = np.allclose(one, other, rtol=0.0, atol=ROUNDING * scale, equal_nan=True)
            (rounded if is_close else differing).add(output)
    return rounded, differing


@recursive
def operations(program: str | Box) -> int:
    """How many operations a program does at each sample; equal ones count once."""
    box = read(Request(program)).evaluated().process if isinstance(program, str) else program
    graph = Graph()
    inputs = tuple([graph.input(index) for index in range(arity_of(box)[0])])
    roots = [each.plain for each in Propagation(box, graph, Facts(), {}).outputs(box, inputs)]
    rates = Rates()
    return sum(
        isinstance(signal, Applied) and number_of(signal) is None and rates[signal] is Rate.AUDIO
        for signal in operands_first(roots, running)
    )


def _not_checked(name: str, path: Path, engine: Engine, error: FadError) -> Outcome:
    """Why a program is not checked, and whether that is right."""
    if not isinstance(error, DifferentiationError):
        if not _is_taken(path, engine):
            return Outcome(name, SKIPPED, error.message)
        if "no output changes" in error.message:
            return _without_effect(name, path, engine, error)
        return Outcome(name, FAILED, error.message)
    if "rwtable" in error.message:
        return Outcome(name, TABLE, error.message)
    try:
        fad.transform(path)
    except DifferentiationError:
        return Outcome(name, UNKNOWN, error.message)
    return Outcome(name, FAILED, f"forward mode differentiates it, but: {error.message}")


def _is_taken(path: Path, engine: Engine) -> bool:
    """Whether the standard compiler takes a program as it is."""
    try:
        engine.json(path.read_text("utf-8"), path.name, include=[path.parent])
    except EngineRefusal:
        return False
    return True


def _without_effect(name: str, path: Path, engine: Engine, error: FadError) -> Outcome:
    """By forward mode, all tangents have to be 0."""
    dual = fad.transform(path)
    inputs = engine.compile(dual.source, path.name, precision="single").inputs
    noise = np.random.default_rng(SEED).uniform(-0.5, 0.5, (inputs, 320))
    # Sound files are played in single precision only.
    lanes = engine.render(dual.source, path.name, inputs=noise, frames=320, precision="single")
    count = 1 + len(dual.parameters)
    is_zero = not any(lanes[lane].any() for lane in range(len(lanes)) if lane % count)
    reason = "" if is_zero else f"forward mode has tangents, but: {error.message}"
    return Outcome(name, NO_EFFECT if is_zero else FAILED, reason)


def failed(path: Path, reason: str) -> Outcome:
    """What comes of a program that takes too long."""
    return Outcome(example_name(path), FAILED, reason)


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """The totals."""
    results = Counter(result.result for result in outcomes)
    tests = [test for result in outcomes for test in result.tests.values()]
    compared = [result for result in outcomes if result.result == COMPARED]
    with_both = sum(len(result.tests) == 2 for result in compared)
    rough = sum(test.allowed is not None and test.is_right for test in tests)
    wrong = sum(not test.is_right for test in tests)
    differing = sum(bool(result.differing) for result in outcomes)
    rounded = sum(bool(result.rounded) for result in outcomes)
    effective = sum(max((t.effective for t in r.tests.values()), default=0) for r in compared)
    count = sum(result.parameters for result in compared)
    seconds = sorted(result.transform_seconds for result in compared)
    return [
        f"{len(outcomes)} programs: "
        + ", ".join(f"{count} {result}" for result, count in results.most_common()),
        f"{len(tests)} dot-product tests in {len(compared)} programs ({with_both} of them both "
        f"with parameters that stay and that change): {len(tests) - wrong - rough} agree to "
        f"{MOST:g}, {rough} but for rounding that the program magnifies; wrong: {wrong}",
        f"{effective} of their {count} parameters had an effect",
        f"outputs repeated in all but {differing}; bit for bit in all but {differing + rounded}, "
        "the others but for rounding (libfaust orders sums and products by what else is there)",
        f"tape lanes: median {_at(sorted(r.lanes for r in compared), 0.5):g}, "
        f"95th percentile {_at(sorted(r.lanes for r in compared), 0.95):g}; "
        f"operations of forward program and adjoint over those of the original: median "
        f"{_at(sorted(map(_cost, compared)), 0.5):.1f}, "
        f"95th percentile {_at(sorted(map(_cost, compared)), 0.95):.1f}",
        f"CPU time to transform: median {_at(seconds, 0.5):.2f} s, "
        f"95th percentile {_at(seconds, 0.95):.1f} s",
    ]


def _cost(result: Outcome) -> float:
    original, forward, adjoint = result.operations
    return (forward + adjoint) / max(1, original)


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def page(outcomes: Sequence[Outcome]) -> str:
    """All outcomes as a page of the documentation."""
    return "\n".join([*_page(outcomes), ""])


def _page(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "# Reverse mode of the example programs of Faust"
    yield ""
    yield from _INTRODUCTION.strip().splitlines()
    yield ""
    # Times are those of a machine.
    yield from (f"- {line}" for line in summary(outcomes)[:-1])
    yield ""
    yield (
        "| program | N | with effect | tape | sums | operations | forward | adjoint | ratio "
        "| staying | changing |"
    )
    yield "|---|" + "--:|" * 10
    for result in outcomes:
        if result.result in (COMPARED, ZERO):
            effective = max((test.effective for test in result.tests.values()), default=0)
            cells = [
                result.program,
                result.parameters,
                effective,
                result.lanes,
                result.sums,
                *result.operations,
                f"{_cost(result):.1f}",
                _told(result.staying),
                _told(result.changing),
            ]
            yield f"| {' | '.join(map(str, cells))} |"
    others = [each for each in outcomes if each.result not in (COMPARED, ZERO, NO_PARAMETERS)]
    yield from _section(
        "Not compared",
        (f"- {r.program}: {r.result}. {' '.join(r.reason.split())}".rstrip() for r in others),
    )
    without = [each.program for each in outcomes if each.result == NO_PARAMETERS]
    yield from _section("Without parameters", (f"- {program}" for program in without))
    yield from _section(
        "Repeated but for rounding",
        (f"- {r.program}: outputs {' '.join(map(str, r.rounded))}" for r in outcomes if r.rounded),
    )


_INTRODUCTION = f"""
`make corpus-reverse` transforms every example program that comes with Faust in reverse mode, by
all its sliders and number entries, and writes this page. The standard compiler takes all that is
written, and computes the outputs of the original from the forward program.

The derivatives are compared with those of forward mode, in double precision, by the dot-product
test: for a random direction `v` of the parameters and random cotangents `w` of the outputs,
`<J v, w>` by forward mode is `<v, J^T w>` by reverse mode. Directions are longer for parameters
that have less effect, so that all count. Inputs are noise, and buttons are pressed. In *staying*,
parameters are near where they start, and stay, for {STAYING[0].frames} samples; in
*changing*, they change every {BLOCK} samples. Where all that is compared is 0, values far from
there, checkboxes and {STAYING[-1].frames} samples are tried; what is left at 0 is written as 0, and
does not count as a test.

Each error is the difference of the two numbers, in units of the sum of the sizes of their terms:
where the terms of a sum cancel, what is left has no more digits than they had. It is to be below
{MOST:g}. Some programs magnify rounding themselves before they sum, as models of strings do over
hundreds of samples. Where an error is larger, all that goes in is changed at random by a few
rounding errors, three times: it may be {ALLOWANCE} times what the results change by then. That is
written beside it.

Operations are those at every sample, each distinct one counted once, of the original, of the
forward program and of the adjoint; the ratio is that of the last two to the first.
"""


def _told(test: Test | None) -> str:
    if test is None:
        return "0"
    if test.allowed is None:
        return f"{test.error_of_size:.0e}"
    return f"{test.error_of_size:.0e} of {test.allowed:.0e}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", f"## {title}", "", *lines)


def main() -> int:
    """Run the checks; 1 if a program falls short."""
    options = parser(__doc__, PAGE).parse_args()
    start = time.monotonic()
    work = Work(outcome, failed, options.limit)
    outcomes = []
    for result in work.done_for_all(standard_examples(options.filter), options.jobs):
        outcomes.append(result)
        if result.shortfalls:
            print(f"{result.program}: {'; '.join(result.shortfalls)}", flush=True)
        if options.json:
            options.json.write_text(json.dumps([asdict(each) for each in outcomes], indent=1))
    outcomes.sort(key=lambda each: each.program)
    print("\n".join(summary(outcomes)))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"{time.monotonic() - start:.0f} s, and {cpu:.0f} s of CPU time")
    if options.write:
        PAGE.write_text(page(outcomes), "utf-8")
    return int(any(each.shortfalls for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
