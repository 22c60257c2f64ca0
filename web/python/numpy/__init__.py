"""The part of numpy that a check of derivatives needs, in pure Python: a page has no other.

Arrays are lists of numbers with a shape. What goes through all elements does so in C, by `map`
with a function of `operator`, or in a comprehension. Results are those of numpy, but that sums of
floats are rounded once; `tests/page/test_numpy.py` compares. Parts of an array are copies: nothing
here writes through a view.
"""

from __future__ import annotations

import math
import operator
from array import array as packed
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import compress, repeat
from typing import Any, Generic, TypeAlias, TypeVar

inf, nan = math.inf, math.nan
bool_ = bool
int64 = int
float64 = float

_Element = TypeVar("_Element")
#: An array of whatever elements.
Array: TypeAlias = "ndarray[Any]"
_Shape = tuple[int, ...]


class ndarray(Generic[_Element]):
    """Numbers in rows.

    Args:
        items: all elements, row by row.
        shape: how many there are along each axis.
    """

    __slots__ = ("_items", "shape")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, items: list[Any], shape: _Shape) -> None:
        self._items, self.shape = items, shape

    # -- What is in it -----------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        (item,) = self._items
        return bool(item)

    def tolist(self) -> list[Any]:
        """All elements of one axis, or the rows of several."""
        return list(self._items) if self.ndim == 1 else [row.tolist() for row in self]

    def tobytes(self) -> bytes:
        """The elements as floats of 64 bits."""
        return packed("d", self._items).tobytes()

    def copy(self) -> Array:
        return ndarray(list(self._items), self.shape)

    def reshape(self, *shape: int) -> Array:
        return reshape(self, shape)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, ndarray):  # truths
            found = list(compress(self._items, key._items))
            return ndarray(found, (len(found),))
        items, shape = _part(self._items, self.shape, key if isinstance(key, tuple) else (key,))
        return ndarray(items, shape) if shape else items[0]

    def __setitem__(self, key: int | slice, value: Array | float) -> None:
        step = math.prod(self.shape[1:])
        if isinstance(key, slice):
            start, stop, _ = key.indices(len(self))
        else:
            start = range(len(self))[key]
            stop = start + 1
        count = max(0, stop - start) * step
        items = value._items if isinstance(value, ndarray) else [float(value)] * count
        if len(items) != count:
            raise ValueError("the parts are not of one size")
        self._items[start * step : start * step + count] = items

    # -- What is computed of it --------------------------------------------------------------------

    def any(self) -> bool:
        return any(self._items)

    def all(self) -> bool:
        return all(self._items)

    def sum(self) -> float:
        has_floats = any(map(float.__instancecheck__, self._items))
        return math.fsum(self._items) if has_floats else sum(self._items)

    def max(self, initial: float | None = None) -> float:
        known = [*self._items] if initial is None else [*self._items, initial]
        largest = max(known)
        return nan if any(map(operator.ne, known, known)) else largest

    def __neg__(self) -> Array:
        return ndarray(list(map(operator.neg, self._items)), self.shape)

    def __invert__(self) -> Array:
        return ndarray(list(map(operator.not_, self._items)), self.shape)

    def __add__(self, other: Any) -> Array:
        return _combined(operator.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Array:
        return _combined(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Array:
        return _combined(operator.sub, other, self)

    def __mul__(self, other: Any) -> Array:
        return _combined(operator.mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Array:
        try:
            return _combined(operator.truediv, self, other)
        except ZeroDivisionError:
            return _combined(_divided, self, other)

    def __and__(self, other: Any) -> Array:
        return _combined(operator.and_, self, other)

    def __or__(self, other: Any) -> Array:
        return _combined(operator.or_, self, other)

    def __lt__(self, other: Any) -> Array:
        return _combined(operator.lt, self, other)

    def __le__(self, other: Any) -> Array:
        return _combined(operator.le, self, other)

    def __gt__(self, other: Any) -> Array:
        return _combined(operator.gt, self, other)

    def __ge__(self, other: Any) -> Array:
        return _combined(operator.ge, self, other)


def _part(items: list[Any], shape: _Shape, key: Sequence[Any]) -> tuple[list[Any], _Shape]:
    """The elements, and the shape, of what a key stands for."""
    if not key:
        return items, shape
    (first, *rest), (count, *inner) = key, shape
    step = math.prod(inner)
    if isinstance(first, int):
        start = range(count)[first] * step
        return _part(items[start : start + step], tuple(inner), rest)
    chosen = range(*first.indices(count)) if isinstance(first, slice) else first
    parts = [_part(items[i * step : (i + 1) * step], tuple(inner), rest) for i in chosen]
    # Of no parts, the shape of one is that of nothing in them.
    _, of_one = parts[0] if parts else _part([0] * step, tuple(inner), rest)
    return [item for part, _ in parts for item in part], (len(parts), *of_one)


def _combined(combine: Callable[[Any, Any], Any], left: Any, right: Any) -> Array:
    """Each element with the one at its place, or with a number."""
    if not isinstance(right, ndarray):
        return ndarray(list(map(combine, left._items, repeat(right))), left.shape)
    if not isinstance(left, ndarray):
        return ndarray(list(map(combine, repeat(left), right._items)), right.shape)
    if left.shape != right.shape:
        raise ValueError(f"shapes {left.shape} and {right.shape} are not the same")
    return ndarray(list(map(combine, left._items, right._items)), left.shape)


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return nan if not left or left != left else math.copysign(inf, left) * math.copysign(1, right)


# -- Arrays of numbers -----------------------------------------------------------------------------


def asarray(values: Any, dtype: Callable[[Any], Any] | None = None) -> Array:
    """An array of numbers in lists, of arrays in lists, or an array as it is."""
    if isinstance(values, ndarray):
        return values
    if values and isinstance(values[0], ndarray | list | tuple):
        rows = [asarray(value) for value in values]
        return ndarray([item for row in rows for item in row._items], (len(rows), *rows[0].shape))
    items = list(values) if dtype is None else list(map(dtype, values))
    return ndarray(items, (len(items),))


array = ascontiguousarray = asarray


def full(shape: int | Iterable[int], value: float) -> Array:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return ndarray([float(value)] * math.prod(shape), shape)


def zeros(shape: int | Iterable[int]) -> Array:
    return full(shape, 0.0)


def arange(count: int) -> Array:
    return ndarray(list(range(count)), (count,))


def reshape(values: Any, shape: Iterable[int]) -> Array:
    """The same elements in other rows; -1 stands for what is left."""
    known = asarray(values)
    rest = math.prod(each for each in shape if each >= 0)
    shape = tuple(each if each >= 0 else known.size // max(1, rest) for each in shape)
    if math.prod(shape) != known.size:
        raise ValueError(f"cannot reshape {known.shape} to {shape}")
    return ndarray(known._items, shape)


def concatenate(parts: Iterable[Array]) -> Array:
    """Arrays one after the other, along the first axis."""
    parts = list(parts)
    count = sum(map(len, parts))
    return ndarray([item for part in parts for item in part._items], (count, *parts[0].shape[1:]))


def searchsorted(values: Array, value: float) -> int:
    return bisect_left(values._items, value)


# -- Functions of each element ---------------------------------------------------------------------


def abs(values: Array) -> Array:  # as numpy calls it
    return ndarray(list(map(operator.abs, values._items)), values.shape)


def isfinite(values: Array) -> Array:
    return ndarray(list(map(math.isfinite, values._items)), values.shape)


def maximum(some: Array, others: Array) -> Array:
    pairs = zip(some._items, others._items, strict=True)
    return ndarray([x if x > y or x != x else y for x, y in pairs], some.shape)


def where(truths: Array, values: Array, other: float) -> Array:
    pairs = zip(truths._items, values._items, strict=True)
    return ndarray([value if truth else other for truth, value in pairs], truths.shape)


def nan_to_num(values: Array, nan: float = 0.0, posinf: float | None = None) -> Array:
    most = float_info.max if posinf is None else posinf
    replaced = {inf: most, -inf: -float_info.max}
    items = [nan if x != x else replaced.get(x, x) for x in values._items]
    return ndarray(items, values.shape)


# -- Functions of all elements ---------------------------------------------------------------------


def argmax(values: Array) -> int:
    """Where the first of the largest elements is."""
    return values._items.index(max(values._items))


def allclose(some: Array, others: Array, rtol: float, atol: float, equal_nan: bool) -> bool:
    """Whether two arrays are the same but for a distance, the same where they are infinite."""
    return all(
        (equal_nan and x != x and y != y)
        or x == y
        or (
            math.isfinite(x)
            and math.isfinite(y)
            and operator.abs(x - y) <= atol + rtol * operator.abs(y)
        )
        for x, y in zip(some._items, others._items, strict=True)
    )


class logical_and:
    """Whether all of several arrays are true, at each place."""

    @staticmethod
    def reduce(arrays: Iterable[Array]) -> Array:
        first, *others = arrays
        for other in others:
            first = first & other
        return first


# -- About numbers ---------------------------------------------------------------------------------


class float_info:
    """The largest number, and the smallest one in full precision."""

    max, tiny = 1.7976931348623157e308, 2.2250738585072014e-308


def finfo(dtype: object) -> type[float_info]:
    return float_info


def errstate(**ignored: str) -> nullcontext[None]:
    """Python does not warn."""
    return nullcontext()


from . import random as random  # noqa: E402  (it needs what is above)
