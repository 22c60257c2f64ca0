"""Room for recursion, with threads and without."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest

from docs.packages import PURE, floor_of, modules
from fad.base.deep_stack import forget_frames, recursive

DEPTH = 100_000


@recursive
def depth(levels: int) -> int:
    """A function that calls itself so many times."""

    def inner(left: int) -> int:
        return 0 if left == 0 else 1 + inner(left - 1)

    return inner(levels)


@recursive
def thread_of_inner_call() -> tuple[str, str]:
    """The threads of this call, and of another one with room inside it."""
    return threading.current_thread().name, recursive(lambda: threading.current_thread().name)()


def test_a_function_may_call_itself_often() -> None:
    assert depth(DEPTH) == DEPTH


def test_room_is_made_once() -> None:
    outer, inner = thread_of_inner_call()
    assert outer == inner != threading.current_thread().name


def test_errors_come_out() -> None:
    @recursive
    def fail() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError, match="a"):
        fail()


#: As in a browser: starting a thread fails there.
WITHOUT_THREADS = """
import sys, threading
from fad.base.deep_stack import recursive
from fad.base.errors import FadError

def refuse(thread):
    raise RuntimeError("can't start new thread")

sys.platform = "emscripten"
threading.Thread.start = refuse
usual = sys.getrecursionlimit()

@recursive
def depth(left):
    return 0 if left == 0 else 1 + depth(left - 1)

assert depth(5000) == 5000
assert sys.getrecursionlimit() == usual

@recursive
def fail(left):
    if left == 0:
        raise FadError("oh")
    fail(left - 1)

try:
    fail(5000)
except FadError as error:
    count, entry = 0, error.__traceback__
    while entry is not None:
        count, entry = count + 1, entry.tb_next
    assert count < 10, count
"""


def test_without_threads_the_one_stack_has_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_THREADS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_garbage_collector_is_put_back_and_stays_off_where_it_is() -> None:
    """Diagrams have no cycles: while they are built, it runs seldom."""
    pace = gc.get_threshold()
    for usual in ((700, 10, 10), (0, 10, 10)):
        gc.set_threshold(*usual)
        try:
            inside = recursive(recursive(gc.get_threshold))()
            assert gc.get_threshold() == usual
        finally:
            gc.set_threshold(*pace)
        assert (inside[0] > usual[0]) == (usual[0] > 0)


# -- Where the one stack has to do: in a browser -------------------------------------------------


class Thing:
    """What a frame holds."""


def test_the_frames_of_an_error_are_freed_and_those_of_the_one_before_it() -> None:
    held = []

    def fail(left: int) -> None:
        thing = Thing()
        held.append(weakref.ref(thing))
        if left:
            try:
                fail(left - 1)
            except KeyError:
                raise ValueError(left) from None
        raise KeyError(left)

    caught: Exception | None = None
    try:
        fail(20)
    except ValueError as error:
        caught = error
    assert caught is not None and all(thing() is not None for thing in held)
    forget_frames(caught)
    assert caught.__traceback__ is None and isinstance(caught.__context__, KeyError)
    assert [thing for thing in held if thing() is not None] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(x): return sum(map(f, x))", 1),
        ("def f(x): return sum(f(y) for y in x)", 1),
        ("def f(x): return g(x)\ndef g(x): return max(x, key=f)", 1),
        ("def f(x): return sum([f(y) for y in x])", 0),
        ("def f(x): return all(f(y) for y in x) and any(f(y) for y in x)", 0),
        ("def f(x): return sum(map(g, x))\ndef g(x): return x", 0),
    ],
)
def test_recursion_through_c_is_found(text: str, count: int) -> None:
    assert len(list(through_c(ast.parse(text)))) == count


@pytest.mark.parametrize("module", [m for m in modules() if floor_of(m) in PURE])
def test_functions_recurse_from_python(module: str) -> None:
    """What a function calls through C takes some of the little room that there is."""
    found = [
        f"line {line}: `{name}`"
        for line, name in through_c(ast.parse(modules()[module].read_text("utf-8")))
        if (module, name) not in SHALLOW
    ]
    assert found == []


#: What recurses through C, but never deeply.
SHALLOW = {
    ("fad.base.cache", "_distrust"),
    ("fad.base.cache", "_folders"),
    ("fad.base.errors", "render"),
    ("fad.syntax.encoding", "_decoder"),
    ("fad.text.printer", "atom"),
}
#: What calls a function that it is given, or goes through a generator, in C.
CALLERS = {"map", "filter", "sorted", "max", "min", "reduce"}
#: What Python calls of generators by itself, from 3.14 on.
INLINED = {"all", "any", "tuple"}


def through_c(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where functions of a module call themselves through C: lines, and what is called there."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls: dict[str, set[str]] = {function.name: set() for function in functions}
    for function in functions:
        calls[function.name] |= {name_of(node) for node in ast.walk(function)} & set(calls)
    reaches = {name: reached(name, calls) for name in calls}
    for function in functions:
        known = reaches[function.name]
        recursive_names = {name for name in known if function.name in reaches[name]}
        if function.name not in recursive_names:
            continue
        inlined = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                if name_of(node.func) in INLINED:
                    inlined |= {id(argument) for argument in node.args}
                if name_of(node.func) in CALLERS:
                    given = [*node.args, *(each.value for each in node.keywords)]
                    for name in {name_of(each) for each in given} & recursive_names:
                        yield node.lineno, name
        for node in ast.walk(function):
            if isinstance(node, ast.GeneratorExp) and id(node) not in inlined:
                called = {
                    name_of(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)
                }
                for name in called & recursive_names:
                    yield node.lineno, name


def name_of(node: ast.AST) -> str:
    """The last part of a name: `visit` for `self.visit`; nothing for anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def reached(name: str, calls: dict[str, set[str]]) -> set[str]:
    """The functions that one calls, and those that these call."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = calls[waiting.pop()] - found
        found |= new
        waiting += new
    return found
