"""What the page asks: a job, a program, files beside it and options, read from JSON."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, get_args

from fad.base.errors import FadError
from fad.base.precision import Precision
from fad.base.prose import either
from fad.base.source import Source
from fad.diagram.order import OrderBy
from fad.differentiation.surrogates import KINDS
from fad.estimation.learning_program import Channels
from fad.syntax.libraries import read_source

#: Makes an argument of the library of a value in JSON; `ValueError` says what it should be.
Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Asked:
    """A request of the page.

    Attributes:
        job: what to do.
        source: the program.
        files: what is beside it: names, in which folders are behind `/` -> texts.
        options: arguments for the job.
    """

    job: str
    source: Source
    files: Mapping[str, str]
    options: Mapping[str, Any]

    @contextmanager
    def here(self) -> Iterator[None]:
        """Makes a folder with the program and its files the current one, for a while.

        So messages call files what the page calls them.
        """
        before = os.getcwd()
        with tempfile.TemporaryDirectory(prefix="fad-page-") as folder:
            for name, text in {**self.files, self.source.name: self.source.text}.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode("utf-8", "surrogatepass"))
            os.chdir(folder)
            try:
                yield
            finally:
                os.chdir(before)

    def file(self, option: str) -> Source | None:
        """The text of the file that an option names, if there is one.

        Raises:
            FadError: there is no such file.
        """
        name = self.options.get(option)
        return None if name is None else read_source(Path(name))

    def arguments(self, *left_out: str) -> dict[str, Any]:
        """The options as arguments, but for some."""
        return {name: value for name, value in self.options.items() if name not in left_out}


def asked(request: str) -> Asked:
    """Reads a request: see docs/architecture.md.

    Raises:
        FadError: it is none, or asks for something that there is not.
    """
    try:
        data = json.loads(request)
    except ValueError as error:
        raise FadError(f"the request is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise FadError("the request is not an object of JSON")
    job = data.get("job")
    if not isinstance(job, str) or job not in OPTIONS:
        raise FadError(f"there is no job `{job}`", hint=f"there is {either(OPTIONS)}")
    name, source = data.get("name", "program.dsp"), data.get("source")
    files, options = data.get("files") or {}, data.get("options") or {}
    if not isinstance(source, str):
        raise FadError("the request has no `source`, the text of a program")
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise FadError("the `files` of a request are names with texts")
    for each in (name, *files):
        _check_name(each)
    if not isinstance(options, dict):
        raise FadError("the `options` of a request are names with values")
    program = Source(name, source, Path(name), is_given=True)
    return Asked(job, program, files, _read(job, options))


def _check_name(name: object) -> None:
    """Makes sure that a name is one of a file in the folder of the request.

    Raises:
        FadError: it is not.
    """
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or not {"..", "/", "//"}.isdisjoint(parts) or "\0" in str(name):
        raise FadError(f"`{name}` is no name of a file beside the program")


def _read(job: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a job as arguments; what is `null` counts as left out."""
    known, found = OPTIONS[job], {}
    for name, value in options.items():
        if name not in known:
            hint = f"there is {either(known)}" if known else None
            raise FadError(f"`{job}` has no option `{name}`", hint=hint)
        if value is not None:
            try:
                found[name] = known[name](value)
            except ValueError as error:
                raise FadError(f"the option `{name}` is {error}") from None
    return found


# -- Readers of options ---------------------------------------------------------------------------


def _of(kind: type | tuple[type, ...], told: str, value: Any) -> Any:
    # In Python, truths are numbers, too.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(told)
    return value


_text: Reader = partial(_of, str, "a text")
_flag: Reader = partial(_of, bool, "`true` or `false`")
_whole: Reader = partial(_of, int, "a whole number")


def _texts(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError("a text, or a list of texts")
    return tuple(listed)


def _number(value: Any) -> float:
    number = _of((int, float), "a number", value)
    if not math.isfinite(number):
        raise ValueError("a number that is finite")
    return float(number)


def _numbers(value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ValueError("names with numbers")
    return {name: _number(each) for name, each in value.items()}


def _one_of(known: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, bool) or value not in known:
        raise ValueError(f"one of {either(map(str, known))}")
    return value


def _kinds(value: Any) -> tuple[Any, ...]:
    return tuple(_one_of(KINDS, kind) for kind in _texts(value))


_order_by: Reader = partial(_one_of, get_args(OrderBy))
_VARIABLES: Mapping[str, Reader] = {"wrt": _texts, "surrogate": _kinds, "rules": _text}
_PRECISION: Mapping[str, Reader] = {"precision": partial(_one_of, get_args(Precision))}
_COMMENTS: Mapping[str, Reader] = {"comments": _flag, "lines": _flag}

#: Job -> its options. Files are named as in the request; other values are those of the library.
OPTIONS: Mapping[str, Mapping[str, Reader]] = MappingProxyType(
    {
        "parameters": {**_PRECISION, "order_by": _order_by},
        "transform": {
            **_VARIABLES,
            **_PRECISION,
            **_COMMENTS,
            "only": partial(_one_of, ("all", "tangents", "primal")),
            "order": partial(_one_of, (1, 2)),
            "direction": _numbers,
            "order_by": _order_by,
        },
        "reverse": {
            **_VARIABLES,
            **_PRECISION,
            "direction": _numbers,
            "order_by": _order_by,
        },
        "expand": {**_PRECISION, **_COMMENTS, "order_by": _order_by},
        "learn": {
            **_PRECISION,
            "model": _text,
            "wrt": _texts,
            "freeze": _texts,
            "start": _numbers,
            "loss": _text,
            "window": _whole,
            "optimizer": _text,
            "rate": _number,
            "schedule": _texts,
            "clip": _number,
            "input": _text,
            "restart": _number,
            "outputs": partial(_one_of, get_args(Channels)),
            "order_by": _order_by,
            "rules": _text,
        },
        "explain": {**_VARIABLES, "order_by": _order_by, "lines": _flag},
        "check": {
            **_VARIABLES,
            "order_by": _order_by,
            "seconds": _number,
            "rate": _whole,
            "at": _numbers,
            "points": _whole,
            "seed": _whole,
        },
        "diagram": {**_VARIABLES, "which": partial(_one_of, ("source", "dual"))},
    }
)
