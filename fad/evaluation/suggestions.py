"""Names without a meaning, and what their users may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from fad.base.errors import EvaluationError, FadError
from fad.base.prose import either, nearest
from fad.base.source import Span
from fad.evaluation.scope import Scope, Thunk
from fad.syntax import nodes
from fad.syntax.libraries import Libraries

#: The file that names all standard libraries.
_STANDARD = "stdfaust.lib"
_MOST = 3


def undefined(name: str, scope: Scope, span: Span, libraries: Libraries) -> EvaluationError:
    """The error of a name that nothing in a scope defines."""
    message = f"undefined symbol `{name}`"
    found = _in_libraries(name, _visible_libraries(scope), libraries)
    if similar := found or nearest(name, scope.names()):
        return EvaluationError(message, span, f"did you mean {either(similar)}?")
    return EvaluationError(message, span, _from_the_standard(name, libraries))


def undefined_in(environment: str, name: str, known: Iterable[str], span: Span) -> EvaluationError:
    """The error of a name that an environment does not define.

    Args:
        environment: the environment, as written.
        name: the name looked up in it.
        known: what it does define.
        span: the place of the name.
    """
    similar = nearest(name, known)
    hint = f"did you mean {either(similar)}?" if similar else None
    return EvaluationError(f"`{environment}` does not define `{name}`", span, hint)


def _from_the_standard(name: str, libraries: Libraries) -> str | None:
    """What to say about a name of the standard libraries in a program that does not import them."""
    remedy = f'add `import("{_STANDARD}");`'
    with suppress(FadError):
        text = libraries.text(_STANDARD)
        files = dict(re.findall(r'^(\w+)\s*=\s*library\("([^"]+)"\)', text, re.MULTILINE))
        if name in files:
            return f"`{name}` is a standard library: {remedy}"
        if found := _in_libraries(name, files.items(), libraries):
            return f"did you mean {either(found)}? For the standard libraries, {remedy}"
    return None


def _in_libraries(name: str, files: Iterable[tuple[str, str]], libraries: Libraries) -> list[str]:
    """The libraries that define a name, as one writes it: `fi.lowpass`."""
    # A look at the texts: to parse them all, for a hint, would take too long.
    definition = re.compile(rf"^{re.escape(name)}\s*(?:\([^)=]*\))?\s*=(?!=)", re.MULTILINE)
    found = []
    for prefix, file in files:
        with suppress(FadError):
            if definition.search(libraries.text(file)):
                found.append(f"{prefix}.{name}")
    return found[:_MOST]


def _visible_libraries(scope: Scope) -> Iterator[tuple[str, str]]:
    """The names that stand for libraries in a scope, with their files."""
    for name in dict.fromkeys(scope.names()):
        bound = scope.find(name)
        with suppress(FadError):
            if isinstance(bound, Thunk) and isinstance(bound.body, nodes.Library):
                yield name, bound.body.path
