"""What a fit has found as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from fad.reporting.preset import preset
from tests.reporting.results import match, result, tone


def test_the_parameters_in_their_order_and_the_loss() -> None:
    values = {"/level": 0.5, "/gain": 1 / 3, "/synth/freq": 400.0}
    text = preset(result(parameters=values))
    assert json.loads(text) == {
        "parameters": [
            {"path": "/synth/freq", "value": 400.0},
            {"path": "/gain", "value": 1 / 3},
            {"path": "/level", "value": 0.5},
        ],
        "loss": 0.01,
    }
    assert text == preset(result(parameters=dict(reversed(values.items()))))


def test_a_loss_that_is_no_number_is_null() -> None:
    assert json.loads(preset(result(loss=float("inf"))))["loss"] is None


def test_what_targets_have_of_their_own() -> None:
    one = match(tone(400), tone(400))
    other = replace(one, values={**one.values, "/gain": 0.75}, loss=0.5)
    found = json.loads(preset(result(parameters={"/level": 0.5}, matches=(one, other))))
    assert found["parameters"] == [{"path": "/level", "value": 0.5}]
    assert [each["loss"] for each in found["targets"]] == [0.01, 0.5]
    assert [each["parameters"][1] for each in found["targets"]] == [
        {"path": "/gain", "value": 0.5},
        {"path": "/gain", "value": 0.75},
    ]
