"""The picture of a run: what is in it, and that it can be read."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

import fad
from fad.drawing.picture import Panel, Picture, picture
from fad.drawing.plot import draw, format_of, rendered, require_matplotlib, shortened
from fad.runtime.engine import Engine
from fad.runtime.recording import Recording
from tests.support.programs import COUNTER, LEARNER
from tests.support.recordings import recorded


@pytest.fixture(scope="module")
def learning() -> Recording:
    with Engine() as engine:
        return recorded(
            engine,
            LEARNER,
            seconds=0.05,
            native=False,
            precision="single",
            changes={0.02: {"dc": -0.5}, 0.03: {"rate": 0.02}},
        )


def panels(shown: Picture, kind: str) -> list[Panel]:
    return [panel for s in shown.sections if s.kind == kind for panel in s.panels]


def test_what_the_picture_shows(learning: Recording) -> None:
    shown = picture(learning)
    assert [(s.title, [p.title for p in s.panels]) for s in shown.sections] == [
        ("Parameters", ["gain", "dc"]),
        ("Gradients", ["gain", "dc"]),
        ("Loss", ["loss"]),
        ("Sliders", ["rate"]),
        ("Outputs", ["output 0", "output 1"]),
    ]
    gain, dc = panels(shown, "parameters")
    assert dc.unit == "V" and gain.unit == ""
    assert dc.target is not None and gain.target is not None
    assert sorted(set(dc.target.values)) == [-0.5, 0.2]
    (loss,) = panels(shown, "loss")
    assert loss.is_log and not gain.is_log
    np.testing.assert_allclose(shown.moments, [0.02, 0.03])


def test_meters_of_the_target_have_a_section_of_their_own(engine: Engine) -> None:
    text = (
        'process = *(hslider("gain", 0.5, 0, 1, 0.1)) <: attach(_, abs : hbargraph("level", 0, 1));'
    )
    shown = picture(recorded(engine, fad.estimate(text)))
    assert [panel.title for panel in panels(shown, "parameters")] == ["gain"]
    (meters,) = (section for section in shown.sections if section.kind == "meters")
    assert meters.title == "Bargraphs"
    assert [panel.title for panel in meters.panels] == ["target/level", "level"]


@pytest.mark.parametrize("kept", [18, 12, 8])
@pytest.mark.parametrize(
    "titles",
    [
        [f"equaliser band {i} gain in decibels" for i in range(4)],
        [f"{i} neuron of the hidden layer, weight" for i in range(4)],
        [f"neuron of the hidden layer, weight {i}" for i in range(4)],
    ],
)
def test_what_tells_long_titles_apart_stays(titles: list[str], kept: int) -> None:
    short = [shortened(title, kept, titles) for title in titles]
    assert len(set(short)) == len(titles)
    assert all(len(text) <= kept + 2 and "…" in text for text in short)


def test_titles_that_cannot_be_told_apart_lose_their_middle() -> None:
    assert shortened("abcdefgh", 4, ["abcdefgh", "abcdefgh abcdefgh"]) == "ab…gh"
    assert shortened("abcdefgh", 5) == "abc…gh"


def test_targets_are_found_by_label_or_path(engine: Engine) -> None:
    text = """
        process = vgroup("other", nentry("b", 0.5, 0, 1, 0.1))
            + vgroup("target",
                hslider("b", 0.5, 0, 1, 0.1) + hslider("v:osc 1/level", 0, 0, 1, 0.1))
            + checkbox("v:a/on")
            : hbargraph("b", 0, 1) : hbargraph("osc 1 level", 0, 1) : hbargraph("on", 0, 1);
    """
    at = {"/target/b": 0.1, "/target/osc 1/level": 0.2}
    recording = recorded(engine, text, native=False, precision="single", at=at)
    targets = [panel.target for panel in panels(picture(recording), "parameters")]
    assert [target and target.values[0] for target in targets] == [0.1, 0.2, None]


def test_outputs_are_drawn_from_their_lowest_to_their_highest_sample(learning: Recording) -> None:
    panel = panels(picture(learning), "outputs")[0]
    assert panel.lowest is not None
    assert panel.lowest.min() == learning.outputs[0].min()
    assert panel.curve.values.max() == learning.outputs[0].max()
    assert len(panel.lowest) == len(panel.curve.times) == 1200


def test_the_figure_has_the_curves(learning: Recording) -> None:
    figure = draw(picture(learning))
    gain, dc, *gradients, loss, rate, out, other = figure.axes
    assert len(gradients) == 2
    # The values, the target, and a line at each of the two moments.
    assert [len(axes.lines) for axes in (gain, dc, loss, rate)] == [4, 4, 3, 3]
    np.testing.assert_array_equal(dc.lines[2].get_ydata(), learning.bargraphs["/learning/dc"])
    np.testing.assert_array_equal(dc.lines[3].get_ydata(), learning.sliders["/target/dc"])
    assert (loss.get_yscale(), gain.get_yscale()) == ("log", "linear")
    assert all(axes.get_xlim() == (0, 0.05) for axes in figure.axes)
    assert len(out.collections) == len(other.collections) == 1
    assert {"Parameters", "gain", "dc", "V", "seconds", "target"} <= {
        text.get_text() for text in figure.texts
    }


@pytest.mark.parametrize("count", [1, 4, 7, 20])
def test_panels_and_texts_do_not_overlap(engine: Engine, count: int) -> None:
    labels = [f"parameter with a name {n}" if n % 3 else f"p{n}" for n in range(count)]
    bars = ", ".join(
        f'({123.4567**n % 1000} + no.noise/{10 ** (n % 7)} : hbargraph("{label}[unit:Hz]", 0, 1))'
        for n, label in enumerate(labels)
    )
    target = 'vgroup("target", hslider("p0", 0, 0, 1, 1))'
    text = f'import("stdfaust.lib"); process = {bars} :> _, {target};'
    recording = recorded(engine, text, native=False, precision="single")
    figure = draw(picture(recording))
    assert len(figure.axes) == count + 2
    numbers = [
        text
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for text in axis.get_ticklabels()
        if text.get_visible() and text.get_text()
    ]
    boxes = [text.get_window_extent() for text in (*figure.texts, *numbers)]
    boxes += [axes.get_window_extent().padded(-1) for axes in figure.axes]
    page = figure.bbox
    for number, box in enumerate(boxes):
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert not any(box.overlaps(other) for other in boxes[:number])


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_same_run_gives_the_same_file(learning: Recording, format: str) -> None:
    one, other = (rendered(picture(learning), format) for _ in range(2))
    assert one == other
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[format])
    if format == "png":
        width, height = struct.unpack(">II", one[16:24])
        assert width == 1650 and 1000 < height < 2000


def test_values_that_cannot_be_drawn(engine: Engine) -> None:
    values = ("0", "1e-30", "1e-300", "1e300", "exp(t)", "log(0 - t)", "1/(t - 5)", "1000 + t/1000")
    bars = ", ".join(
        f'({value} : hbargraph("{n} $x_1$[scale:log]", 0, 1))' for n, value in enumerate(values)
    )
    text = f"t = {COUNTER}; process = {bars};"
    recording = recorded(engine, text)
    assert rendered(picture(recording), "png").startswith(b"\x89PNG")


def test_not_more_panels_than_one_can_see(engine: Engine) -> None:
    recording = recorded(engine, "process = par(i, 1000, i);", native=False, precision="single")
    (section,) = picture(recording).sections
    assert (section.title, len(section.panels)) == ("Outputs, the first 40 of 1000", 40)


def test_formats() -> None:
    assert [format_of(path) for path in ("a.png", "b/c.PDF", "x.y.svg")] == ["png", "pdf", "svg"]
    for path in ("a.gif", "a", "png", "-"):
        with pytest.raises(fad.FadError, match=r"`\.png`, `\.svg` or `\.pdf`"):
            format_of(path)


def test_drawing_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    require_matplotlib()
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(fad.FadError, match=r"pip install '\.\[plot\]'"):
        require_matplotlib()
