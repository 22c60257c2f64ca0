"""Block diagrams of a program and its dual, and the page that shows them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

import fad
from fad.base.errors import EngineError, OutputError
from fad.drawing.block_diagrams import tidied, write_diagrams
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.places import ROOT
from tests.support.programs import GAIN

LOWPASS = ROOT / "examples" / "lowpass.dsp"

HREF = "{http://www.w3.org/1999/xlink}href"

VOID = ("meta", "br", "img", "link", "input", "hr")


class Page(HTMLParser):
    """A page's elements with their attributes and texts; it fails on tags that do not nest."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(path.read_text("utf-8"))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.texts[tag][-1] += data

    @property
    def links(self) -> list[str]:
        return [
            str(value)
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name in ("href", "src")
        ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def lowpass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The diagrams of a filter of the libraries, and of its dual."""
    folder = tmp_path_factory.mktemp("diagrams") / "lowpass"
    write_diagrams(LOWPASS, folder, dual=True)
    return folder


# -- What is in the folder --------------------------------------------------------------------


def test_the_folder_has_a_page_and_both_diagrams(lowpass: Path) -> None:
    assert names(lowpass) == ["dual", "index.html", "source"]
    assert names(lowpass.parent) == ["lowpass"]
    assert {"process.svg", "lowpass.svg", "tf2s.svg"} <= set(names(lowpass / "source"))
    assert {"process.svg", "fc.svg", "mul.svg"} <= set(names(lowpass / "dual"))


def test_every_link_of_a_diagram_leads_to_another_one(lowpass: Path) -> None:
    for path in lowpass.glob("*/*.svg"):
        links = {link.attrib[HREF] for link in ET.parse(path).iter() if HREF in link.attrib}
        assert links <= set(names(path.parent))
        assert path.name == "process.svg" or links, "no way back"


def test_every_diagram_is_one_that_browsers_take(lowpass: Path) -> None:
    for path in lowpass.glob("*/*.svg"):
        assert path.read_text("utf-8").startswith('<?xml version="1.0"?>\n<svg ')


def test_every_diagram_can_be_reached(lowpass: Path) -> None:
    for folder in (lowpass / "source", lowpass / "dual"):
        reached = ["process.svg"]
        for name in reached:  # grows
            links = re.findall(r'xlink:href="([^"]*)"', (folder / name).read_text("utf-8"))
            reached += [link for link in dict.fromkeys(links) if link not in reached]
        assert sorted(reached) == names(folder)


def test_the_page_shows_both_programs_and_needs_nothing_else(lowpass: Path) -> None:
    page = Page(lowpass / "index.html")

    assert all((lowpass / link).is_file() for link in page.links)
    frames = [attributes["src"] for tag, attributes in page.elements if tag == "iframe"]
    assert frames == ["source/process.svg", "dual/process.svg"]
    assert page.texts["pre"] == [LOWPASS.read_text(), fad.transform(LOWPASS).source]
    assert not {"script", "link", "img"} & {tag for tag, _ in page.elements}


def test_the_page_tells_what_channels_and_parameters_are(lowpass: Path) -> None:
    page = Page(lowpass / "index.html")

    assert page.texts["title"] == ["lowpass.dsp and its dual"]
    assert page.texts["h1"] == ["lowpass.dsp"]
    assert f"fad {fad.__version__}" in page.texts["header"][0]
    assert page.texts["td"] == [
        *("0", "y", "output 0 of the program"),
        *("1", "dy/dfc", "derivative of output 0 by /fc"),
        *("2", "dy/dgain", "derivative of output 0 by /gain"),
        *("/fc", "1000", "20", "20000", "Hz"),
        *("/gain", "0.5", "0", "1", ""),
    ]


def test_two_runs_write_the_same(lowpass: Path, tmp_path: Path) -> None:
    write_diagrams(LOWPASS, tmp_path / "again", dual=True)

    for path in lowpass.rglob("*.*"):
        assert (tmp_path / "again" / path.relative_to(lowpass)).read_bytes() == path.read_bytes()


def test_the_source_alone(tmp_path: Path) -> None:
    program = write_diagrams(GAIN, tmp_path / "out")

    assert program.source == fad.expand(GAIN).source
    assert names(tmp_path / "out") == ["index.html", "source"]
    assert Page(tmp_path / "out" / "index.html").texts["pre"] == [GAIN]


def test_a_program_with_operators_is_drawn_as_it_is_evaluated(tmp_path: Path) -> None:
    write_diagrams('x = hslider("x", 1, 0, 2, 0.1); process = fad(sin(x), x);', tmp_path / "out")
    assert "cos" in "".join(file.read_text() for file in (tmp_path / "out/source").glob("*.svg"))


def test_labels_and_texts_are_escaped(tmp_path: Path) -> None:
    label = "<script>&'größe' → 大"
    source = f'process = *(hslider("{label} [unit:<&>]", 0, 0, 1, 0.1)); // </code> & "more"\n'
    (tmp_path / "a<b>&.dsp").write_text(source, "utf-8")
    write_diagrams(tmp_path / "a<b>&.dsp", tmp_path / "out", dual=True)
    page = Page(tmp_path / "out" / "index.html")

    assert page.texts["h1"] == ["a<b>&.dsp"]
    assert page.texts["pre"][0] == source
    assert {f"/{label}", f"dy/d{label}", "<&>"} <= set(page.texts["td"])
    assert "script" not in page.texts
    drawn = [ET.parse(path) for path in (tmp_path / "out").glob("*/*.svg")]
    texts = {text for tree in drawn for text in tree.getroot().itertext()}
    assert f"hslider({label}, 0.0, 0.0, 1.0, 0.1)" in texts


@pytest.mark.parametrize("start", ["", "x", "xx"])
def test_labels_that_are_cut_inside_a_character_stay_text(start: str, tmp_path: Path) -> None:
    call = f'f(hslider("{start}{"大" * 60}", 0, 0, 1, 0.1))'
    write_diagrams(f"f(x) = x : sin : cos; process = {call}, f(1), f(2), f(3);", tmp_path / "out")
    drawn = [ET.parse(path) for path in (tmp_path / "out").glob("*/*.svg")]
    texts = "".join(text for tree in drawn for text in tree.getroot().itertext())

    assert f'f(hslider("{start}...' in texts


def test_warnings_are_on_the_page(tmp_path: Path) -> None:
    program = write_diagrams(
        'process = int(hslider("n<", 1, 0, 9, 1)) * _;', tmp_path / "out", dual=True
    )

    assert program.warnings
    assert Page(tmp_path / "out" / "index.html").texts["li"] == list(program.warnings)


def test_sheets_are_named_by_their_definitions() -> None:
    files = {
        "process.svg": 'viewBox="0 0 1 2" <a xlink:href="f-0x7f1.svg"/><a xlink:href="F-0x2.svg"/>',
        "f-0x7f1.svg": '<a xlink:href="process.svg"/><a xlink:href="process-0x3.svg"/>',
        "F-0x2.svg": '<a xlink:href="f-0x7f1.svg"/>',
        "process-0x3.svg": "",
        "lost-0x4.svg": "",
    }
    result = tidied(files)

    assert list(result) == ["process.svg", "f.svg", "F-2.svg", "process-2.svg"]
    assert result["F-2.svg"] == '<a xlink:href="f.svg"/>'


def test_the_engine_refuses_what_it_cannot_draw(engine: Engine) -> None:
    with pytest.raises(EngineRefusal, match="undefined symbol : x"):
        engine.diagrams("process = x;", "a.dsp")


# -- The folder is written whole, or not at all -----------------------------------------------


def test_its_own_folder_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_diagrams(GAIN, out, dual=True)
    write_diagrams("process = sin;", out)

    assert names(tmp_path) == ["out"]
    assert names(out) == ["index.html", "source"]
    assert "sin" in (out / "index.html").read_text("utf-8")


def test_an_empty_folder_is_filled_and_a_link_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    write_diagrams(GAIN, tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["index.html", "source"]


@pytest.mark.parametrize("file", ["notes.txt", "index.html", "source/mine.svg"])
def test_a_foreign_folder_is_left_alone(file: str, tmp_path: Path) -> None:
    foreign = tmp_path / "out" / file
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    with pytest.raises(OutputError, match="has files in it that fad has not written"):
        write_diagrams(GAIN, tmp_path / "out")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [foreign]
    assert foreign.read_text() == "mine"


@pytest.mark.parametrize("file", ["notes.txt", "source/notes.txt"])
def test_own_results_with_a_file_of_the_user_are_left_alone(file: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_diagrams(GAIN, out)
    (out / file).write_text("mine")
    with pytest.raises(OutputError, match="has files in it that fad has not written"):
        write_diagrams(GAIN, out)

    assert (out / file).read_text() == "mine"


@pytest.mark.parametrize(
    ("target", "message"),
    [("file", "it is a file"), ("none/out", "does not exist"), ("nul\0", "cannot write")],
)
def test_where_no_folder_can_be(target: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=message):
        write_diagrams(GAIN, f"{tmp_path}/{target}")

    assert names(tmp_path) == ["file"]


def test_an_error_while_writing_leaves_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_diagrams(GAIN, out, dual=True)
    old = (out / "index.html").read_text("utf-8")
    rename = Path.rename
    failed: list[Path] = []

    def fail_once(self: Path, target: Path) -> Path:
        if target == out and not failed:
            failed.append(target)
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(OutputError, match="no space left on device"):
        write_diagrams("process = sin;", out)

    assert names(tmp_path) == ["out"]
    assert (out / "index.html").read_text("utf-8") == old


def test_the_standard_compilers_refusal_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> dict[str, str]:
        raise EngineRefusal("the Faust compiler refused a.dsp")

    monkeypatch.setattr(Engine, "diagrams", refuse)
    with pytest.raises(EngineError, match="refused"):
        write_diagrams(GAIN, tmp_path / "out")

    assert names(tmp_path) == []


def test_diagrams_are_nothing_but_drawings(tmp_path: Path) -> None:
    evil = "</text><script>alert(1)</script><a xlink:href='javascript:alert(1)'>"
    (tmp_path / "p.dsp").write_text(
        f'f(x) = hgroup("{evil}", x*hslider("{evil}[tooltip:{evil}]", 1, 0, 2, 0.1) : sin : cos);'
        f'declare name "{evil}"; g = ffunction(float tanh(float), "{evil}", "{evil}");'
        f'process = f(_), f(f(_)), g(_), (_ : vbargraph("{evil}", 0, 1)), '
        f"(0, 0 : soundfile(\"{evil}s[url:{{'javascript:x'}}]\", 1));"
    )
    write_diagrams(tmp_path / "p.dsp", tmp_path / "out")
    files = [*(tmp_path / "out").glob("*/*.svg")]
    assert len(files) > 1
    shapes = {"svg", "style", "rect", "text", "line", "a", "g", "circle", "polygon", "path"}
    for file in files:
        for element in ET.parse(file).getroot().iter():
            assert element.tag.rpartition("}")[2] in shapes
            links = [v for k, v in element.attrib.items() if k.endswith("href")]
            assert all((file.parent / link).is_file() for link in links)
            assert not [key for key in element.attrib if key.startswith("on")]
    page = Page(tmp_path / "out" / "index.html")
    assert not {"script", "img", "link"} & {tag for tag, _ in page.elements}
