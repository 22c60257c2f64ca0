"""The report of a fit: that it is a page, that it shows what was found, and nobody else's code."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import fad.reporting
from fad.fitting.result import Attempt, FitResult, Moment
from fad.reporting import audible
from fad.reporting.preset import preset
from fad.reporting.report import report
from fad.reporting.spectral_pictures import LEVEL_COLOURS
from tests.reporting.results import FREQUENCY, GAIN, RATE, SOURCE, match, result, sensitivity, tone

COMMAND = "fad fit sine.dsp recording.wav --seed 7"
EMPTY = ("img", "meta", "link", "br", "hr", "input", "wbr", "path")
SCRIPT = Path(fad.reporting.__path__[0], "report.js").read_text("utf-8")

# -- Reading pages -------------------------------------------------------------------------------


@dataclass
class Element:
    """An element of a page, and the text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The elements of a page, in the order of their beginnings; they close in order."""

    html: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), "an attribute is there twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """The elements with a tag, and with some attributes."""
        return [
            each
            for each in self.elements
            if each.tag == tag and attributes.items() <= each.attributes.items()
        ]

    def text_of(self, tag: str) -> str:
        """The text in the only element with a tag, with spaces as they are shown."""
        (found,) = self.all(tag)
        return re.sub("[ \n]+", " ", found.text).strip()


def page(command: str = COMMAND, **changes: Any) -> Page:
    return Page(report(result(**changes), command))


def content(address: str, kind: str) -> bytes:
    head, _, body = address.partition(",")
    assert head == f"data:{kind};base64"
    return base64.b64decode(body, validate=True)


def sounds(found: Page) -> dict[str, NDArray[np.float64]]:
    """Title -> samples, of shape (channels, frames), of the first match."""
    heard = {}
    for each in found.all("audio")[:3]:
        kind = each.attributes["src"].partition(";")[0].removeprefix("data:")
        file = io.BytesIO(content(each.attributes["src"], kind))
        samples, rate = soundfile.read(file, always_2d=True)
        assert rate == RATE
        heard[each.attributes["data-name"]] = samples.T
    return heard


def pictures(found: Page) -> list[NDArray[np.uint8]]:
    """Red, green and blue of the pictures, of shape (rows, columns, 3), by another decoder."""
    image = pytest.importorskip("matplotlib.image")
    files = [content(each.attributes["src"], "image/png") for each in found.all("img")]
    return [(255 * image.imread(io.BytesIO(file))[..., :3]).round().astype("u1") for file in files]


# -- A page --------------------------------------------------------------------------------------

PAGES: dict[str, dict[str, Any]] = {
    "usual": {},
    "no attempts": {"attempts": (), "evaluations": 0},
    "dropped attempts": {
        "attempts": (Attempt({}, {}, np.inf, (Moment(1, "a", np.nan),), "NaN on the way"),),
    },
    "an attempt without history": {"attempts": (Attempt({}, {}, 0.5, (), "left out"),)},
    "a loss of zero": {
        "loss": 0.0,
        "attempts": (
            Attempt({}, {}, 0.0, tuple(Moment(i, "a", float(2 - i)) for i in range(3)), "reached"),
        ),
    },
    "extreme losses": {
        "start_loss": 1e308,
        "loss": 1e-300,
        "attempts": (Attempt({}, {}, 1.0, (Moment(0, "a", 1e99), Moment(0, "a", 1e-300)), "x"),),
    },
    "infinite losses": {"start_loss": np.inf, "loss": np.nan},
    "no sensitivity": {"sensitivity": None},
    "infinite errors": {"sensitivity": sensitivity(errors=np.full(3, np.inf), sizes=np.zeros(3))},
    "no numbers": {
        "sensitivity": sensitivity(errors=np.full(3, np.nan), correlations=np.full((3, 3), np.nan))
    },
    "no parameters": {"parameters": {}, "variables": (), "sensitivity": None},
    "no width": {"variables": (replace(GAIN, min=0.5, max=0.5, init=0.5),)},
    "outside": {"parameters": {"/synth/freq": 5000.0, "/gain": -1.0, "/level": 0.5}},
    "no targets": {"matches": ()},
    "silence": {"matches": (match(np.zeros((1, 800)), np.zeros((1, 800))),)},
    "silent target": {"matches": (match(np.zeros((1, 800)), tone(400)),)},
    "one sample": {"matches": (match(np.ones((1, 1)), np.zeros((1, 1))),)},
    "a few samples": {"matches": (match(tone(400, 5), tone(420, 5)),)},
    "no samples": {"matches": (match(np.zeros((1, 0)), np.zeros((1, 0))),)},
    "no channels": {"matches": (match(np.zeros((0, 100)), np.zeros((0, 100))),)},
    "other lengths": {"matches": (match(tone(400, 300), tone(400, 800)),)},
    "not finite": {
        "matches": (match(tone(400), tone(400) * [[np.nan] * 400 + [np.inf] * 400]),),
    },
    "exploded": {"matches": (match(tone(400), 1e308 * tone(400)),)},
    "strange rates": {"rate": 3},
    "high rates": {"rate": 5_000_000},
    "stopped": {"ending": "stopped", "message": "it was interrupted"},
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", PAGES)
def test_a_page_is_well_formed_and_needs_nothing_else(case: str) -> None:
    found = page(**PAGES[case])
    identities = [each.attributes["id"] for each in found.elements if "id" in each.attributes]
    assert len(set(identities)) == len(identities)
    for each in found.elements:
        label = each.attributes.get("aria-labelledby")
        assert label is None or label in identities
        for name in ("src", "href", "data", "srcset", "action", "poster"):
            assert each.attributes.get(name, "data:").startswith("data:")
    assert all(each.attributes["alt"] for each in found.all("img"))
    assert all(each.attributes["aria-label"] for each in found.all("audio"))
    assert all(each.attributes["aria-label"] for each in found.all("svg"))
    assert all(each.attributes["scope"] for each in found.all("th"))
    for each in found.all("path"):
        assert "nan" not in each.attributes["d"] and "inf" not in each.attributes["d"]
    style = found.text_of("style")
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"\b(nan|inf)\b", found.text_of("main"), re.IGNORECASE)


def test_the_same_result_gives_the_same_bytes() -> None:
    assert report(result(), COMMAND) == report(result(), COMMAND)


def test_what_was_found_is_told_in_a_sentence() -> None:
    found = page()
    assert found.text_of("h1") == "sine.dsp as recording.wav"
    (lead,) = found.all("p", **{"class": "lead"})
    assert lead.text.startswith(
        "The loss went from 1 to 0.01, 100 times smaller, in 1.5\u202fs and 5 runs of the program "
        "from 2 starts."
    )
    facts = found.text_of("dl")
    assert "mss: freq reaches an oscillator" in facts
    assert "Endedno step makes the loss smaller" in facts


def test_it_says_that_a_fit_was_stopped() -> None:
    assert "Endedearly: the time is up" in page(ending="limit", message="the time is up").text_of(
        "dl"
    )


def test_warnings_are_there() -> None:
    (warnings,) = page(warnings=("`a` is silent", "b")).all("aside")
    assert re.sub(r"\s+", " ", warnings.text).strip() == "Warnings a is silent b"
    assert not page().all("aside")


def test_the_command_the_program_and_the_preset_are_there() -> None:
    found = page()
    command, source = (each.text for each in found.all("pre"))
    assert (command, source) == (COMMAND, SOURCE)
    saved = {
        each.attributes["download"]: unquote(each.attributes["href"].partition(",")[2])
        for each in found.all("a")
    }
    assert saved == {"fitted.dsp": SOURCE, "preset.json": preset(result())}


# -- Strangers' names ----------------------------------------------------------------------------

EVIL = (
    "</title></style></code></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&$x"
)
TURNED = "a\u202eb\x1b[31m\x00\ud800"


def hostile(text: str) -> FitResult:
    """A result in which every text is the same."""
    freq = replace(FREQUENCY, path=f"/{text}", label=text, unit=text)
    gain = replace(GAIN, path=f"/a/{text}", unit=text)
    values = {freq.path: 400.0, gain.path: 0.5}
    named = match(tone(400), tone(420), values={**values, f"/own/{text}": 1.0})
    named = replace(named, target=replace(named.target, name=text))
    attempt = Attempt(values, values, 0.01, (Moment(1, text, 1.0), Moment(2, text, 0.5)), text)
    correlated = np.ones((2, 2))
    known = sensitivity(
        paths=tuple(values), sizes=np.ones(2), errors=np.ones(2) / 9, correlations=correlated
    )
    return result(
        parameters=values,
        variables=(freq, gain),
        message=text,
        loss_name=text,
        reason=text,
        attempts=(attempt,),
        sensitivity=known,
        matches=(named, named),
        warnings=(text,),
        source=text,
        program=text,
    )


def test_no_name_is_code() -> None:
    found, harmless = Page(report(hostile(EVIL), EVIL)), Page(report(hostile("x"), "x"))
    expected = [each.tag for each in harmless.elements if each.tag != "code"]
    assert [each.tag for each in found.elements if each.tag != "code"] == expected
    assert [each.text for each in found.all("script")] == [SCRIPT]
    assert EVIL in found.text_of("h1") and EVIL in found.text_of("title")
    assert all(EVIL in each.text for each in found.all("pre"))
    assert not any(name.startswith("on") for each in found.elements for name in each.attributes)


def test_only_our_own_script_may_run() -> None:
    (policy,) = page().all("meta", **{"http-equiv": "Content-Security-Policy"})
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.attributes["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert rules["img-src"] == rules["media-src"] == "data:"


def test_characters_that_do_not_print_are_shown() -> None:
    text = report(hostile(TURNED), TURNED)
    text.encode("utf-8")
    assert not {"\u202e", "\x1b", "\x00"} & set(text)
    assert "a\\u202eb\\u001b[31m\\u0000\\ud800" in Page(text).text_of("h1")


# -- Sounds --------------------------------------------------------------------------------------


def test_target_fit_and_start_can_be_heard() -> None:
    heard = sounds(page())
    expected = {"Target": tone(400), "Fit": tone(420), "Start": tone(420) / 2}
    assert list(heard) == list(expected)
    for title, samples in expected.items():
        np.testing.assert_allclose(heard[title], samples, atol=2.0**-15)


def test_sounds_that_would_be_clipped_are_softer_together() -> None:
    found = page(matches=(match(tone(400, gain=0.5), tone(400, gain=2.0)),))
    heard = sounds(found)
    np.testing.assert_allclose(heard["Target"], tone(400, gain=0.25), atol=2.0**-15)
    np.testing.assert_allclose(heard["Fit"], tone(400, gain=1.0), atol=2.0**-14)
    assert "All are played 6\u202fdB softer" in found.text_of("main")


def test_a_fit_that_is_much_too_loud_leaves_the_target_audible() -> None:
    heard = sounds(page(matches=(match(tone(400), 1e6 * tone(400)),)))
    np.testing.assert_allclose(heard["Target"], tone(400) / 10, atol=2.0**-15)


def test_a_start_that_is_too_loud_is_clipped_alone() -> None:
    loud = replace(match(tone(400), tone(400)), start=100 * tone(400))
    heard = sounds(page(matches=(loud,)))
    np.testing.assert_allclose(heard["Target"], tone(400), atol=2.0**-15)
    np.testing.assert_allclose(heard["Start"], np.clip(50 * tone(400, gain=1), -1, 1), atol=1e-4)


def test_what_is_no_number_is_silent() -> None:
    broken = tone(400)
    broken[0, 100:200] = np.nan
    found = page(matches=(match(tone(400), broken),))
    np.testing.assert_allclose(sounds(found)["Fit"], np.nan_to_num(broken), atol=2.0**-15)
    assert "silent where samples are infinite or not numbers" in found.text_of("main")


def test_two_channels_of_many_are_played() -> None:
    many = np.concatenate([tone(400), tone(500), tone(600)])
    found = page(matches=(match(many, many),))
    np.testing.assert_allclose(sounds(found)["Target"], many[:2], atol=2.0**-15)
    assert "channels 1 and 2 of 3" in found.text_of("main")


def test_a_long_sound_is_compressed() -> None:
    long = tone(400, 11 * RATE)
    found = page(matches=(match(long, long),))
    heard = sounds(found)["Target"]
    assert found.all("audio")[0].attributes["src"].startswith("data:audio/ogg;")
    assert heard.shape == long.shape
    assert np.corrcoef(heard[0], long[0])[0, 1] > 0.99


def test_a_very_long_sound_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audible, "LONGEST", 0.05)
    found = page()
    assert sounds(found)["Target"].shape == (1, RATE // 20)
    assert "the first 0.05 seconds" in found.text_of("main")


# -- Pictures ------------------------------------------------------------------------------------


def test_the_pictures_show_where_the_tones_are() -> None:
    lightest = [int(part, 16) for part in re.findall("..", LEVEL_COLOURS[-1][1:])]
    target, fit, start, _ = pictures(page(matches=(match(tone(400), tone(1600)),)))
    for shown, frequency in ((target, 400), (fit, 1600), (start, 1600)):
        # The axis goes by ratios, from 40 Hz to half the sample rate.
        height = np.log(frequency / 40) / np.log(RATE / 2 / 40)
        row = int((1 - height) * len(shown))
        middle = shown.astype(int).sum(axis=2)[:, shown.shape[1] // 2]
        assert abs(int(middle.argmax()) - row) <= 4
    assert (target == lightest).all(axis=2).any()
    assert start.astype(int).sum() < fit.astype(int).sum()


def test_the_difference_says_which_one_is_louder() -> None:
    def shown(sound: NDArray[np.float64]) -> NDArray[np.int_]:
        return pictures(page(matches=(match(tone(400), sound),)))[3].astype(int)

    softer, same, louder = shown(tone(400) / 8), shown(tone(400)), shown(8 * tone(400))
    assert (same == same[0, 0]).all() and same.max() < 40
    red, blue = 0, 2
    assert (softer - softer[..., ::-1])[..., blue].max() > 60
    assert (louder - louder[..., ::-1])[..., red].max() > 60


def test_how_far_the_spectra_are_apart() -> None:
    """Twice as loud is 6.02 dB, wherever both are heard."""
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, (1, 4000))
    found = page(matches=(match(noise, 2 * noise, start=noise),))
    (lead,) = found.all("p", **{"class": "lead"})
    assert "are 6\u202fdB apart on the average; they were less than 0.01\u202fdB" in lead.text


# -- Parameters ----------------------------------------------------------------------------------


def test_the_table_of_the_parameters() -> None:
    rows = {each.text for each in page().all("tr", role="row")[1:]}
    assert {text[: text.index("known")] for text in rows} == {
        "/synth/freq400\u202fHzat the start 500\u202fHz1001600\u202fHzwell ",
        "/gain0.5at the start 0.2501well ",
        "/level0.5at the start 0.501well ",
    }


def test_the_bars_go_by_the_scale() -> None:
    """400 Hz is two octaves of the four from 100 Hz to 1600 Hz."""
    found = page()
    marks = [each for each in found.all("i", **{"class": "is"}) if "style" in each.attributes]
    assert [each.attributes["style"] for each in marks] == ["left:50.00%"] * 3
    bands = [each for each in found.all("i", **{"class": "band"}) if "style" in each.attributes]
    assert [each.attributes["style"] for each in bands] == ["left:49.80%;width:0.40%"] * 3
    # 0.2 % of the range is 0.2 % of four octaves: 2.2 Hz at 400 Hz.
    assert "± 2.2\u202fHz" in found.text_of("main")


def test_what_the_recording_says_nothing_about() -> None:
    known = sensitivity(sizes=np.array([1, 0, 0.1]), errors=np.array([0.002, np.inf, 0.3]))
    rows = [each.text for each in page(sensitivity=known).all("tr", role="row")[1:]]
    assert "the recording says nothing about it" in rows[1]
    assert "hardly known, ± 0.3" in rows[2]
    both = page(sensitivity=known, matches=(match(tone(400), tone(400)),) * 2)
    assert "the recordings say nothing about it" in both.text_of("main")


def test_what_trades_against_what() -> None:
    correlations = np.array([[1, 0, 0.97], [0, 1, -1], [0.97, -1, 1]])
    rows = page(sensitivity=sensitivity(correlations=correlations)).all("tr", role="row")[1:]
    freq, gain, level = (each.text for each in rows)
    assert "trades against level: they rise and fall together" in freq
    assert "known only together with others" in gain and "±" not in gain
    assert "trades against level: one rises where the other falls" in gain
    assert "trades against freq" in level and "trades against gain" in level


def test_a_value_at_an_end_of_its_range() -> None:
    ended = page(parameters={"/synth/freq": 100.0, "/gain": 1.0, "/level": 0.5})
    freq, gain, level = (each.text for each in ended.all("tr", role="row")[1:])
    assert "at the low end of its range" in freq
    assert "at the high end of its range" in gain
    assert "end of its range" not in level


# -- Several targets -----------------------------------------------------------------------------


def test_each_target_has_a_section_and_few_are_open() -> None:
    matches = tuple(match(tone(f, 80), tone(f, 80)) for f in range(300, 900, 20))
    found = page(matches=matches)
    sections = found.all("details", **{"class": "match"})
    assert found.text_of("h1") == "sine.dsp as 30 recordings"
    assert len(sections) == 24 and "The 6 recordings after these" in found.text_of("main")
    assert ["open" in each.attributes for each in sections] == [True] * 2 + [False] * 22


def test_separate_parameters_are_with_their_targets() -> None:
    first, second = match(tone(200), tone(200)), match(tone(800), tone(800))
    matches = (
        replace(first, values={**first.values, "/synth/freq": 200.0}),
        replace(second, values={**second.values, "/synth/freq": 800.0}),
    )
    found = page(parameters={"/gain": 0.5, "/level": 0.5}, matches=matches)
    one, two = (each.text for each in found.all("details", **{"class": "match"}))
    assert "For this recording: /synth/freq 200." in one
    assert "For this recording: /synth/freq 800." in two
    marks = [each for each in found.all("i", **{"class": "is"}) if "style" in each.attributes]
    assert [each.attributes["style"] for each in marks[:2]] == ["left:25.00%", "left:75.00%"]


# -- The search ----------------------------------------------------------------------------------


def test_each_phase_has_a_panel_with_the_best_attempt_on_top() -> None:
    found = page()
    coarse, fine = found.all("svg")
    assert coarse.attributes["aria-label"] == "Loss coarse of 2 starts, logarithmic"
    assert fine.attributes["aria-label"] == "Loss fine of 2 starts, logarithmic"
    kinds = [each.attributes["class"] for each in found.all("path")]
    assert kinds == ["grid", "dots", "best", "grid", "dots", "best dots"]


def test_what_became_of_each_start() -> None:
    rows = [each.text for each in page().all("tr") if "role" not in each.attributes][1:]
    assert rows == ["10.01converged", "20.03its steps are tiny"]
