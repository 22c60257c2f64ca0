"""Slopes for reads at whole positions: what stands for the derivative of a quantised path.

A table or a sound file that is read at `int(phase)`, and a delay of a whole number of samples, have
the derivative 0 by their position almost everywhere, which is exact and of no use. Here such a read
is given the slope of what it reads, times the tangent of the position before it is made whole.
The primal stays as it is.

This is done inside the functions of the standard libraries whose read stands for a smooth
function (`LIBRARY_RULES`), and elsewhere where the user asks for it. It would be wrong everywhere:
a read that is interpolated already has its exact derivative, through the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from fad.diagram.box import (
    Arity,
    Box,
    Cut,
    Int,
    Par,
    Primitive,
    Route,
    Seq,
    Soundfile,
    Split,
    Wire,
    arity_of,
    factors,
    parallel,
    postorder,
)
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.marking import marked

#: What a slope can stand for the derivative of.
Kind = Literal["tables", "delays"]
KINDS: tuple[Kind, ...] = ("tables", "delays")

#: (library file, definition) -> the reads inside that get a slope.
LIBRARY_RULES: Mapping[tuple[str, str], Kind] = MappingProxyType(
    {
        ("oscillators.lib", "oscsin"): "tables",
        ("oscillators.lib", "osccos"): "tables",
        ("oscillators.lib", "hs_oscsin"): "tables",
        ("oscillators.lib", "hs_osccos"): "tables",
        ("music.lib", "oscsin"): "tables",
        ("music.lib", "osccos"): "tables",
    }
)

_TABLE, _DELAY, _WHOLE = Primitive("rdtable"), Primitive("@"), Primitive("int")


class SlopedRead(Box):
    """A read at a whole position that is given a slope, as a function of what it reads and where.

    Its last input is the position before it is made whole; so where the original is
    `signal, (position : int) : @`, there is `signal, position : SlopedRead`.

    Attributes:
        kind: what is read.
        function: the primitive that reads.
        is_cast: whether the position was made whole by an `int`, and not by the read itself.
        original: the whole read in the program: each has its own slope, at its own place.
    """

    __slots__ = ("function", "is_cast", "kind", "original")
    fields = ("kind", "function", "is_cast", "original")
    kind: Kind
    function: Primitive
    is_cast: bool
    original: Box

    def _infer(self) -> Arity:
        return PRIMITIVES[self.function.name], 1

    def operands(self, application: Seq) -> tuple[Box, ...]:
        """What it is applied to in `signal, position : SlopedRead`: signals, then the position."""
        pair = application.left
        assert isinstance(pair, Par)
        is_pair = self.kind == "tables" and isinstance(pair.left, Par)
        signals = pair.left.children if is_pair else (pair.left,)
        return *signals, pair.right


class SlopedSample(Box):
    """A sample of a sound file, with the slope between its neighbours.

    Its inputs are the sample, the one after it, the one before it, and the position before it is
    made whole; its output is the sample.
    """

    __slots__ = ()
    fields = ()

    @property
    def function(self) -> Box:
        """It as a function of wires."""
        return parallel([Wire(), Cut(), Cut(), Cut()])

    def _infer(self) -> Arity:
        return 4, 1


class _Read(NamedTuple):
    """A read at a whole position: what is read, in parts, and where, before it is made whole."""

    kind: Kind
    function: Primitive
    signals: tuple[Box, ...]
    position: Box
    is_cast: bool


def with_slopes(
    root: Box,
    originals: Mapping[Box, Box],
    made_by: Mapping[Box, tuple[str, str]],
    everywhere: Sequence[Kind] = (),
) -> tuple[Box, Mapping[Box, Box]]:
    """A diagram in which the reads that get a slope are marked.

    Args:
        root: the whole diagram.
        originals: what parts of it were in the program, where they have been changed before.
        made_by: the library file and definition that a diagram of the program is the result of.
        everywhere: the kinds that get a slope wherever they are.

    Returns:
        The new diagram, and what its parts were in the program, where they have been changed.
    """
    inside: set[tuple[Box, Kind]] = {
        (part, kind)
        for box in postorder(root)
        if (kind := LIBRARY_RULES.get(made_by.get(originals.get(box, box), ("", ""))))
        for part in postorder(box)
    }
    if not inside and not everywhere:
        return root, originals

    def change(part: Box, became: Mapping[Box, Box], note: Callable[[Box, Box], Box]) -> Box | None:
        if "tables" in everywhere and (sound := _sound(part)):
            return _with_slope(sound, became, note)
        read = _read(part)
        if read is None or not (read.kind in everywhere or (part, read.kind) in inside):
            return None
        signals = note(
            parallel([became[signal] for signal in read.signals]), parallel(read.signals)
        )
        function = SlopedRead(read.kind, read.function, read.is_cast, part)
        return Seq(Par(signals, became[read.position]), function)

    return marked(root, originals, change)


def _read(box: Box) -> _Read | None:
    """The read at a whole position that a diagram is, if it is one."""
    if not (isinstance(box, Seq) and isinstance(box.left, Par)):
        return None
    function, operands = box.right, box.left
    if function is _DELAY:
        if operands.left.arity and operands.left.arity[1] == 1:
            return _Read("delays", _DELAY, (operands.left,), *_uncast(operands.right))
    elif function is _TABLE:
        # The size and the content, which a waveform gives both, then the position.
        *table, position = factors(operands)
        if [part.arity for part in table] in ([(0, 2)], [(0, 1), (0, 1)]):
            return _Read("tables", _TABLE, tuple(table), *_uncast(position))
    return None


def _uncast(position: Box) -> tuple[Box, bool]:
    """A position without the `int` at its end, and whether there was one."""
    if isinstance(position, Seq) and position.right is _WHOLE:
        return position.left, True
    return position, False


class _Sound(NamedTuple):
    """A read of a sound file: which of its sounds, where, and what comes after the read."""

    file: Soundfile
    number: Box
    position: Box
    rest: Box | None


def _with_slope(sound: _Sound, became: Mapping[Box, Box], note: Callable[[Box, Box], Box]) -> Box:
    position, is_cast = _uncast(sound.position)
    samples = _with_samples(sound.file, is_cast)
    # Where no tangent arrives, they are written without slopes.
    plain: dict[Box, Box] = {}
    for part in postorder(samples):
        if isinstance(part, SlopedSample):
            plain[part] = part.function
        else:
            plain[part] = part.rebuild(tuple([plain[child] for child in part.children]))
        note(part, plain[part])
    result = Seq(Par(became[sound.number], became[position]), samples)
    note(result, Seq(Par(sound.number, sound.position), sound.file))
    return result if sound.rest is None else Seq(result, became[sound.rest])


def _sound(box: Box) -> _Sound | None:
    """The read of a sound file that a diagram is or begins with, if there is one."""
    match box:
        case (
            Seq(left=Par(left=number, right=position), right=Soundfile() as file)
            | Seq(left=Par(left=number, right=position), right=Seq(left=Soundfile() as file))
        ) if arity_of(number)[1] == arity_of(position)[1] == 1:
            rest = box.right.right if isinstance(box.right, Seq) else None
            return _Sound(file, number, position, rest)
    return None


def _with_samples(file: Soundfile, is_cast: bool) -> Box:
    """A sound file, as a function of the part and of the position before it is made whole.

    Beyond the ends of the file, the standard compiler reads its first and last samples.
    """
    count = file.channels
    samples = Seq(file, parallel([Cut(), Cut(), *[Wire()] * count]))
    here = Seq(Par(Wire(), _WHOLE if is_cast else Wire()), file)
    after, before = (
        Seq(Par(Wire(), Seq(Par(_WHOLE, Int(1)), Primitive(sign))), samples) for sign in "+-"
    )
    reads = Split(
        parallel([Wire(), Wire()]), parallel([here, after, before, parallel([Cut(), Wire()])])
    )
    # The length and the rate, then for each channel what makes its slope.
    last = 3 + 3 * count
    order = [1, 2]
    for channel in range(3, 3 + count):
        order += [channel, channel + count, channel + 2 * count, last]
    pairs = tuple((source, target) for target, source in enumerate(order, start=1))
    slopes = parallel([Wire(), Wire(), *[SlopedSample()] * count])
    return Seq(Seq(reads, Route(last, len(order), pairs)), slopes)
