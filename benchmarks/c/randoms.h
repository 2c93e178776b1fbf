/* xoshiro256+ (Blackman and Vigna 2019), sixteen generators side by side, so that a step is a handful of vector
   instructions; each is started by SplitMix64. */
#ifndef RANDOMS_H
#define RANDOMS_H
#include <stdint.h>
#include "maths.h"
#define LANES 16

typedef struct { uint64_t s[4][LANES]; } Randoms;

static void seed_randoms(Randoms *r, uint64_t seed) {
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < LANES; i++) {
            uint64_t z = (seed += 0x9E3779B97F4A7C15ULL);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
            r->s[k][i] = z ^ (z >> 31);
        }
}

/* Uniforms strictly between 0 and 1; `many` is a multiple of LANES. */
static inline void uniforms(Randoms *restrict r, double *restrict out, int many) {
    uint64_t a[LANES], b[LANES], c[LANES], d[LANES];
    memcpy(a, r->s[0], sizeof a), memcpy(b, r->s[1], sizeof b), memcpy(c, r->s[2], sizeof c), memcpy(d, r->s[3], sizeof d);
    for (int from = 0; from < many; from += LANES)
#pragma omp simd
        for (int i = 0; i < LANES; i++) {
            uint64_t word = a[i] + d[i], t = b[i] << 17;
            c[i] ^= a[i], d[i] ^= b[i], b[i] ^= c[i], a[i] ^= d[i], c[i] ^= t;
            d[i] = d[i] << 45 | d[i] >> 19;
            out[from + i] = of_bits((int64_t)(word >> 12 | 0x3FF0000000000000ULL)) - (1.0 - 0x1p-53);
        }
    memcpy(r->s[0], a, sizeof a), memcpy(r->s[1], b, sizeof b), memcpy(r->s[2], c, sizeof c), memcpy(r->s[3], d, sizeof d);
}
#endif
