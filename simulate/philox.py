"""Random numbers by name: one uniform for each (seed, name, draw), the same whatever else is drawn, in any order, on
any machine.

Philox4x32-10 (Salmon and others 2011, "Parallel random numbers: as easy as 1, 2, 3") turns a counter into random words.
The key is the seed; the counter holds the draw, a 48-bit hash of the input's name, and 16 bits for the year or another
purpose. So there is no state: adding, removing or reordering rows moves no other row's draws, and blocks can run in any
order on any number of threads. One call serves two neighbouring draws.
"""

from __future__ import annotations

import hashlib

import numpy as np

from simulate.blocks import DRAWS
from simulate.compiled import entry, inline, jit
from simulate.fastmath import from_bits

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
TWO_TO_52_BITS = np.uint64(0x4330000000000000)
PURPOSE_BITS = 16
FIRST_YEAR = 1  # purpose 0 is the one draw of an input, 1 + k its draw for year k
SMALLEST = 2.0**-53  # the smallest uniform, and the distance of the largest from 1


def tag(name: str) -> int:
    """The 64-bit tag of a name at purpose 0: 48 bits of its SHA-256, then 16 zero bits."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") << PURPOSE_BITS


@inline
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10 of a counter (four 32-bit words in 64-bit integers) under a key (two)."""
    for _ in range(10):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


@inline
def unit(word):
    """A 64-bit word as a number in (0, 1): its upper 52 bits, at the middle of their cell."""
    whole = from_bits(np.int64((word >> np.uint64(12)) | TWO_TO_52_BITS)) - 2.0**52
    return (whole + 0.5) * 2.0**-52


@jit
def uniforms(seed, name_tag, block, out):
    """Fill `out`, shape (draw,), with the uniforms of a block."""
    k0, k1 = seed & LOW, seed >> HALF
    c2, c3 = name_tag & LOW, name_tag >> HALF
    first = np.uint64(block) * np.uint64(DRAWS // 2)
    for j in range(DRAWS // 2):
        pair = first + np.uint64(j)
        x0, x1, x2, x3 = philox(pair & LOW, pair >> HALF, c2, c3, k0, k1)
        out[2 * j] = unit((x0 << HALF) | x1)
        out[2 * j + 1] = unit((x2 << HALF) | x3)


@entry
def random_words(counter, key, out):
    """The four random words of one counter, compiled as the kernel has them."""
    out[0], out[1], out[2], out[3] = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
