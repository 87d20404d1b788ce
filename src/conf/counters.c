/* The counter table as data, sums and averages. */
#include "conf/counters.h"

const struct counter_row counter_rows[COUNTER_COUNT] = {
#define COUNTER_ROW(symbol, name, average, total, per, help)                                                           \
	[COUNTER_##symbol] = { name, average, total, help, COUNTER_##per },
	COUNTER_ROWS(COUNTER_ROW)
#undef COUNTER_ROW
};

void counters_sum(struct counters *sum, const struct counters *from)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		counters_add(sum, i, counters_get(from, i));
}

static uint64_t grown(enum counter counter, const struct counters *before, const struct counters *now)
{
	uint64_t old = counters_get(before, counter), new = counters_get(now, counter);
	return new > old ? new - old : 0;
}

uint64_t counters_average(enum counter counter, const struct counters *before, const struct counters *now,
			  int64_t period_us)
{
	enum counter per = counter_rows[counter].per;
	uint64_t amount = grown(counter, before, now);
	if (per != COUNTER_PERIOD) {
		uint64_t events = grown(per, before, now);
		return events ? amount / events : 0;
	}
	/* 128 bits: bytes times a million may not fit in 64. */
	return period_us > 0 ? (uint64_t)((unsigned __int128)amount * 1000000 / (uint64_t)period_us) : 0;
}
