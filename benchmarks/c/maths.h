/* Mathematics in base 2, inline so that loops over draws become vector instructions. Errors stay within some four units
   in the last place, as those of glibc's vector library do; the coefficients are Chebyshev fits. */
#ifndef MATHS_H
#define MATHS_H
#include <stdint.h>
#include <string.h>

static inline int64_t bits_of(double x) { int64_t n; memcpy(&n, &x, 8); return n; }
static inline double of_bits(int64_t n) { double x; memcpy(&x, &n, 8); return x; }
static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return a > b ? a : b; }

/* -ffast-math would fold (x + ROUND) - ROUND into x, so the whole part comes from a conversion instead. */
static inline double exp2_of(double x) {
    double k = __builtin_rint(x), r = x - k;
    double p = 7.0725859492692237e-9;
    p = p * r + 1.020869029995830583e-7;
    p = p * r + 1.321544258792168965e-6;
    p = p * r + 0.00001525265726020083706;
    p = p * r + 0.0001540353044173605015;
    p = p * r + 0.00133335582301649739;
    p = p * r + 0.009618129107606888527;
    p = p * r + 0.05550410866444771917;
    p = p * r + 0.2402265069591009822;
    p = p * r + 0.6931471805599499829;
    p = p * r + 1.0;
    return of_bits(bits_of(p) + ((int64_t)k << 52));
}

static inline double log2_of(double x) {
    int64_t b = bits_of(x), e = (b - 0x3FE6A09E667F3BCDLL) >> 52;
    double m = of_bits(b - (e << 52)), s = (m - 1.0) / (m + 1.0), z = s * s;
    double p = 0.2429160853987534946;
    p = p * z + 0.2614442493522914759;
    p = p * z + 0.3206163881322454835;
    p = p * z + 0.4121984020482751643;
    p = p * z + 0.5770780172463285835;
    p = p * z + 0.9617966939243345586;
    p = p * z + 2.885390081777927308;
    return (double)e + s * p;
}

/* The normal quantile over 2 u - 1, a smooth function of v = -log2(4 u (1 - u)); beyond FAR (0.2 % of draws) of its
   root. */
#define FAR 8.0
static inline double quantile_centre(double v) {
    double p = 2.201085050447504814e-21;
    p = p * v - 1.865080960330897897e-19;
    p = p * v + 7.156442131220834487e-18;
    p = p * v - 1.624372644165741485e-16;
    p = p * v + 2.377885292634949123e-15;
    p = p * v - 2.276471901141781622e-14;
    p = p * v + 1.367318319621114706e-13;
    p = p * v - 4.938769218851926004e-13;
    p = p * v + 2.094942063477103916e-12;
    p = p * v - 2.000654063589552182e-11;
    p = p * v + 4.26712354213588237e-11;
    p = p * v + 1.163930926139548061e-9;
    p = p * v - 2.77507462926616536e-9;
    p = p * v - 1.101160560167636807e-7;
    p = p * v + 3.168488024800570348e-7;
    p = p * v + 0.00001054712947157405806;
    p = p * v - 0.00004179974502460767045;
    p = p * v - 0.001099758102969757482;
    p = p * v + 0.007847352533989564493;
    p = p * v + 0.2274332860165849057;
    return p * v + 1.253314137315500306;
}

static inline double quantile_tail(double v) {
    double r = __builtin_sqrt(v) - 5.088448176547862196, p = 8.428565084871219107e-12;
    p = p * r - 5.025595130169972913e-11;
    p = p * r - 5.389872020448916057e-12;
    p = p * r + 7.26472597304548141e-10;
    p = p * r - 2.460716692285972587e-9;
    p = p * r + 4.734827731594386654e-9;
    p = p * r - 6.30725493722424425e-9;
    p = p * r - 1.462030376507064554e-8;
    p = p * r + 2.054848181558931909e-7;
    p = p * r - 1.315368468238649862e-6;
    p = p * r + 6.956329777216564509e-6;
    p = p * r - 0.00003335989350537604661;
    p = p * r + 0.0001437033500114090072;
    p = p * r - 0.000503372111400772238;
    p = p * r + 0.0007221512361580542711;
    p = p * r + 1.189135656338460917;
    return p * r + 5.767868489926998144;
}

/* u becomes its normal quantile in place. The tail is rare enough to be done again by itself, where there is any. */
#define PIECE 64
static inline void quantiles(double *restrict u, int many) {
    double v[PIECE];
    for (int from = 0; from < many; from += PIECE) {
        double *restrict z = u + from, largest = 0.0;
#pragma omp simd reduction(max : largest)
        for (int i = 0; i < PIECE; i++) {
            v[i] = -2.0 - log2_of(z[i] * (1.0 - z[i]));
            largest = most(largest, v[i]);
            z[i] = (2.0 * z[i] - 1.0) * quantile_centre(v[i]);
        }
        if (largest > FAR)
            for (int i = 0; i < PIECE; i++)
                if (v[i] > FAR) z[i] = z[i] < 0.0 ? -quantile_tail(v[i]) : quantile_tail(v[i]);
    }
}
#endif
