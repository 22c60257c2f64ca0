"""Losses by their names."""

from __future__ import annotations

import numpy as np
import pytest

from fad import losses
from fad.base.errors import FadError
from fad.fitting.loss_names import NAMES, loss_of
from fad.losses import Loss

RATE = 44100


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("mss", losses.mss()),
        (" mss ( 2048 , 512 ) ", losses.mss((2048, 512))),
        (
            "mss(512, linear=0, log=0, sqrt=1, squared=1)",
            losses.mss((512,), linear=0, log=0, sqrt=1, squared=True),
        ),
        ("roots(512)", losses.mss((512,), linear=0, log=0, sqrt=1, squared=True)),
        (
            "roots(512, floor=0.3)",
            losses.mss((512,), linear=0, log=0, sqrt=1, squared=True, floor=0.3),
        ),
        ("waveform", losses.l2()),
        ("l1+l2", losses.l1() + losses.l2()),
        ("mss+0.1*envelope", losses.mss() + 0.1 * losses.envelope()),
        ("envelope(256)*2e-1 + .5*esr", 0.2 * losses.envelope(256) + 0.5 * losses.esr()),
        ("mel(1024, bands=32, log=2)", losses.mel(RATE, 32, (1024,), log=2)),
        ("transport(4096) + dc()", losses.transport((4096,)) + losses.dc()),
    ],
)
def test_a_text_means_a_loss(text: str, loss: Loss) -> None:
    assert loss_of(text, RATE) == loss


def test_every_name_is_a_loss() -> None:
    sounds = np.random.default_rng(0).uniform(-1, 1, (2, 1, 3000))
    for name in NAMES:
        assert loss_of(name, RATE)(*sounds) > 0


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "expected the name of a loss, not the end"),
        ("mss+", "1:5", "expected the name of a loss, not the end"),
        ("mss esr", "1:5", "expected `+` and another loss, or the end, not `esr`"),
        ("-1*mss", "1:1", "expected the name of a loss, not `-`"),
        ("2 mss", "1:3", "expected `*` and the name of a loss, not `mss`"),
        ("mss*esr", "1:5", "expected a weight, not `esr`"),
        ("mss + envelop", "1:7", "did you mean `envelope`?"),
        ("quux", "1:1", "there is `mss`, `waveform`"),
        ("mss(2048", "1:9", "expected `,` or `)`, not the end"),
        ("mss(2048, loud=1)", "1:11", "there is no option of `mss` `loud`"),
        ("mss(log=1, log=2)", "1:12", "expected an option that was not given yet"),
        ("mss(log 1)", "1:9", "expected `=` and a number, not `1`"),
        ("mss(12.5)", "1:5", "a whole number, not 12.5"),
        ("mel(bands=0.5)", "1:11", "a whole number"),
        ("esr + mss(6)", "1:7", "window"),
        ("envelope(64, 32)", "1:14", "`envelope` has one window"),
        ("esr(64)", "1:5", "`esr` has no windows"),
        ("l1 + mss(linear=0,log=0)", "1:6", "at least one weight"),
        ("mss" + "(" * 2000, "1:5", "expected a window in samples, or an option, not `(`"),
        ("1e999*mss", "1:1", "too large"),
        ("mss(1e999)", "1:5", "too large"),
    ],
)
def test_what_is_no_loss_has_a_place(text: str, place: str, words: str) -> None:
    with pytest.raises(FadError) as caught:
        loss_of(text, RATE)
    told = caught.value.render()
    assert told.startswith(f"--loss:{place}: error: ")
    assert words in told
