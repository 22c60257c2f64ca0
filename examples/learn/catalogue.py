"""The learning examples: which program learns from which, and what it has to find.

They are told in `catalogue.json`: the playground reads them, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Judge = Literal["parameters", "curve", "labels"]


@dataclass(frozen=True)
class Example:
    """A target program and how it is learnt.

    Attributes:
        name: of the target, without `.dsp`.
        title: what is learnt, in a few words.
        hidden: the target's sliders, label -> value: where they start, and after each change.
        seconds: the time from one change to the next.
        model: the name of the program whose parameters are learnt; the target itself by default.
        data: the name of the program that makes what is heard, with what is to be matched; its
            sliders are the hidden ones, and `name` is the model.
        options: of `fad.estimate`, where they are not the usual ones.
        tolerance: how near counts as learnt, in ranges of a parameter.
        judged_by: what counts: `parameters`; or, as parameters are not unique, the `curve` that is
            heard: the error is the RMS of the difference, over that of the target; or `labels`:
            the error is the share of the wrong ones.
    """

    name: str
    title: str
    hidden: Sequence[Mapping[str, float]]
    seconds: float = 2.0
    model: str = ""
    data: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float = 0.01
    judged_by: Judge = "parameters"


EXAMPLES = tuple(
    Example(**told) for told in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
)
