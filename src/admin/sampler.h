/* The sampler: the counters of every database at the last two ends of stats_period, for
 * averages. It lives on loop 0.
 *
 *    before ────── stats_period ────── last ────────► now
 *       averages are of this period            (until the first is over: since start)
 */
#pragma once

#include <stdint.h>

#include "admin/gather.h"
#include "conf/counters.h"
#include "session/sessions.h"

struct sampler;

/* Counters of one database: key = its name. */
struct sample {
	struct record record;
	struct counters now, before, last;
};

struct sampler *sampler_new(struct sessions_shared *shared);
void sampler_free(struct sampler *sampler);

/* For gathers of struct sample: adds what a loop has counted; on loop 0 also what was sampled. */
void sampler_here(const struct sampler *sampler, struct here *here);
void sample_add(void *into, const void *from);
/* The average of a counter over the last period. `periods` as sampler_period left them. */
struct sample_period {
	int64_t us; /* its length */
	bool complete; /* false: none has ended yet, it is the time since start */
};
struct sample_period sampler_period(const struct sampler *sampler);
uint64_t sample_average(const struct sample *sample, enum counter counter, struct sample_period period);
