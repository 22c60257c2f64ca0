"""Programs that several test files use."""

from __future__ import annotations

GAIN = 'gain = hslider("gain", 0.5, 0, 1, 0.01);\nprocess = *(gain);\n'
AMPLIFIER = 'process = _*hslider("v:amp/gain", 0.5, 0, 1, 0.01);'
COUNTER = "+(1) ~ _"
SYNTH = """
freq = hslider("freq [unit:Hz] [scale:log]", 440, 20, 2000, 1);
gain = vslider("gain", 0.5, 0, 1, 0.01);
gate = button("gate");
process = vgroup("synth", _,_ : *(gain), _*sin(freq*0.001)*(1 + gate));
"""
SHAPE = """
rate = 0.001;
gain = hslider("gain", 0.5, 0, 1, 0.01);
steps = nentry("steps", 4, 1, 8, 1);
smooth = *(1 - rate) : + ~ *(rate);
shape(x) = sin(x*gain) + x*x*x*rate;
process = smooth : shape : *(int(steps));
"""
#: A program that learns a gain and an offset: its gradients are 2*error*x and 2*error.
LEARNER = """
import("stdfaust.lib");
target(x) = vgroup("target", x*hslider("gain", 0.8, 0, 1, 0.01)
    + hslider("dc[unit:V]", 0.2, -1, 1, 0.01));
rate = hslider("rate", 0.01, 0, 0.1, 0.001);
loss(x, gain, dc) = (x*gain + dc - target(x))^2;
shown(l, dgain, dc) = attach(dgain, l : hbargraph("loss", 0, 1)), dc
    : vgroup("gradients", (hbargraph("gain", -1, 1), hbargraph("dc", -1, 1)));
step(x, gain, dc) = fad(loss(x, gain, dc), (gain, dc)) : shown : down(gain), down(dc);
down(old) = *(rate) : old - _;
process = no.noise : \\(x).(step(x) ~ (_, _))
    : vgroup("learning", (hbargraph("gain", 0, 1), hbargraph("dc", -1, 1)));
"""
