/* The model as fast as C can do it, for a set with the laws and limits of baseline_2026. Levels are log2.

   A block of draws goes through the years. All that happens to a draw in a year is one loop, so that nothing but states
   and results touches memory; a second loop counts. Of exponential paths below a logistic limit, log(1/(1/a + 1/L)),
   the amount itself is carried on by one multiplication a year, which leaves one logarithm and no exponential. `set.h`
   is written from the assumption set: names of rows and results, certain values, years, nodes of the quadrature. */
#include <stdlib.h>
#include "set.h"
#include "maths.h"
#include "randoms.h"
#include "counts.h"
#ifndef DRAWS
#define DRAWS 128
#endif

enum { BINARY = 1, CUT = 2 };                                  /* flags of a row: watched as log2; a cut normal */
enum { NORMAL, UNIFORM, TRIANGULAR, METALOG };                 /* what is drawn */
enum { LINEAR, EXPONENTIAL, PERCENT, LOGARITHM };              /* what becomes of it */

typedef struct {
    int64_t family, convert, flags;
    double p[5], kept[2];                                      /* parameters; kept probabilities of a cut normal */
    double factor, shift, rate;                                /* value = shift + factor * (w or 2^(rate w)) */
} Row;

typedef struct {
    Row row[ROWS];
    double mixing[CORRELATED][CORRELATED];
    Place inputs[ROWS], results[INSTANTS][RESULTS];
    int64_t level_row[THRESHOLDS], effective[THRESHOLDS];      /* row of the level, or -1 for `level` */
    double level[THRESHOLDS];
} Set;

typedef struct {
    uint32_t inputs[ROWS][BINS + 2], results[INSTANTS][RESULTS][BINS + 2];
    Moments input_moments[ROWS], result_moments[INSTANTS][RESULTS];
    int64_t binding[INSTANTS][ACTIVE], crossed[THRESHOLDS][INSTANTS], dates[THRESHOLDS][(INSTANTS - 1) * CELLS];
} Counts;

typedef double Column[DRAWS];

typedef struct {
    Column x[ROWS];                                            /* inputs */
    Column result[2][RESULTS];                                 /* of this instant and of the one before */
    Column survival, weight[NODES], node[NODES], stock;        /* chips */
    Column chip_left, chip_shrink, chip_final, chip_roof;
    Column power_left, power_shrink, power_final, power_roof;
    Column spend, spend_shrink, bound, bound_shrink, price, price_shrink, price_roof;
    Column efficiency, efficiency_shrink, efficiency_roof;
    Column tokens, token_grow, synthetic, token_stock;
    Column fits, per_fit, chips_of_run, by_data, by_latency;
    Column by_compute, gain, gain_a_year, gain_roof;
    double share[DRAWS + 8];
    uint16_t index[DRAWS];
    Randoms randoms;
} Block __attribute__((aligned(64)));

#define EACH _Pragma("omp simd") for (int i = 0; i < DRAWS; i++)

static inline void metalog(const double *p, double *restrict u, int64_t bounded_below, int64_t bounded_above) {
    double middle = p[0], slope = p[1], skew = p[2], floor = p[3], roof = p[4];
    EACH {
        double y = middle + (log2_of(u[i]) - log2_of(1.0 - u[i])) * LN_2 * (slope + skew * (u[i] - 0.5));
        double e = exp2_of(LOG2_E * (bounded_below ? y : -y));
        u[i] = bounded_below ? (bounded_above ? (floor + roof * e) / (1.0 + e) : floor + e)
                             : (bounded_above ? roof - e : y);
    }
}

static void draw(const Set *restrict set, Block *restrict b) {
    for (int k = 0; k < ROWS; k++) uniforms(&b->randoms, b->x[k], DRAWS);
    for (int k = 0; k < CORRELATED; k++) quantiles(b->x[correlated[k]], DRAWS);
    for (int k = CORRELATED - 1; k >= 0; k--) {
        double *restrict z = b->x[correlated[k]], own = set->mixing[k][k];
        EACH z[i] *= own;
        for (int j = 0; j < k; j++) {
            double weight = set->mixing[k][j];
            const double *restrict other = b->x[correlated[j]];
            if (weight != 0.0) EACH z[i] += weight * other[i];
        }
    }
    for (int k = 0; k < ROWS; k++) {
        const Row *row = &set->row[k];
        const double *p = row->p;
        double *restrict x = b->x[k], a = p[0], c = p[1], low = row->kept[0], wide = row->kept[1] - low;
        if (row->flags & CUT) EACH x[i] = low + wide * x[i];
        if (row->family == NORMAL) {
            if (!is_correlated[k]) quantiles(x, DRAWS);
            EACH x[i] = a + c * x[i];
        } else if (row->family == UNIFORM) {
            EACH x[i] = a + c * x[i];
        } else if (row->family == TRIANGULAR) {
            double rise = p[2] - p[0], left = rise * (p[1] - p[0]), right = rise * (p[2] - p[1]);
            double share = (p[1] - p[0]) / rise, high = p[2];
            EACH {
                double root = __builtin_sqrt(x[i] < share ? left * x[i] : right * (1.0 - x[i]));
                x[i] = x[i] < share ? a + root : high - root;
            }
        } else {
            metalog(p, x, p[3] > -1e300, p[4] < 1e300);
        }
        if (row->convert == LOGARITHM) EACH x[i] = log2_of(x[i]);
    }
}

static void convert(const Set *restrict set, Block *restrict b) {
    for (int k = 0; k < ROWS; k++) {
        const Row *row = &set->row[k];
        double *restrict x = b->x[k], factor = row->factor, shift = row->shift, rate = row->rate;
        if (row->convert == EXPONENTIAL) EACH x[i] = shift + factor * exp2_of(rate * x[i]);
        else if (row->convert == PERCENT) EACH x[i] = log2_of(1.0 + factor * x[i]);
        else EACH x[i] = shift + factor * x[i];
    }
}

#define X(name) b->x[ROW_##name][i]

static void prepare(Block *restrict b) {
    EACH {
        double retired = X(chip_retirement) * (STEP * LOG2_E);
        b->survival[i] = exp2_of(-retired);
        double rate = -1.0 / X(chip_half_life), left = X(chip_growth) * LOG2_E * X(chip_half_life);
        for (int k = 0; k < NODES; k++) {
            b->node[k][i] = exp2_of(rate * (STEP * node_at[k]));
            b->weight[k][i] = STEP * node_weight[k] * exp2_of(-retired * (1.0 - node_at[k]));
        }
        b->stock[i] = exp2_of(X(chip_stock_start));
        b->chip_left[i] = left, b->chip_final[i] = X(chip_start) + left;
        b->chip_shrink[i] = exp2_of(rate * STEP), b->chip_roof[i] = exp2_of(-X(chip_limit));
    }
    EACH {
        double rate = -1.0 / X(power_half_life), left = X(power_growth) * LOG2_E * X(power_half_life);
        b->power_left[i] = left, b->power_final[i] = X(power_start) + left;
        b->power_shrink[i] = exp2_of(rate * STEP), b->power_roof[i] = exp2_of(-X(power_limit));
        double lead = X(spend_growth) / (1.0 + most(X(spend_growth) * X(spend_delay), 0.0));
        b->spend[i] = exp2_of(-X(spend_start)), b->spend_shrink[i] = exp2_of(-lead * STEP);
        b->bound[i] = exp2_of(-X(spend_limit_share) - X(gwp_start)), b->bound_shrink[i] = exp2_of(-X(gwp_growth) * STEP);
        b->price[i] = exp2_of(-X(price_performance_start));
        b->price_shrink[i] = exp2_of(-X(price_performance_growth) * STEP);
        b->price_roof[i] = exp2_of(-X(price_performance_limit));
        b->efficiency[i] = exp2_of(-X(efficiency_start)), b->efficiency_shrink[i] = exp2_of(-X(efficiency_growth) * STEP);
        b->efficiency_roof[i] = exp2_of(-X(efficiency_limit));
    }
    EACH {
        double stock = X(token_start) + X(token_growth) * (START - TOKENS_SINCE);
        b->token_stock[i] = stock;
        b->tokens[i] = exp2_of(stock + X(token_quality) + X(token_epochs) + X(token_modalities));
        b->token_grow[i] = exp2_of(X(token_growth) * STEP), b->synthetic[i] = STEP * exp2_of(X(synthetic_tokens));
        double extra = X(layer_scaling) - X(batch_scaling), ratio = X(tokens_per_parameter);
        b->per_fit[i] = 1.0 / (1.0 + extra);
        b->fits[i] = (extra * PARAMETERS_REFERENCE + X(batch_reference) - X(latency_per_layer) - LAYERS_REFERENCE - ratio)
                     * b->per_fit[i];
        b->chips_of_run[i] = X(chip_share) + X(chip_flops);
        b->by_data[i] = LOG2_6 - ratio, b->by_latency[i] = LOG2_6 + ratio;
        double share = X(algorithm_compute_share), growth = X(algorithm_growth);
        b->by_compute[i] = share * growth / ALGORITHM_REFERENCE_GROWTH;
        b->gain_a_year[i] = (1.0 - share) * growth * STEP;
        b->gain_roof[i] = exp2_of(-X(algorithm_limit));
    }
}

#define NEW(name) now[RESULT_##name][i]

/* Everything of a draw at instant `k`; `first` is a constant where this is called, so that two loops come of it. */
static inline __attribute__((always_inline)) void
advance(Block *restrict b, int k, const int first, Column *restrict now, const Column *restrict before,
        int64_t *restrict binding) {
    double e = k * STEP, money = 0.0, chips = 0.0, power = 0.0, data = 0.0;
    EACH {
        if (!first) {
            /* sum of weight / amount over the nodes, over one denominator */
            double a[NODES], left = b->chip_left[i], final = b->chip_final[i], roof = b->chip_roof[i];
            for (int n = 0; n < NODES; n++) a[n] = exp2_of(left * b->node[n][i] - final) + roof;
            double above = b->weight[0][i], below = a[0];
            for (int n = 1; n < NODES; n++) above = above * a[n] + b->weight[n][i] * below, below *= a[n];
            b->stock[i] = b->stock[i] * b->survival[i] + above / below;
            b->chip_left[i] *= b->chip_shrink[i], b->power_left[i] *= b->power_shrink[i];
            b->spend[i] *= b->spend_shrink[i], b->bound[i] *= b->bound_shrink[i];
            b->price[i] *= b->price_shrink[i], b->efficiency[i] *= b->efficiency_shrink[i];
            b->tokens[i] *= b->token_grow[i];
        }
        double spend = -log2_of(b->spend[i] + b->bound[i]), price = -log2_of(b->price[i] + b->price_roof[i]);
        double run = least(X(run_length_start) + X(run_length_growth) * e, X(run_length_limit));
        double stock = log2_of(b->stock[i]), used = run + X(utilisation);
        double supply = -log2_of(exp2_of(b->power_left[i] - b->power_final[i]) + b->power_roof[i]);
        double efficiency = -log2_of(b->efficiency[i] + b->efficiency_roof[i]);
        double tokens = log2_of(b->tokens[i] + b->synthetic[i] * k);
        double size = run * b->per_fit[i] + b->fits[i], year = START + e, change = X(trend_slowdown);
        double trend = X(trend_start) + X(trend_growth) * (least(year, change) - least(START, change))
                       + X(trend_growth_after) * (most(year, change) - most(START, change));
        double by_money = spend + price, by_chips = stock + b->chips_of_run[i] + used;
        double by_power = supply + efficiency + used, by_data = 2.0 * tokens + b->by_data[i];
        double compute = least(least(least(by_money, by_chips), least(by_power, by_data)), trend);
        money += by_money == compute ? 1.0 : 0.0;
        chips += by_chips == compute ? 1.0 : 0.0;
        power += by_power == compute ? 1.0 : 0.0;
        data += by_data == compute ? 1.0 : 0.0;
        if (first) b->gain[i] = -b->by_compute[i] * compute;
        double wanted = b->by_compute[i] * compute + b->gain[i] + b->gain_a_year[i] * k;
        double gain = most(-log2_of(exp2_of(-wanted) + b->gain_roof[i]), 0.0);
        NEW(gwp) = X(gwp_start) + X(gwp_growth) * e;
        NEW(spend) = spend;
        NEW(price_performance) = price;
        NEW(run_length) = run;
        NEW(chip_output) = -log2_of(exp2_of(b->chip_left[i] - b->chip_final[i]) + b->chip_roof[i]);
        NEW(chips) = stock;
        NEW(power) = supply;
        NEW(efficiency) = efficiency;
        NEW(token_stock) = b->token_stock[i] + X(token_growth) * e;
        NEW(tokens) = tokens;
        NEW(parameters_by_latency) = size;
        NEW(trend) = trend;
        NEW(algorithm_gain) = gain;
        NEW(training_compute) = compute;
        NEW(largest_run) = most(first ? X(largest_run_start) : before[RESULT_largest_run][i], compute);
        NEW(effective_compute) = compute + gain;
        NEW(largest_effective) = first ? compute + gain : most(before[RESULT_largest_effective][i], compute + gain);
        NEW(ceiling_money) = by_money;
        NEW(ceiling_chips) = by_chips;
        NEW(ceiling_power) = by_power;
        NEW(ceiling_data) = by_data;
        NEW(ceiling_latency) = 2.0 * size + b->by_latency[i];
    }
    binding[ACTIVE_money] += (int64_t)money, binding[ACTIVE_chips] += (int64_t)chips;
    binding[ACTIVE_power] += (int64_t)power, binding[ACTIVE_data] += (int64_t)data;
    binding[ACTIVE_trend] += DRAWS - (int64_t)money - (int64_t)chips - (int64_t)power - (int64_t)data;
}

static inline void cross(const Set *restrict set, Block *restrict b, Counts *restrict counts, int k, int *waiting,
                         Column *now, Column *before) {
    for (int n = 0; n < THRESHOLDS; n++) {
        int quantity = set->effective[n] ? RESULT_largest_effective : RESULT_largest_run, here = 0;
        const double *level = set->level_row[n] < 0 ? NULL : b->x[set->level_row[n]];
        double constant = set->level[n];
        if (k == 0) {
            for (int i = 0; i < DRAWS; i++) here += now[quantity][i] >= (level ? level[i] : constant);
            waiting[n] = DRAWS;
        } else if (waiting[n]) {
            here = gather(before[quantity], now[quantity], level, constant, DRAWS, b->share);
            for (int i = 0; i < here; i++) {
                int cell = (int)((k - 1 + b->share[i]) * (STEP * CELLS)), last = (INSTANTS - 1) * CELLS - 1;
                counts->dates[n][cell < last ? cell : last]++;
            }
        }
        waiting[n] -= here;
        counts->crossed[n][k] += here;
    }
}

/* What a run does; each part can be left out, to see what it costs. */
enum { HISTOGRAMS = 1, INPUTS = 2, CROSSINGS = 4, YEARS = 8 };

void run(const Set *restrict set, Counts *restrict counts, uint64_t seed, int64_t blocks, int64_t parts) {
    Block *b = aligned_alloc(64, (sizeof(Block) + 63) / 64 * 64);
    int waiting[THRESHOLDS];
    seed_randoms(&b->randoms, seed);
    for (int64_t block = 0; block < blocks; block++) {
        draw(set, b);
        if (parts & INPUTS)
            for (int k = 0; k < ROWS; k++)
                count(b->x[k], DRAWS, set->inputs[k], BINS, counts->inputs[k], &counts->input_moments[k], b->index);
        convert(set, b);
        prepare(b);
        for (int k = 0; k < INSTANTS && parts & YEARS; k++) {
            Column *now = b->result[k & 1], *before = b->result[~k & 1];
            if (k) advance(b, k, 0, now, before, counts->binding[k]);
            else advance(b, 0, 1, now, before, counts->binding[0]);
            if (parts & CROSSINGS) cross(set, b, counts, k, waiting, now, before);
            if (parts & HISTOGRAMS)
                for (int r = 0; r < RESULTS; r++)
                    count(now[r], DRAWS, set->results[k][r], BINS, counts->results[k][r], &counts->result_moments[k][r],
                          b->index);
        }
    }
    free(b);
}
