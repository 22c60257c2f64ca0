"""Programs that the tests of models share: each is compiled once."""

from __future__ import annotations

from functools import cache

from fad.model.loading import load
from fad.model.model import Model

#: A filter that is driven, with a gate, a meter, and a slider that does nothing.
FILTER = """
cutoff = hslider("cutoff[scale:log][unit:Hz]", 0.2, 0.05, 0.8, 0.001);
drive = hslider("drive", 1, 0.1, 4, 0.01);
gate = button("gate");
nothing = hslider("nothing", 0, 0, 1, 0.1);
filter = *(cutoff) : + ~ *(1 - cutoff);
meter = hbargraph("m", -1, 1);
process = *(drive) : filter : atan : *(0.5 + gate) : +(0*nothing) <: _, (mem : meter : *(0.3));
"""
#: A synthesizer: no inputs; two sliders with one label.
SYNTH = """
tone(f) = f/ma.SR : (+ : \\(x).(x - floor(x))) ~ _ : *(6.28318) : sin;
ma = library("maths.lib");
process = hgroup("a", tone(freq)*gain), hgroup("b", tone(2*freq)*gain) :> _
with {
    freq = hslider("freq", 440, 50, 2000, 1);
    gain = hslider("gain", 0.5, 0, 1, 0.01);
};
"""
#: Reverse mode refuses it: it writes to a table that a derivative passes.
TABLE = """
gain = hslider("gain", 0.5, 0, 1, 0.01);
pole = hslider("pole", 0.5, 0, 0.9, 0.01);
process = *(gain) : + ~ *(pole) : \\(x).(rwtable(64, 0.0, c, x*x, c))
with {
    c = 1 : + ~ _ : %(64) : int;
};
"""
#: Sliders in groups, those of the diagram and those of a label; reverse mode refuses it as well.
GROUPED = """
gain = hgroup("amp", hslider("gain", 0.5, 0, 1, 0.01));
pole = vgroup("a", hslider("../h:b/pole", 0.5, 0, 0.9, 0.01));
process = *(gain) : + ~ *(pole) : \\(x).(rwtable(64, 0.0, c, x*x, c))
with {
    c = 1 : + ~ _ : %(64) : int;
};
"""
RATE, BLOCK = 8000, 16


@cache
def model(text: str, wrt: tuple[str, ...] = (), native: bool = True, **choices: object) -> Model:
    """A model in double precision."""
    backend = "native" if native else "interpreter"
    settings = {"rate": RATE, "precision": "double", "block": BLOCK, **choices}
    return load(text, wrt=wrt, backend=backend, **settings)  # type: ignore[arg-type]
