"""Files with several recordings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fad.base.errors import FadError
from fad.base.settings import Settings
from fad.fitting.settings import Setting, SettingsFile, read_settings
from tests.support.places import ROOT

pytest.importorskip("yaml")

NOTHING = Settings({}, {})
LIST = """\
- low.wav
- target: sub/high.wav
  input: dry.wav
  at: {freq: 880, "/env/a t": 1e-3}
  changes:
    0: gate=1
    0.5: {gate: 0, freq: 440}
  midi: /notes.mid
  name: the high one
"""


def read(folder: Path, text: str, name: str = "notes.yaml") -> SettingsFile:
    (folder / name).write_text(text, "utf-8")
    return read_settings(str(folder / name))


def test_a_list(tmp_path: Path) -> None:
    found = read(tmp_path, LIST)
    played = Settings({"freq": 880, "/env/a t": 0.001}, {0: {"gate": 1}, 0.5: {"gate": 0}})
    played.changes[0.5]["freq"] = 440
    assert found == SettingsFile(
        (
            Setting(str(tmp_path / "low.wav")),
            Setting(
                str(tmp_path / "sub/high.wav"),
                str(tmp_path / "dry.wav"),
                played,
                "/notes.mid",
                "the high one",
            ),
        ),
        (),
    )


def test_json_and_texts_as_on_the_command_line(tmp_path: Path) -> None:
    text = """{
\t"separate": ["gain", "/env/*"],
\t"targets": [
\t\t{"target": "a.wav", "at": ["freq=440,gain=0.5", "0.5:gate=1"], "changes": {"0.5": "q=2"}},
\t\t{"target": "b.wav", "at": "1:gate=1"}
\t]
}
"""
    found = read(tmp_path, text, "notes.json")
    assert found.separate == ("gain", "/env/*")
    first, second = (each.played for each in found.settings)
    assert first == Settings({"freq": 440, "gain": 0.5}, {0.5: {"gate": 1, "q": 2}})
    assert second == Settings({}, {1: {"gate": 1}})


def test_what_recordings_have_in_common(tmp_path: Path) -> None:
    text = """\
separate: gain
targets:
  - &first {target: a.wav, at: &at {freq: 440, q: 1}}
  - {<<: *first, target: b.wav}
  - {target: c.wav, at: {<<: *at, q: 2}}
  - {target: d.wav, at: *at}
  - {<<: *first, target: e.wav}
"""
    found = read(tmp_path, text)
    assert found.separate == ("gain",)
    assert [(Path(each.target).name, each.played.start) for each in found.settings] == [
        ("a.wav", {"freq": 440, "q": 1}),
        ("b.wav", {"freq": 440, "q": 1}),
        ("c.wav", {"freq": 440, "q": 2}),
        ("d.wav", {"freq": 440, "q": 1}),
        ("e.wav", {"freq": 440, "q": 1}),
    ]


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = read(tmp_path, example)
    assert found.separate == ("gain",)
    low, high, phrase = found.settings
    assert low.played == Settings({"freq": 110}, {0: {"gate": 1}, 0.5: {"gate": 0}})
    assert high.played == Settings({"freq": 440}, low.played.changes)
    assert high.name == "the high one" and phrase.midi == str(tmp_path / "phrase.mid")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "this is no list of recordings"),
        ("[]", "1:1", "this is no list of recordings"),
        ("just words", "1:1", "this is no list of recordings"),
        ("separate: gain", "1:1", "there is no list of recordings, `targets`"),
        ("targets: {a: b}", "1:10", "this is no list of recordings"),
        ("- [a.wav]", "1:3", "this is no recording"),
        ("- {}", "1:3", "this recording has no `target`"),
        ("- targte: a.wav", "1:3", "did you mean `target`?"),
        ("- target: a.wav\n  quux: 1", "2:3", "there is `target`, `input`"),
        ("- target: [a.wav]", "1:11", "this is no text"),
        ("- target:", "1:10", "this is no text"),
        ("- {target: a.wav, target: b.wav}", "1:19", "`target` is here twice"),
        ("- target: a.wav\n  at: {gain: loud}", "2:14", "`loud` is no number"),
        ("- target: a.wav\n  at: gain", "2:7", "`gain` is no value"),
        ("- target: a.wav\n  at:\n  - 1:gate\n", "3:5", "`gate` is no value"),
        ("- target: a.wav\n  changes: gate=1", "2:12", "these are no times"),
        ("- target: a.wav\n  changes: {now: {gate: 1}}", "2:13", "`now` is no number"),
        ("- target: a.wav\n  changes: {0: gate}", "2:16", "`gate` is no value"),
        ("- target: a.wav\n  at: {[x]: 1}", "2:8", "this is no text"),
        ("- target: 'a.wav", "1:17", "this is no YAML: found unexpected end of stream"),
        ("- target: a.wav\n\tat: x", "2:1", "this is no YAML"),
        ("- \x07", "1:3", "this is no YAML"),
        ("- *a", "1:3", "this is no YAML: found undefined alias 'a'"),
        ("- &a {<<: 3, target: a.wav}", "1:11", "this is no YAML: expected a mapping"),
    ],
)
def test_mistakes_have_places(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(FadError) as caught:
        read(tmp_path, text)
    told = caught.value.render()
    assert told.startswith(f"{tmp_path / 'notes.yaml'}:{place}: error: ")
    assert words in told


def test_files_that_are_no_texts(tmp_path: Path) -> None:
    with pytest.raises(FadError, match="this is no YAML"):
        read(tmp_path, "[" * 600)
    with pytest.raises(FadError, match="this recording has no `target`"):
        read(tmp_path, "- &a {<<: *a}")
    (tmp_path / "notes.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("notes.yaml", "missing.yaml", "."):
        with pytest.raises(FadError, match="cannot read"):
            read_settings(str(tmp_path / name))
