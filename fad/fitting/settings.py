"""Several recordings, each with its own settings: as users describe them, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from fad.base.errors import FadError, SourceError, located
from fad.base.prose import either, nearest
from fad.base.settings import Settings, settings, values
from fad.base.source import Source, Span
from fad.fitting.extras import extra

#: What a file has beside the recordings.
_TARGETS, _SEPARATE = "targets", "separate"
_HINT = "a recording is `target: note.wav`, with `input`, `at`, `changes`, `midi` and `name`"


@dataclass(frozen=True)
class Setting:
    """A recording, and how the program is played for it, by the names of files.

    Attributes:
        target: the recording.
        input: what the program hears, if it hears something.
        played: where widgets are, and how they move.
        midi: the notes that are played, if there are some.
        name: what it is called; empty for the name of its file.
        places: key -> where a file says so, for messages.
    """

    target: str
    input: str | None = None
    played: Settings = field(default_factory=lambda: Settings({}, {}))
    midi: str | None = None
    name: str = ""
    places: Mapping[str, Span] = field(default_factory=dict, compare=False)


class SettingsFile(NamedTuple):
    """What a file of settings says.

    Attributes:
        settings: the recordings, in order.
        separate: the parameters that each recording has for its own, by label or path.
    """

    settings: tuple[Setting, ...]
    separate: tuple[str, ...]


def read_settings(path: str) -> SettingsFile:
    """Reads a file with several recordings.

    It is a list of them, or a mapping with such a list, `targets`, and `separate`, a list of
    parameters. A recording is the path of its file, or a mapping with `target` and, where it needs
    them, `input` and `midi` (paths), `at` (values by names, or texts as on the command line),
    `changes` (values by names by times in seconds) and `name`. Paths are relative to the file.

    Args:
        path: a file in YAML, of which JSON is a part.

    Raises:
        FadError: it is missing, or says something else; it has the place. Or `PyYAML` is not
            installed.
    """
    yaml = extra("yaml", "a file of settings")
    source = _source(path)
    with _told(yaml, source):
        return _Reader(yaml, source, Path(path).parent).file()


class _Reader:
    """Reads nodes of YAML, which know their places.

    Args:
        yaml: the package.
        source: the file.
        folder: what paths are relative to.
    """

    def __init__(self, yaml: Any, source: Source, folder: Path) -> None:
        self._yaml, self._source, self._folder = yaml, source, folder
        self._loader = yaml.SafeLoader(source.text)

    def file(self) -> SettingsFile:
        root = self._loader.get_single_node()
        separate: tuple[str, ...] = ()
        found = root
        if root is not None and self._is(root, "Mapping"):
            keys = {
                _TARGETS: lambda node: node,
                _SEPARATE: lambda node: self._several(node, self._text),
            }
            entries = self._entries(root, keys)
            if _TARGETS not in entries:
                self._fail(root, f"there is no list of recordings, `{_TARGETS}`", _HINT)
            found, separate = entries[_TARGETS], tuple(entries.get(_SEPARATE, ()))
        if found is None or not self._is(found, "Sequence") or not found.value:
            self._fail(found, "this is no list of recordings", _HINT)
        return SettingsFile(tuple(self._setting(each) for each in found.value), separate)

    def _setting(self, node: Any) -> Setting:
        if self._is(node, "Scalar"):
            return Setting(self._path(node), places={"target": self._span(node)})
        if not self._is(node, "Mapping"):
            self._fail(node, "this is no recording", _HINT)
        entries = self._entries(
            node,
            {
                "target": self._path,
                "input": self._path,
                "at": self._at,
                "changes": self._changes,
                "midi": self._path,
                "name": self._text,
            },
        )
        if "target" not in entries:
            self._fail(node, "this recording has no `target`", _HINT)
        at = entries.get("at", Settings({}, {}))
        changes = {time: dict(moved) for time, moved in at.changes.items()}
        for time, moved in entries.get("changes", {}).items():
            changes.setdefault(time, {}).update(moved)
        return Setting(
            entries["target"],
            entries.get("input"),
            Settings(at.start, changes),
            entries.get("midi"),
            entries.get("name", ""),
            {key.value: self._span(value) for key, value in node.value},
        )

    def _at(self, node: Any) -> Settings:
        """Values by names, or texts as on the command line."""
        if self._is(node, "Mapping"):
            return Settings(self._values(node), {})
        found = Settings({}, {})
        for each in node.value if self._is(node, "Sequence") else [node]:
            with located(self._span(each)):
                said = settings([self._text(each)])
            found.start.update(said.start)
            for time, moved in said.changes.items():
                found.changes.setdefault(time, {}).update(moved)
        return found

    def _changes(self, node: Any) -> dict[float, dict[str, float]]:
        found: dict[float, dict[str, float]] = {}
        for key, value in self._pairs(node, "times, as in `0.5: {gate: 1}`"):
            if self._is(value, "Mapping"):
                moved = self._values(value)
            else:
                with located(self._span(value)):
                    moved = values([self._text(value)])
            found.setdefault(self._number(key), {}).update(moved)
        return found

    def _values(self, node: Any) -> dict[str, float]:
        pairs = self._pairs(node, "values, as in `gain: 0.5`")
        return {self._text(key): self._number(value) for key, value in pairs}

    def _entries(self, node: Any, readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """The values of a mapping with keys that are known."""
        found = {}
        for key, value in self._pairs(node, "keys and values"):
            name = self._text(key)
            if name not in readers:
                near = nearest(name, readers, 1)
                hint = f"did you mean {either(near)}?" if near else f"there is {either(readers)}"
                self._fail(key, f"there is no `{name}` here", hint)
            found[name] = readers[name](value)
        return found

    def _pairs(self, node: Any, what: str) -> list[tuple[Any, Any]]:
        """The keys and values of a mapping, with what it takes over from others (`<<`)."""
        if not self._is(node, "Mapping"):
            self._fail(node, f"these are no {what}")
        own = node.start_mark.index, node.end_mark.index
        known: set[str] = set()
        for key, _ in node.value:
            # What an earlier look at this mapping has taken over stands elsewhere.
            if own[0] <= key.start_mark.index < own[1]:
                if self._text(key) in known:
                    self._fail(key, f"`{key.value}` is here twice")
                known.add(key.value)
        self._loader.flatten_mapping(node)
        return list({key.value: (key, value) for key, value in node.value}.values())

    def _several(self, node: Any, reader: Callable[[Any], str]) -> list[str]:
        return [reader(each) for each in (node.value if self._is(node, "Sequence") else [node])]

    def _path(self, node: Any) -> str:
        return str(self._folder / self._text(node))

    def _text(self, node: Any) -> str:
        if not self._is(node, "Scalar") or not node.value:
            self._fail(node, "this is no text")
        return str(node.value)

    def _number(self, node: Any) -> float:
        text = self._text(node)
        try:
            return float(text)
        except ValueError:
            self._fail(node, f"`{text}` is no number")

    def _is(self, node: Any, kind: str) -> bool:
        return isinstance(node, getattr(self._yaml, f"{kind}Node"))

    def _span(self, node: Any) -> Span:
        if node is None:
            return Span(self._source, 0, 1)
        return Span(self._source, node.start_mark.index, node.end_mark.index)

    def _fail(self, node: Any, message: str, hint: str | None = None) -> NoReturn:
        raise FadError(message, self._span(node), hint)


def _source(path: str) -> Source:
    try:
        text = Path(path).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not a text in UTF-8").lower()
        raise SourceError(f"cannot read `{path}`: {reason}") from None
    if path.lower().endswith(".json"):
        # YAML has no tabs; in JSON, they mean no more than blanks.
        text = text.replace("\t", " ")
    return Source(path, text, Path(path), is_given=True)


@contextmanager
def _told(yaml: Any, source: Source) -> Iterator[None]:
    """Turns errors of the parser into ours."""
    try:
        yield
    except RecursionError:
        raise FadError(f"`{source.name}` is nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = getattr(error, "position", 0) if mark is None else mark.index
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "damaged"
        raise FadError(f"this is no YAML: {problem}", Span(source, place, place + 1)) from None
