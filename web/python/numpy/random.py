"""The noise of numpy, bit for bit: PCG64 (O'Neill 2014), seeded as numpy does."""

from __future__ import annotations

from . import Array, ndarray

_32, _64, _128 = (1 << 32) - 1, (1 << 64) - 1, (1 << 128) - 1
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_POOL = 4


def default_rng(seed: int) -> Generator:
    return Generator(seed)


class Generator:
    """Random numbers of a seed, a whole number from 0 on."""

    def __init__(self, seed: int) -> None:
        high, low, sequence_high, sequence_low = _seeds(seed)
        self._increment = ((sequence_high << 64 | sequence_low) << 1 | 1) & _128
        # The state steps once from 0, and once from there plus the seed.
        state = self._increment + (high << 64 | low)
        self._state = (state * _MULTIPLIER + self._increment) & _128

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> Array:
        """Numbers from one to another one."""
        rows, count = shape
        reach, state, increment = high - low, self._state, self._increment
        items = []
        for _ in range(rows * count):
            state = (state * _MULTIPLIER + increment) & _128
            mixed, turn = (state >> 64 ^ state) & _64, state >> 122
            turned = (mixed >> turn | mixed << (-turn & 63)) & _64
            items.append(low + reach * ((turned >> 11) * 2.0**-53))
        self._state = state
        return ndarray(items, (rows, count))


def _seeds(seed: int) -> list[int]:
    """Four numbers of 64 bits from a whole number: numpy's SeedSequence."""
    words = [seed >> shift & _32 for shift in range(0, max(1, seed.bit_length()), 32)]
    constant = 0x43B0D7E5

    def hashed(value: int) -> int:
        nonlocal constant
        value ^= constant
        constant = constant * 0x931E8875 & _32
        value = value * constant & _32
        return value ^ value >> 16

    def mixed(one: int, other: int) -> int:
        value = (0xCA01F9DD * one - 0x4973F715 * other) & _32
        return value ^ value >> 16

    pool = [hashed(word) for word in (words + [0] * _POOL)[:_POOL]]
    for source in range(_POOL):
        for target in range(_POOL):
            if source != target:
                pool[target] = mixed(pool[target], hashed(pool[source]))
    for word in words[_POOL:]:
        for target in range(_POOL):
            pool[target] = mixed(pool[target], hashed(word))
    constant, found = 0x8B51F9DD, []
    for index in range(8):
        value = pool[index % _POOL] ^ constant
        constant = constant * 0x58F38DED & _32
        value = value * constant & _32
        found.append(value ^ value >> 16)
    return [found[index] | found[index + 1] << 32 for index in range(0, 8, 2)]
