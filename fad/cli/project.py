"""The options of a project: its `fad.toml`, or the table `[tool.fad]` of its `pyproject.toml`.

The nearest one counts, from the folder of a program upwards; it may have come with the program,
from a stranger. So it has only the options that are in `KEYS`: how programs are read and what is
computed, but not where results go, nor whether foreign code may run or a check may prove nothing.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from fad.base.source import Source, Span

#: The options that a project may have for a command, by their long names.
KEYS = frozenset(
    "align at bounds clip comments freeze include input libraries lines loss max-evaluations"
    " max-seconds method native only optimizer order order-by outputs points precision rate restart"
    " rules schedule seconds seed separate start starts surrogate tolerance window wrt".split()
)
#: Those that it may have for all commands at once -> the commands where the name means another
#: thing.
COMMON: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        **dict.fromkeys(("include", "libraries", "precision", "rules"), ()),
        **dict.fromkeys(("native", "order-by", "seed", "surrogate", "wrt"), ()),
        "rate": ("estimate",),  # a learning rate there
    }
)
#: Those whose values are paths, from the folder of the project's file.
_PATHS = ("include", "input", "libraries", "rules")
#: What `input` may be instead.
_NO_PATHS = ("noise", "silence", "sine", "external")
#: The files, and where in them the options are. In a folder, the first one counts.
_PLACES: Mapping[str, Sequence[str]] = MappingProxyType(
    {"fad.toml": (), "pyproject.toml": ("tool", "fad")}
)
_MISPLACED = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class Project:
    """The options in a file.

    Attributes:
        source: the file.
        prefix: the names of the tables that the options are in.
        table: the options; those for one command are in a table of its name.
    """

    source: Source
    prefix: Sequence[str]
    table: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Where the file is."""
        assert self.source.path is not None
        return self.source.path

    def defaults(self, context: click.Context) -> dict[str, Any]:
        """What stands in for the options that a command line does not have.

        Args:
            context: of the command.

        Returns:
            The name of a parameter -> its value, as click takes it from a command line.

        Raises:
            FadError: an option is unknown, or its value of the wrong kind, for any command; or the
                value is not one that this command takes.
        """
        found: dict[str, Any] = {}
        for table, key, option, value in self._settings(_commands(context)):
            if option in context.command.params and option.name is not None:
                found[option.name] = self._resolved(key, value)
                with self._blaming(table, key):
                    option.process_value(context, found[option.name])
        return found

    def _settings(
        self, commands: Mapping[str, click.Command]
    ) -> Iterator[tuple[Sequence[str], str, click.Option, Any]]:
        """Table, key, option and value of all settings, those for all commands first.

        Of what is for all commands, there is one for each command that has it.
        """
        for key, value in self.table.items():
            if key not in commands:
                users = [
                    option
                    for name, command in commands.items()
                    if name not in COMMON.get(key, commands)
                    and (option := _options(command).get(key)) is not None
                ]
                if not users:
                    self._refuse((), key, COMMON, commands)
                for option in users:
                    yield (), key, option, self._typed((), key, option, value)
        for name, command in commands.items():
            table = self.table.get(name, {})
            if not isinstance(table, dict):
                self._fail((), name, f"`{name}` is a command", "its options are a table")
            options = {key: each for key, each in _options(command).items() if key in KEYS}
            for key, value in table.items():
                if key not in options:
                    self._refuse((name,), key, options, commands)
                yield (name,), key, options[key], self._typed((name,), key, options[key], value)

    def _typed(self, table: Sequence[str], key: str, option: click.Option, value: Any) -> Any:
        """A value of TOML as click takes it."""
        kinds, words = _kinds(option)
        several = value if option.multiple and isinstance(value, list) else [value]
        for each in several:
            if not isinstance(each, kinds) or (isinstance(each, bool) and bool not in kinds):
                lists = ", or a list of them" if option.multiple else ""
                self._fail(table, key, f"`{key}` is not {words}{lists}")
        if isinstance(option.type, click.Choice):
            value = str(value)
        return several if option.multiple else value

    def _resolved(self, key: str, value: Any) -> Any:
        """Paths are from the folder of the file."""
        if key not in _PATHS or value in _NO_PATHS:
            return value
        folder = Path(self.source.name).parent
        return [str(folder / p) for p in value] if isinstance(value, list) else str(folder / value)

    @contextmanager
    def _blaming(self, table: Sequence[str], key: str) -> Iterator[None]:
        """Gives errors about a value its place."""
        from fad.base.errors import FadError

        try:
            yield
        except click.BadParameter as error:
            self._fail(table, key, f"`{key}`: {error.message.rstrip('.')}")
        except FadError as error:
            self._fail(table, key, f"`{key}`: {error.message}", error.hint)

    def _refuse(
        self,
        table: Sequence[str],
        key: str,
        known: Mapping[str, object],
        commands: Mapping[str, click.Command],
    ) -> NoReturn:
        """A key that is not known there."""
        from difflib import get_close_matches

        users = [name for name, command in commands.items() if key in _options(command)]
        if users and key not in KEYS:
            self._fail(
                table,
                key,
                f"`{key}` can be given on the command line only",
                "a project says how its programs are read and what is computed, and no more",
            )
        if users and not table:
            tables = " or ".join(f"`[{'.'.join((*self.prefix, name))}]`" for name in users)
            self._fail(table, key, f"`{key}` is no option of all commands", f"put it into {tables}")
        names = [*known, *(() if table else commands)]
        near = get_close_matches(key, names, 1)
        hint = f"is it `{near[0]}`?" if near else f"there are {', '.join(sorted(names))}"
        self._fail(table, key, f"there is no option `{key}`", hint)

    def _fail(
        self, table: Sequence[str], key: str, message: str, hint: str | None = None
    ) -> NoReturn:
        from fad.base.errors import FadError

        raise FadError(message, _span(self.source, (*self.prefix, *table), key), hint)


class ProjectCommand(click.Command):
    """A command about programs, whose project gives the options that are not given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # that is completion
            given, _, _ = self.make_parser(ctx).parse_args(list(args))
            help_option = self.get_help_option(ctx)
            if help_option is None or not given.get(help_option.name or ""):
                ctx.default_map = _defaults(ctx, given)
        return super().parse_args(ctx, args)


def project_options(command: Any) -> Any:
    """What says which file of options counts."""
    for option in (
        click.option(
            "--no-config",
            is_flag=True,
            expose_value=False,
            help="Take no options from a fad.toml or pyproject.toml.",
        ),
        click.option(
            "--config",
            metavar="FILE",
            expose_value=False,
            help="File of options of the project; the nearest fad.toml, or pyproject.toml with a "
            "table [tool.fad], above the program by default.",
        ),
    ):
        command = option(command)
    return command


def without_project(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The parameters of the running command, some of which do not go with what its command line
    asks for: those fall back to their own defaults, where they come from the project.

    Args:
        options: name -> value.
        names: those that give way.
    """
    context = click.get_current_context()
    params = {param.name: param for param in context.command.params}
    return {
        name: params[name].process_value(context, params[name].default)
        if name in names and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP
        else value
        for name, value in options.items()
    }


def nearest(folder: Path) -> Project | None:
    """The options of the project that a folder is in, if it has some.

    Raises:
        FadError: a file on the way is unreadable, or no TOML.
    """
    try:
        folder = Path(os.path.abspath(folder))
    except OSError:  # the current folder was removed
        return None
    for parent in (folder, *folder.parents):
        for name in _PLACES:
            if os.path.isfile(parent / name) and (project := read(parent / name)) is not None:
                return project
    return None


def read(path: Path) -> Project | None:
    """The options in a file; `None` if it is a `pyproject.toml` without any.

    Raises:
        FadError: the file is missing, unreadable, or no TOML; or the options are no table.
    """
    from fad.base.errors import FadError

    source = _source(path)
    prefix = _PLACES.get(path.name, ())
    table: Any = _parsed(source)
    for depth, name in enumerate(prefix):
        if name not in table:
            return None
        table = table[name]
        if not isinstance(table, dict):
            raise FadError(f"`{name}` is no table", _span(source, prefix[:depth], name))
    return Project(source, prefix, table)


def _defaults(context: click.Context, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the project of the programs on a command line says about the options."""
    if given.get("no_config"):
        if given.get("config"):
            raise click.UsageError("`--config` and `--no-config` contradict each other")
        return None
    if given.get("config"):
        project = read(Path(given["config"]))
        if project is None:
            raise click.UsageError(f"`{given['config']}` has no table `[tool.fad]`")
        return project.defaults(context)
    files = given.get("files", given.get("file"))  # click has words of its own for none at all
    paths = [files] if isinstance(files, str) else files if isinstance(files, tuple | list) else []
    folders = [Path(path).parent for path in paths]
    projects = [nearest(folder) for folder in dict.fromkeys(folders)]
    if len({project and project.path for project in projects}) > 1:
        names = [f"`{project.source.name}`" if project else "none" for project in projects]
        raise click.UsageError(
            f"the programs belong to different projects ({', '.join(dict.fromkeys(names))}): "
            "name one with `--config`, or leave all out with `--no-config`"
        )
    return projects[0].defaults(context) if projects and projects[0] else None


def _commands(context: click.Context) -> Mapping[str, click.Command]:
    """All commands there are."""
    group = context.find_root().command
    return group.commands if isinstance(group, click.Group) else {}


def _options(command: click.Command) -> dict[str, click.Option]:
    """Long name -> option."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    }


def _kinds(option: click.Option) -> tuple[tuple[type, ...], str]:
    """The types that TOML has for the values of an option, and what to call them."""
    if option.is_flag:
        return (bool,), "`true` or `false`"
    if isinstance(option.type, click.types.IntParamType):
        return (int,), "a whole number"
    if isinstance(option.type, click.types.FloatParamType):
        return (int, float), "a number"
    if isinstance(option.type, click.Choice):
        return (str, int), f"one of {', '.join(map(str, option.type.choices))}"
    return (str,), "a text"


def _source(path: Path) -> Source:
    from fad.base.errors import SourceError
    from fad.base.source import Source

    name = str(path)
    with suppress(OSError, ValueError):  # the current folder was removed, or is another one
        name = str(path.relative_to(os.getcwd()))
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SourceError(f"cannot read `{name}`: {(error.strerror or '').lower()}") from None
    except ValueError:
        raise SourceError(f"`{name}` is not a text in UTF-8") from None
    # A link may lead to any file, which messages must not quote.
    return Source(name, text, path, is_given=os.path.realpath(path).endswith(".toml"))


def _parsed(source: Source) -> dict[str, Any]:
    from fad.base.errors import FadError
    from fad.base.source import Span

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(source.text)
    except RecursionError:
        raise FadError(f"`{source.name}` is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        offset = len(source.text)
        if (found := _MISPLACED.search(message)) and found[1]:
            lines = source.text.split("\n")[: int(found[1]) - 1]
            offset = sum(len(line) + 1 for line in lines) + int(found[2]) - 1
        message = _MISPLACED.sub("", message)
        message = message[:1].lower() + message[1:]
        raise FadError(f"this is no TOML: {message}", Span(source, offset, offset + 1)) from None


def _span(source: Source, table: Sequence[str], key: str) -> Span:
    """Where a key of a table is, or as near as can be told: parsers of TOML do not tell."""
    from fad.base.source import Span

    start, end = 0, len(source.text)
    if table:
        names = r"\s*\.\s*".join(map(_name, table))
        if header := re.search(rf"^\s*\[\s*{names}\s*\]", source.text, re.MULTILINE):
            start = header.end()
    if after := re.compile(r"^\s*\[", re.MULTILINE).search(source.text, start):
        end = max(start, after.start())
    found = re.compile(rf"^\s*({_name(key)})\s*[=.]", re.MULTILINE).search(source.text, start, end)
    if found is None:
        found = re.compile(rf"({_name(key)})\s*[=.\]]").search(source.text)
    return Span(source, *(found.span(1) if found else (0, 1)))


def _name(name: str) -> str:
    """A pattern for a name in TOML, quoted or not."""
    return rf"[\"']?{re.escape(name)}[\"']?"
