"""Mathematics with the same bits everywhere, and fast enough to vectorise.

The C library's exp, log and pow differ in the last bit between processors, and would be called one draw at a time.
These are polynomials made of exact operations (+, -, *, /, sqrt and fused multiply-add), branch-free, so that a loop
over a block of draws becomes vector instructions and gives the same bits on any machine. Coefficients are Chebyshev
fits at 50 digits, whose errors `tests/test_fastmath.py` measures against mpmath. The normal quantile is Wichura's AS
241 (Applied Statistics 37, 1988).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import struct

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simulate.compiled import config, inline

ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to a whole number, half to even, in the low bits
ROUND_BITS = 0x4338000000000000
LOG2_10, LOG2_10_LOW = 3.321928094887362, 1.661617516973592e-16
LOG10_2 = 0.3010299956639812
LOG2_E, LOG2_E_LOW = 1.4426950408889634, 2.0355273740931033e-17
LN_2 = 0.6931471805599453
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
SQRT_HALF = 0.7071067811865476
LARGEST_EXPONENT = 1022.0
CENTRAL = 0.425  # from 1/2: how far the central fit of the normal quantile reaches


def _bits_in(x):
    return struct.unpack("<q", struct.pack("<d", x))[0]


def _bits_out(n):
    return struct.unpack("<d", struct.pack("<Q", int(n) & 0xFFFFFFFFFFFFFFFF))[0]


def _intrinsics():
    """The three operations that Python has no word for, as machine instructions."""

    @intrinsic
    def fma(context, a, b, c):
        return types.float64(types.float64, types.float64, types.float64), lambda _c, build, _s, args: build.fma(*args)

    @intrinsic
    def to_bits(context, x):
        return types.int64(types.float64), lambda _c, build, _s, args: build.bitcast(args[0], ir.IntType(64))

    @intrinsic
    def from_bits(context, n):
        return types.float64(types.int64), lambda _c, build, _s, args: build.bitcast(args[0], ir.DoubleType())

    return fma, to_bits, from_bits


def _plain():
    """The same three for the uncompiled program (NUMBA_DISABLE_JIT=1), which the tests compare bit for bit."""
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.fma.restype = ctypes.c_double
    library.fma.argtypes = [ctypes.c_double] * 3
    return library.fma, _bits_in, _bits_out


fma, to_bits, from_bits = _plain() if config.DISABLE_JIT else _intrinsics()


@inline
def _exp2_fraction(r):
    """2**r for |r| <= 1/2."""
    p = fma(4.4549605981865186e-10, r, 7.072585949269223e-09)
    p = fma(p, r, 1.0178062445845774e-07)
    p = fma(p, r, 1.321544258792169e-06)
    p = fma(p, r, 1.525273382983612e-05)
    p = fma(p, r, 0.0001540353044173605)
    p = fma(p, r, 0.0013333558146416936)
    p = fma(p, r, 0.009618129107606888)
    p = fma(p, r, 0.0555041086648216)
    p = fma(p, r, 0.24022650695910097)
    p = fma(p, r, LN_2)
    return fma(p, r, 1.0)


@inline
def exp2(x):
    """2**x, for x clipped to +-1022: at most 1 ulp off."""
    x = max(min(x, LARGEST_EXPONENT), -LARGEST_EXPONENT)
    k = x + ROUND
    return from_bits(to_bits(_exp2_fraction(x - (k - ROUND))) + (to_bits(k) << 52))


@inline
def exp10(x):
    """10**x, for results within 2**+-1022: the product with log2(10) is taken to 106 bits."""
    x = max(min(x, 307.65), -307.65)
    k = x * LOG2_10 + ROUND
    r = fma(x, LOG2_10, ROUND - k)
    return from_bits(to_bits(_exp2_fraction(fma(x, LOG2_10_LOW, r))) + (to_bits(k) << 52))


@inline
def exp(x):
    """e**x, for results within 2**+-1022."""
    x = max(min(x, 708.3), -708.3)
    k = x * LOG2_E + ROUND
    r = fma(x, LOG2_E, ROUND - k)
    return from_bits(to_bits(_exp2_fraction(fma(x, LOG2_E_LOW, r))) + (to_bits(k) << 52))


@inline
def log2(x):
    """Base-2 logarithm of a positive normal number; -inf at 0, nan below, inf at inf."""
    b = to_bits(x)
    e = (b - SQRT_HALF_BITS) >> 52
    m = from_bits(b - (e << 52))
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    p = fma(0.18880213866521517, z, 0.19142773772579882)
    p = fma(p, z, 0.22197652442853488)
    p = fma(p, z, 0.26230786391134053)
    p = fma(p, z, 0.32059890042182215)
    p = fma(p, z, 0.4121985831021106)
    p = fma(p, z, 0.5770780163555981)
    p = fma(p, z, 0.9617966939259756)
    whole = from_bits(e + ROUND_BITS) - ROUND
    # log2(m) = s * (2/ln 2 + z p), and s * 2/ln 2 = (f - f s) / ln 2: the large term without the error of the division
    value = whole + fma(s, z * p, fma(-f, s, f) * LOG2_E)
    value = value if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
    return value if x < math.inf else (math.inf if x == math.inf else math.nan)


@inline
def log10(x):
    """Base-10 logarithm."""
    return log2(x) * LOG10_2


@inline
def log10_one_plus(y):
    """log10(1 + y) for y from 0 to 1, with full relative precision: 2 atanh(y / (2 + y)) / ln 10."""
    s = y / (2.0 + y)
    z = s * s
    p = fma(0.07019955814499547, z, 0.0382211216120621)
    p = fma(p, z, 0.05211999698124401)
    p = fma(p, z, 0.05782259361517271)
    p = fma(p, z, 0.06681868180147386)
    p = fma(p, z, 0.07896250823239337)
    p = fma(p, z, 0.09650988701804007)
    p = fma(p, z, 0.12408413766788266)
    p = fma(p, z, 0.17371779276136406)
    p = fma(p, z, 0.28952965460216784)
    return fma(s, z * p, s * 0.8685889638065036)


@inline
def log(x):
    """Natural logarithm."""
    return log2(x) * LN_2


@inline
def power(x, y):
    """x**y: for x < 0 only at whole y, as everywhere; 0**0 = 1."""
    size = exp2(y * log2(abs(x)))
    whole = np.floor(y) == y
    odd = np.floor(y * 0.5) * 2.0 != y
    value = size if x > 0.0 else ((-size if odd else size) if whole else math.nan)
    value = value if x != 0.0 else (0.0 if y > 0.0 else math.inf)
    return 1.0 if y == 0.0 else value


@inline
def round_even(x):
    """The nearest whole number, halves to even."""
    return (x + ROUND) - ROUND if abs(x) < 2251799813685248.0 else x


@inline
def normal_quantile_central(q):
    """The normal quantile of 1/2 + q for |q| up to 0.425, by AS 241."""
    r = fma(-q, q, 0.180625)
    n = fma(2.5090809287301226727e3, r, 3.3430575583588128105e4)
    n = fma(n, r, 6.7265770927008700853e4)
    n = fma(n, r, 4.5921953931549871457e4)
    n = fma(n, r, 1.3731693765509461125e4)
    n = fma(n, r, 1.9715909503065514427e3)
    n = fma(n, r, 1.3314166789178437745e2)
    n = fma(n, r, 3.3871328727963666080)
    d = fma(5.2264952788528545610e3, r, 2.8729085735721942674e4)
    d = fma(d, r, 3.9307895800092710610e4)
    d = fma(d, r, 2.1213794301586595867e4)
    d = fma(d, r, 5.3941960214247511077e3)
    d = fma(d, r, 6.8718700749205790830e2)
    d = fma(d, r, 4.2313330701600911252e1)
    return q * n / fma(d, r, 1.0)


@inline
def normal_quantile_outer(u):
    """The normal quantile of u further from 1/2 than that, by AS 241: one fit up to five standard deviations or so, and
    one beyond.
    """
    w = math.sqrt(-LN_2 * log2(min(u, 1.0 - u)))
    far = w > 5.0
    r = w - 5.0 if far else w - 1.6
    n = 2.01033439929228813265e-7 if far else 7.74545014278341407640e-4
    n = fma(n, r, 2.71155556874348757815e-5 if far else 2.27238449892691845833e-2)
    n = fma(n, r, 1.24266094738807843860e-3 if far else 2.41780725177450611770e-1)
    n = fma(n, r, 2.65321895265761230930e-2 if far else 1.27045825245236838258)
    n = fma(n, r, 2.96560571828504891230e-1 if far else 3.64784832476320460504)
    n = fma(n, r, 1.78482653991729133580 if far else 5.76949722146069140550)
    n = fma(n, r, 5.46378491116411436990 if far else 4.63033784615654529590)
    n = fma(n, r, 6.65790464350110377720 if far else 1.42343711074968357734)
    d = 2.04426310338993978564e-15 if far else 1.05075007164441684324e-9
    d = fma(d, r, 1.42151175831644588870e-7 if far else 5.47593808499534494600e-4)
    d = fma(d, r, 1.84631831751005468180e-5 if far else 1.51986665636164571966e-2)
    d = fma(d, r, 7.86869131145613259100e-4 if far else 1.48103976427480074590e-1)
    d = fma(d, r, 1.48753612908506148525e-2 if far else 6.89767334985100004550e-1)
    d = fma(d, r, 1.36929880922735805310e-1 if far else 1.67638483018380384940)
    d = fma(d, r, 5.99832206555887937690e-1 if far else 2.05319162663775882187)
    d = fma(d, r, 1.0)
    return (-1.0 if u < 0.5 else 1.0) * n / d


@inline
def normal_quantile(u):
    """The normal quantile of u in (0, 1), by AS 241."""
    q = u - 0.5
    return normal_quantile_central(q) if abs(q) <= CENTRAL else normal_quantile_outer(u)


@inline
def normal_tail(z):
    """P(Z > z) for z >= 0, exp(-z*z/2) times a polynomial for the scaled complementary error function."""
    t = min(z, 47.0) * SQRT_HALF
    y = (t - 3.75) / (t + 3.75)
    p = fma(3.7611989427125413e-10, y, 1.3775641009769146e-10)
    p = fma(p, y, -5.179603582570927e-09)
    p = fma(p, y, -3.146241062839824e-09)
    p = fma(p, y, 3.909682461785972e-08)
    p = fma(p, y, 2.2400132154266618e-08)
    p = fma(p, y, -2.595828332657103e-07)
    p = fma(p, y, -5.655316160168283e-08)
    p = fma(p, y, 1.752596850656012e-06)
    p = fma(p, y, -9.738410936011977e-07)
    p = fma(p, y, -1.1444743245939128e-05)
    p = fma(p, y, 2.2384291631618985e-05)
    p = fma(p, y, 5.1649333411017436e-05)
    p = fma(p, y, -0.0002901540753674383)
    p = fma(p, y, 0.00029371360687577405)
    p = fma(p, y, 0.0017556258481364736)
    p = fma(p, y, -0.009746579548896734)
    p = fma(p, y, 0.028362277419938225)
    p = fma(p, y, -0.05869339859046377)
    p = fma(p, y, 0.09230432116028654)
    p = fma(p, y, -0.10880393014171053)
    p = fma(p, y, 0.08227673849014874)
    p = fma(p, y, 0.0035854154854637384)
    p = fma(p, y, -0.140240598585547)
    p = fma(p, y, 1.2375126308378275)
    square = z * z
    low = fma(z, z, -square)
    gauss = exp(-0.5 * square) * fma(-0.5, low, 1.0)
    return 0.5 * gauss * p / fma(2.0, t, 1.0)


@inline
def normal_probability(z):
    """P(Z <= z), with full relative precision in the lower tail."""
    tail = normal_tail(abs(z))
    return tail if z < 0.0 else 1.0 - tail
