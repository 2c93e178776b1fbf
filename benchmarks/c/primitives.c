/* The same mathematics as the model's, each over and over on one block that lies in the nearest cache. */
#include "maths.h"
#include "randoms.h"
#include "counts.h"
#define DRAWS 512
#define BINS 2048
#define ROUNDS for (int64_t round = 0; round < rounds; round++)
#define EACH _Pragma("omp simd") for (int i = 0; i < DRAWS; i++)
#define KEPT __asm__ volatile("" : : "r"(out), "r"(in) : "memory") /* so that no round is left out */

void exponential(int64_t rounds, double *restrict in, double *restrict out) {
    ROUNDS { EACH out[i] = exp2_of(in[i]); KEPT; }
}
void logarithm(int64_t rounds, double *restrict in, double *restrict out) {
    ROUNDS { EACH out[i] = log2_of(in[i]); KEPT; }
}
void quantile(int64_t rounds, double *restrict in, double *restrict out) {
    ROUNDS { memcpy(out, in, DRAWS * 8); quantiles(out, DRAWS); KEPT; }
}
void division(int64_t rounds, double *restrict in, double *restrict out) {
    ROUNDS { EACH out[i] = 0.7 / in[i]; KEPT; }
}
/* 32 operations, which become 16 fused ones */
void arithmetic(int64_t rounds, double *restrict in, double *restrict out) {
    ROUNDS {
        EACH {
            double x = in[i];
            for (int k = 0; k < 16; k++) x = x * 0.7 + 0.3;
            out[i] = x;
        }
        KEPT;
    }
}
void uniform(int64_t rounds, double *restrict in, double *restrict out) {
    Randoms randoms;
    seed_randoms(&randoms, 1);
    ROUNDS { uniforms(&randoms, out, DRAWS); KEPT; }
}
void histogram(int64_t rounds, double *restrict in, double *restrict out) {
    static uint32_t cells[BINS + 2];
    uint16_t index[DRAWS];
    Moments moments = {0.0, 0.0};
    Place at = {256.0, 896.0};
    ROUNDS { count(in, DRAWS, at, BINS, cells, &moments, index); KEPT; }
    out[0] = moments.sum + moments.squares + cells[1024];
}
