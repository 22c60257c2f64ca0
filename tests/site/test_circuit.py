"""The learning circuit of the first page learns as the program that fad writes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest

import fad
from tests.site.scripts import SITE, script

circuit: Any = script("circuit")

NODE = shutil.which("node")
#: Runs the learner of the page, and prints what it has after each sample.
RUN = """
const { Learner } = await import(process.argv[1]);
const learner = new Learner();
const steps = JSON.parse(process.argv[2]);
console.log(JSON.stringify(steps.map((hidden) => {
  learner.step(hidden);
  return [learner.pole, learner.loss, learner.gradient];
})));
"""


@pytest.mark.skipif(NODE is None, reason="there is no node")
def test_the_learner_of_the_page_is_the_learning_program() -> None:
    # So short that the recording has every sample. What is hidden comes near what is learnt.
    run = fad.run(
        fad.estimate(circuit.PROGRAM),
        seconds=3500 / 44100,
        at={"/target/pole": 0.4},
        changes={2500 / 44100: {"/target/pole": 0.2}},
    )
    assert run.frames == len(run.times) == 3500
    hidden = run.sliders["/target/pole"]
    words = [str(NODE), "--input-type=module", "-e", RUN]
    words += [(SITE / "landing" / "learner.js").as_uri(), json.dumps(hidden.tolist())]
    made = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    assert made.returncode == 0, made.stderr
    poles, losses, gradients = np.asarray(json.loads(made.stdout)).T
    assert np.ptp(poles) > 0.1
    np.testing.assert_allclose(poles, run.bargraphs["/learning/pole/pole"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(losses, run.bargraphs["/loss"], rtol=0, atol=1e-12)
    # The program's meter is behind the step that goes back: it shows a sample later.
    shown = run.bargraphs["/gradients/pole"]
    np.testing.assert_allclose(gradients[:-1], shown[1:], rtol=0, atol=1e-12)


def test_the_run_on_the_page_finds_each_hidden_value() -> None:
    run = circuit.record()
    learnt = run.bargraphs["/learning/pole/pole"]
    ends = (np.arange(1, len(circuit.VALUES) + 1) * circuit.EACH)[:, None]
    late = (run.times > ends - 0.02) & (run.times < ends)
    for value, chosen in zip(circuit.VALUES, late, strict=True):
        assert learnt[chosen] == pytest.approx(value, abs=0.01)

    curves = circuit.texts(run)
    for name, values in {"learnt": learnt, "hidden": run.sliders["/target/pole"]}.items():
        points = [tuple(map(float, each.split())) for each in curves[name][1:].split("L")]
        x, y = np.asarray(points).T
        expected = np.interp(x, run.times / run.times[-1] * 440, 420 - values / 0.99 * 82)
        off = np.abs(y - expected)
        # The hidden value jumps between two points.
        assert (off > 0.5).sum() <= (len(circuit.VALUES) if name == "hidden" else 0)


def test_the_page_has_all_it_asks_for() -> None:
    page = (SITE / "landing" / "index.html").read_text("utf-8")
    asked = set(re.findall(r"\{\{(\w+)\}\}", page))
    assert asked == set(circuit.texts(circuit.record()))
