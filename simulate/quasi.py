"""Scrambled Sobol points: uniforms that fill the cube of all inputs more evenly than chance does.

Draw i of a dimension is the i-th point of Sobol's sequence (directions of Joe and Kuo 2008, from SciPy), scrambled in
the manner of Owen (1995) by a hash in which every binary digit is flipped by all digits before it (Laine and Karras
2011, Burley 2020, constants of Vegdahl 2021). Any block can be made by itself, like those of Philox. The error is seen
from several independent scrambles, the *replicates*: the blocks of a run are shared out among them in equal parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import inline, jit

REPLICATES = 16
DIGITS = 32
LEAST_DRAWS = REPLICATES * DRAWS
MOST_DRAWS = REPLICATES * 2**DIGITS
LOW = np.uint64(0xFFFFFFFF)


class Points(NamedTuple):
    """The points of every dimension, as whole numbers of 32 binary digits in reversed order; of none where draws are
    random.
    """

    within: np.ndarray  # (dimension, draw of a block) uint64, the points of the first block
    blocks: np.ndarray  # (dimension, digit of the block's number) uint64, what each digit adds
    keys: np.ndarray  # (replicate, dimension, 2) uint64, of the scramble
    replicate: int  # blocks of a replicate; 0 where draws are random
    each_year: int  # dimensions of a year, of what is drawn every year


RANDOM = Points(np.zeros((0, DRAWS), np.uint64), np.zeros((0, 0), np.uint64), np.zeros((0, 0, 2), np.uint64), 0, 0)


def draws_for(draws: int) -> int:
    """The least number of draws, at least `draws`, that is as many for each replicate, and there a power of two."""
    return REPLICATES * max(DRAWS, 1 << (-(-draws // REPLICATES) - 1).bit_length())


def points(names: Sequence[str], each_year: int, draws: int, seed: int) -> Points:
    """The points of dimensions of these names, the most even ones first."""
    from scipy.stats import qmc

    # SciPy keeps the direction numbers to itself; the tests hold them against the points that it gives.
    directions = np.asarray(qmc.Sobol(max(len(names), 1), scramble=False, bits=DIGITS)._sv, np.uint64)[: len(names)]
    directions = _reversed(directions)
    digits = DRAWS.bit_length() - 1
    within = np.zeros((len(names), DRAWS), np.uint64)
    for digit in range(digits):
        within[:, 1 << digit : 2 << digit] = within[:, : 1 << digit] ^ directions[:, digit, None]
    keys = [_key(name, replicate, seed) for replicate in range(REPLICATES) for name in names]
    blocks = np.ascontiguousarray(directions[:, digits:])
    every = np.array(keys, np.uint64).reshape(REPLICATES, len(names), 2)
    return Points(within, blocks, every, draws // LEAST_DRAWS, each_year)


def _key(name: str, replicate: int, seed: int) -> tuple[int, int]:
    digest = hashlib.sha256(f"{seed} {replicate} {name}".encode()).digest()
    return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")


def _reversed(numbers: np.ndarray) -> np.ndarray:
    found = np.zeros_like(numbers)
    for digit in range(DIGITS):
        found |= ((numbers >> np.uint64(digit)) & np.uint64(1)) << np.uint64(DIGITS - 1 - digit)
    return found


@inline
def _swap(x, mask, shift):
    return ((x >> np.uint64(shift)) & np.uint64(mask)) | ((x & np.uint64(mask)) << np.uint64(shift))


@inline
def scrambled(point, key0, key1):
    """The uniform of a point in reversed order: each step changes a digit by the ones below it alone, and the digits
    are put in order at the end.
    """
    x = (point + key0) & LOW
    x = x ^ (x * np.uint64(0x3D20ADEA) & LOW)
    x = x * (key1 | np.uint64(1)) & LOW
    x = x ^ (x * np.uint64(0x05526C56) & LOW)
    x = x ^ (x * np.uint64(0x53A22864) & LOW)
    x = _swap(x, 0x55555555, 1)
    x = _swap(x, 0x33333333, 2)
    x = _swap(x, 0x0F0F0F0F, 4)
    x = _swap(x, 0x00FF00FF, 8)
    x = _swap(x, 0x0000FFFF, 16)
    return (np.int64(x) + 0.5) * 2.0**-32


@jit
def evenly(source, dimension, block, out):
    """Fill `out`, shape (draw,), with the uniforms of a block in one dimension."""
    replicate, here = block // source.replicate, block % source.replicate
    base = np.uint64(0)
    for digit in range(source.blocks.shape[1]):
        if (here >> digit) & 1:
            base ^= source.blocks[dimension, digit]
    key0, key1 = source.keys[replicate, dimension, 0], source.keys[replicate, dimension, 1]
    for i in range(DRAWS):
        out[i] = scrambled(source.within[dimension, i] ^ base, key0, key1)
