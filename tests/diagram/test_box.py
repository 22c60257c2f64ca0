"""Boxes: one object for each diagram, frozen, with their arity."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import threading
import weakref
from collections.abc import Callable

import pytest

from fad.diagram.box import (
    COMPOSITIONS,
    EMPTY,
    Bargraph,
    Box,
    Cut,
    ForeignFunction,
    Group,
    Int,
    Lambda,
    Par,
    Primitive,
    Real,
    Route,
    Seq,
    Slider,
    Slot,
    Soundfile,
    Switch,
    Waveform,
    Wire,
    factors,
    freed_in_order,
    parallel,
    postorder,
)
from fad.diagram.primitives import PRIMITIVES
from tests.support.reading import read

SLOT = Slot(1, "x")

MAKERS: dict[str, Callable[[], Box]] = {
    "wire": Wire,
    "cut": Cut,
    "int": lambda: Int(1),
    "real": lambda: Real(0.1 + 0.2),
    "nan": lambda: Real(math.nan),
    "other nan": lambda: Real(math.inf - math.inf),
    "primitive": lambda: Primitive("sin"),
    "waveform": lambda: Waveform((Int(1), Real(2.0))),
    "slider": lambda: Slider("hslider", "a", 0.0, -0.0, math.inf, math.nan),
    "route": lambda: Route(2, 2, ((1, 2), (2, 1))),
    "lambda": lambda: Lambda(Slot(1, "x"), Seq(Slot(1, "x"), Primitive("sin"))),
    "group": lambda: Group("hgroup", "a", Par(Wire(), Int(1))),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_equal_parts_make_the_same_object(make: Callable[[], Box]) -> None:
    box = make()
    assert make() is box
    assert pickle.loads(pickle.dumps(box)) is box
    assert copy.deepcopy(box) is box
    assert box.rebuild(box.children) is box
    assert type(box)(*box.parts) is box


@pytest.mark.parametrize(
    "boxes",
    [
        (Int(1), Real(1.0), Int(2)),
        (Real(0.0), Real(-0.0), Int(0)),
        (Real(math.inf), Real(-math.inf), Real(math.nan)),
        (Waveform((Int(1),)), Waveform((Real(1.0),)), Waveform((Int(1), Int(1)))),
        (Waveform((Real(0.0),)), Waveform((Real(-0.0),))),
        tuple(Slider("hslider", "a", zero, 0.0, 1.0, 0.1) for zero in (0.0, -0.0)),
        (Slider("hslider", "a", 0, 0, 1, 1), Slider("vslider", "a", 0, 0, 1, 1)),
        tuple(Bargraph("hbargraph", "a", low, 1.0) for low in (0.0, -0.0)),
        (Switch("button", "a"), Switch("checkbox", "a"), Switch("button", "a ")),
        (Slot(1, "x"), Slot(2, "x"), Slot(1, "y")),
        (Par(Par(Wire(), Wire()), Wire()), Par(Wire(), Par(Wire(), Wire()))),
        tuple(kind(Wire(), Wire()) for kind in COMPOSITIONS.values()),
        (Lambda(SLOT, SLOT), Lambda(Slot(2, "y"), Slot(2, "y"))),
    ],
)
def test_different_parts_make_different_objects(boxes: tuple[Box, ...]) -> None:
    assert len(set(boxes)) == len(boxes)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.0"), ("0.0", "-0.0"), ('hslider("a",0,0,1,1)', 'hslider("a",1,0,1,1)')],
)
def test_programs_tell_numbers_apart(one: str, other: str) -> None:
    boxes = [read(f"process = {text};") for text in (one, other)]
    assert boxes[0] is not boxes[1]


def test_numbers_that_python_takes_for_equal_keep_their_type() -> None:
    real, whole = Real(1.0), Int(1)
    assert type(real.value) is float
    assert type(whole.value) is int
    assert (Real(0.0).value.hex(), Real(-0.0).value.hex()) == ("0x0.0p+0", "-0x0.0p+0")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_boxes_are_frozen(make: Callable[[], Box]) -> None:
    box = make()
    for name in (*box.fields, "arity", "anything"):
        with pytest.raises(AttributeError):
            setattr(box, name, 0)


@pytest.mark.parametrize(
    ("box", "arity"),
    [
        (Wire(), (1, 1)),
        (Cut(), (1, 0)),
        (Int(1), (0, 1)),
        (SLOT, (0, 1)),
        (Switch("button", "b"), (0, 1)),
        (Slider("nentry", "n", 0.0, 0.0, 1.0, 1.0), (0, 1)),
        (Bargraph("vbargraph", "b", 0.0, 1.0), (1, 1)),
        (Waveform((Int(1), Int(2), Int(3))), (0, 2)),
        (Soundfile("s", 2), (2, 4)),
        (ForeignFunction("float", ("f",), ("int", "float"), "<m>", '""'), (2, 1)),
        (Route(3, 2, ((1, 1),)), (3, 2)),
        (EMPTY, (0, 0)),
        (Group("hgroup", "g", Par(Wire(), Cut())), (2, 1)),
        (Lambda(SLOT, Par(Wire(), SLOT)), (2, 2)),
        (Lambda(SLOT, Seq(Wire(), Cut())), (2, 0)),
        *((Primitive(name), (inputs, 1)) for name, inputs in PRIMITIVES.items()),
    ],
)
def test_arity(box: Box, arity: tuple[int, int]) -> None:
    assert box.arity == arity


@pytest.mark.parametrize(
    ("operator", "left", "right", "arity"),
    [
        (":", (2, 1), (1, 3), (2, 3)),
        (":", (0, 0), (0, 2), (0, 2)),
        (":", (2, 1), (2, 3), None),
        (",", (2, 1), (0, 3), (2, 4)),
        ("<:", (3, 2), (4, 1), (3, 1)),
        ("<:", (3, 2), (2, 1), (3, 1)),
        ("<:", (3, 2), (3, 1), None),
        ("<:", (3, 2), (0, 1), None),
        ("<:", (3, 0), (2, 1), None),
        (":>", (3, 4), (2, 1), (3, 1)),
        (":>", (3, 2), (2, 1), (3, 1)),
        (":>", (3, 2), (4, 1), None),
        (":>", (3, 2), (0, 1), None),
        (":>", (3, 0), (2, 1), None),
        ("~", (3, 2), (2, 1), (2, 2)),
        ("~", (3, 2), (1, 3), (0, 2)),
        ("~", (3, 2), (0, 0), (3, 2)),
        ("~", (3, 2), (3, 1), None),
        ("~", (1, 2), (2, 2), None),
    ],
)
def test_arity_of_compositions(
    operator: str, left: tuple[int, int], right: tuple[int, int], arity: tuple[int, int] | None
) -> None:
    box = COMPOSITIONS[operator](Route(*left, ()), Route(*right, ()))
    assert box.arity == arity
    # A part without an arity leaves the whole without one.
    if arity is None:
        assert Par(box, Wire()).arity is None
        assert Group("hgroup", "g", box).arity is None
        assert Lambda(SLOT, box).arity is None


def test_free_slots() -> None:
    other = Slot(2, "y")
    body = Seq(Par(SLOT, other), Primitive("+"))
    assert body.free == {SLOT, other}
    assert Lambda(SLOT, body).free == {other}
    assert not Lambda(other, Lambda(SLOT, body)).free
    assert Group("hgroup", "g", body).free == body.free


def test_parallel_and_factors_are_inverse() -> None:
    parts = [Wire(), Int(1), Cut(), Primitive("+")]
    assert list(factors(parallel(parts))) == parts
    assert parallel([]) is EMPTY
    assert parallel(parts[:1]) is parts[0]


def test_postorder_visits_each_box_once_and_children_first() -> None:
    shared = Seq(Wire(), Primitive("sin"))
    box = Par(shared, Seq(shared, Group("hgroup", "g", shared)))
    order = list(postorder(box, shared))
    assert len(set(order)) == len(order) == 6
    for index, inner in enumerate(order):
        assert set(inner.children) <= set(order[:index])


def test_boxes_that_nobody_holds_are_forgotten() -> None:
    from fad.diagram.box import _BOXES

    kept = Switch("button", "kept")
    boxes = [Seq(Switch("button", f"forgotten {index}"), kept) for index in range(50)]
    keys = [(Switch, *box.left.parts) for box in boxes]
    assert all(key in _BOXES for key in keys)
    del boxes
    gc.collect()
    assert not any(key in _BOXES for key in keys)
    assert Switch("button", "kept") is kept


def test_boxes_are_freed_from_the_outside_in() -> None:
    freed: list[int] = []
    with freed_in_order():
        box: Box = Switch("button", "innermost")
        for number in range(10):
            box = Group("hgroup", "around", box)
            weakref.finalize(box, freed.append, number)
        del box
        assert not freed
    assert freed == [*range(9, -1, -1)]


def test_threads_make_the_same_objects() -> None:
    start = threading.Barrier(8)
    made: list[list[Box]] = []

    def make() -> None:
        start.wait()
        boxes: list[Box] = [Real(0.125)]
        for index in range(2000):
            boxes.append(Seq(Par(boxes[-1], Real(index / 7)), Primitive("+")))
        made.append(boxes)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    for boxes in zip(*made, strict=True):
        assert len(set(map(id, boxes))) == 1
