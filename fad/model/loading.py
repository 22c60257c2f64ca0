"""`fad.load`: makes a program a differentiable function of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

from fad.base.deep_stack import recursive
from fad.base.precision import NativePrecision
from fad.differentiation.surrogates import KINDS, Kind
from fad.model.choices import listed, mapping, refuse_unknown, whole
from fad.model.compiled import Mode
from fad.model.model import Model, Options
from fad.model.programs import subject
from fad.model.threads import Threads
from fad.model.travel import Texts, texts_of
from fad.model.units import BackendName, Units, backend_for
from fad.pipeline.front import Request, read
from fad.runtime.frames import frames_of
from fad.runtime.soundfiles import Sounds, sounds_of
from fad.syntax.libraries import ProgramLike


def load(
    program: ProgramLike,
    *,
    wrt: Sequence[str] = (),
    rate: int = 48000,
    precision: NativePrecision = "single",
    backend: Literal["auto"] | BackendName = "auto",
    mode: Mode = "auto",
    block: int = 64,
    constant: Mapping[str, float] | None = None,
    clip: bool = False,
    check_finite: bool = False,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    surrogate: Sequence[Kind] = (),
    rules: ProgramLike | None = None,
    trust: bool = False,
    threads: int | None = None,
) -> Model:
    """Makes a program a differentiable function of arrays.

    Args:
        program: a text, or the path of a file.
        wrt: what it is differentiated by; see `fad.transform`. `input` stands for all audio inputs.
        rate: the sample rate, in Hz.
        precision: of samples and of the program.
        backend: `native` code needs a C++ compiler; the `interpreter` is slow; `auto` takes native
            code where it can, and warns where it cannot.
        mode: how derivatives are brought back from the outputs: `forward` computes one for each
            parameter, `reverse` goes back through the program, `auto` takes what is likely to cost
            less. Where parameters change over time, only reverse mode is exact in one pass; where
            it cannot be had, the program is run again from each block on.
        block: how many samples a parameter that changes over time keeps a value for.
        constant: label or path -> value, of widgets that are constants of the program, which
            becomes smaller and faster.
        clip: put values that are outside their range to its ends; otherwise, they are errors.
        check_finite: make outputs and derivatives that are infinite or not a number errors.
        include, libraries: see `fad.transform`.
        surrogate, rules: see `fad.transform`.
        trust: whether the program may use foreign functions that are not the standard ones.
        threads: how many items of a batch run at the same time; by default, as many as there are
            processors. Results do not depend on it.

    Raises:
        FadError: see `fad.transform`; a constant outside its range; a choice that there is not; the
            standard compiler, or the C++ compiler, refuses the program (`EngineError`).
    """
    wrt, include = listed(wrt, "`wrt`"), listed(include, "`include`")
    constant = mapping(constant or {}, "constants")
    frames_of(1.0, rate := whole(rate, "the sample rate"))  # refuses what is no rate
    block = whole(block, "`block`")
    threads = None if threads is None else whole(threads, "`threads`")
    surrogate = listed(surrogate, "`surrogate`")
    refuse_unknown([precision], get_args(NativePrecision), "precision")
    refuse_unknown([backend], ("auto", *get_args(BackendName)), "backend")
    refuse_unknown([mode], get_args(Mode), "mode")
    refuse_unknown(surrogate, KINDS, "surrogate")
    choices = dict(locals())
    del choices["program"]
    # Here, as what reads the program may be another thread, whose line a warning would name.
    return _model(program, choices, backend_for(backend))


def check_choices(names: Iterable[str], function: str) -> None:
    """Checks that `load` takes what another function passes on to it.

    Args:
        names: what it passes on.
        function: its name, which the caller knows.

    Raises:
        TypeError: `load` does not take one of them.
    """
    for name in names:
        if name not in signature(load).parameters:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


@recursive
def _model(
    program: ProgramLike,
    choices: Mapping[str, Any],
    kind: BackendName,
    sounds: Sounds | None = None,
) -> Model:
    """A model.

    Args:
        program: a text, or the path of a file.
        choices: the other arguments of `load`.
        kind: what runs it.
        sounds: the files that it plays; by default, they are read.
    """
    include, rate, precision = (choices[each] for each in ("include", "rate", "precision"))
    front = read(Request(program, include, precision, choices["rules"], choices["libraries"]))
    found = subject(front, choices["wrt"], choices["constant"], choices["surrogate"])
    sounds = sounds_of(found.box, front.folder) if sounds is None else sounds
    units = Units(kind, front, found.widgets, rate, precision, choices["trust"], sounds)
    texts = texts_of(front, [Path(each) for each in include])
    options = Options(*(choices[each.name] for each in fields(Options)))
    again = partial(_loaded, texts, choices, sounds)
    return Model(found, units, options, Threads(choices["threads"]), again)


def _loaded(texts: Texts, choices: Mapping[str, Any], sounds: Sounds, **others: Any) -> Model:
    """A model that has travelled."""
    with TemporaryDirectory(prefix="fad-") as folder:
        texts.write(Path(folder))
        chosen = {**choices, **others, "include": [folder]}
        return _model(texts.source, chosen, backend_for(choices["backend"]), sounds)
