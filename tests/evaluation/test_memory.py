"""What a program leaves behind in a process that goes on: nothing."""

import gc
import weakref

import pytest

from fad.diagram.box import Slider, postorder
from fad.pipeline.front import Request, read

LEVEL = 'level = hslider("level of one program", 0.5, 0, 1, 0.01);'


@pytest.mark.parametrize(
    "process",
    [
        "scaled, scaled",
        "_ <: (scaled, _)",
        'vgroup("mixer", scaled)',
        "scaled : +(1)",
    ],
)
def test_no_diagram_outlives_its_program(process: str) -> None:
    """Also where a function closes over the definition that it is a part of."""
    slider = _slider(f"{LEVEL} scaled(x) = x*level; process = {process};")
    gc.collect()
    assert slider() is None


def _slider(text: str) -> weakref.ref[Slider]:
    process = read(Request(text)).evaluated().process
    (slider,) = (part for part in postorder(process) if isinstance(part, Slider))
    return weakref.ref(slider)
