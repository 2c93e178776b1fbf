/* Streaming histograms with moments, and the dates of crossings. */
#ifndef COUNTS_H
#define COUNTS_H
#include "maths.h"
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* One histogram: cells 1 to `bins`, with what lies below in cell 0 and above in the last; moments in bins. */
typedef struct { double scale, shift; } Place;
typedef struct { double sum, squares; } Moments;

static inline void count(const double *restrict value, int many, Place at, int bins, uint32_t *restrict cells,
                         Moments *restrict moments, uint16_t *restrict index) {
    double sum = 0.0, squares = 0.0, scale = at.scale, shift = at.shift, roof = bins + 1;
#pragma omp simd reduction(+ : sum, squares)
    for (int i = 0; i < many; i++) {
        double position = value[i] * scale + shift;
        sum += position;
        squares += position * position;
        index[i] = (uint16_t)(int32_t)least(most(position, 0.0), roof);
    }
    moments->sum += sum;
    moments->squares += squares;
    for (int i = 0; i < many; i += 4) { /* four indices by one load */
        uint64_t four;
        memcpy(&four, index + i, 8);
        cells[four & 0xFFFF]++, cells[four >> 16 & 0xFFFF]++, cells[four >> 32 & 0xFFFF]++, cells[four >> 48]++;
    }
}

/* Draws that reach a level between two instants: how many, and where they were before and now. */
static inline int gather(const double *restrict before, const double *restrict now, const double *restrict level,
                         double constant, int many, double *restrict share) {
    int found = 0;
#ifdef __AVX512F__
    __m512d same = _mm512_set1_pd(constant);
    for (int i = 0; i < many; i += 8) {
        __m512d l = level ? _mm512_load_pd(level + i) : same;
        __m512d a = _mm512_load_pd(before + i), b = _mm512_load_pd(now + i);
        __mmask8 here = _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(b, l, _CMP_GE_OQ), a, l, _CMP_LT_OQ);
        if (here) {
            _mm512_mask_compressstoreu_pd(share + found, here, _mm512_div_pd(_mm512_sub_pd(l, a), _mm512_sub_pd(b, a)));
            found += __builtin_popcount(here);
        }
    }
#else
    for (int i = 0; i < many; i++) {
        double l = level ? level[i] : constant;
        share[found] = (l - before[i]) / (now[i] - before[i]);
        found += now[i] >= l && before[i] < l;
    }
#endif
    return found;
}
#endif
