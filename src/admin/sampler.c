/* Samples of the counters, taken by a timer, and the log's line of statistics. */
#include "admin/sampler.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct sampler {
	struct sessions_shared *shared;
	struct timer *timer;
	struct records samples; /* `last` of each is that of the end of the last period */
	int64_t start_us;
	_Atomic int64_t before_us, last_us; /* of the samples; 0 = none */
};

static void on_timer(void *arg);
static void on_database(void *here, const struct database *database);
static void counters_here(struct here *here);
static void on_counters(void *arg, struct gathered *gathered);
static void log_line(const struct records *samples, struct sample_period period);

struct sampler *sampler_new(struct sessions_shared *shared)
{
	struct sampler *s = MEM_NEW(struct sampler);
	s->shared = shared;
	s->start_us = clock_now_us();
	records_init(&s->samples, sizeof(struct sample));
	s->timer = timer_new(shared->loops[0], on_timer, s);
	timer_start(s->timer, 0);
	return s;
}

void sampler_free(struct sampler *s)
{
	timer_free(s->timer);
	records_done(&s->samples);
	mem_free(s);
}

void sampler_here(const struct sampler *s, struct here *here)
{
	sessions_each_database(here->sessions, on_database, here);
	for (size_t i = 0; here->sessions->index == 0 && i < s->samples.count; i++) {
		const struct sample *from = s->samples.items[i];
		struct sample *sample = RECORDS_ADD(&here->records, record_text(from, 0));
		counters_sum(&sample->before, &from->before);
		counters_sum(&sample->last, &from->last);
	}
}

static void on_database(void *arg, const struct database *database)
{
	struct here *here = arg;
	struct sample *sample = RECORDS_ADD(&here->records, database->name);
	counters_sum(&sample->now, &database->counters);
}

void sample_add(void *into, const void *from)
{
	struct sample *sum = into;
	const struct sample *more = from;
	counters_sum(&sum->now, &more->now);
	counters_sum(&sum->before, &more->before);
	counters_sum(&sum->last, &more->last);
}

struct sample_period sampler_period(const struct sampler *s)
{
	int64_t before_us = atomic_load(&s->before_us), last_us = atomic_load(&s->last_us);
	bool complete = before_us && last_us > before_us;
	return (struct sample_period){ complete ? last_us - before_us : clock_now_us() - s->start_us, complete };
}

uint64_t sample_average(const struct sample *sample, enum counter counter, struct sample_period period)
{
	return period.complete ? counters_average(counter, &sample->before, &sample->last, period.us)
			       : counters_average(counter, &sample->before, &sample->now, period.us);
}

/* --- the timer --- */

static void on_timer(void *arg)
{
	struct sampler *s = arg;
	gather(&(struct gather_setup){ .shared = s->shared,
				       .back = s->shared->loops[0],
				       .record_bytes = sizeof(struct sample),
				       .arg = s,
				       .on_loop = counters_here,
				       .on_all = on_counters });
}

static void counters_here(struct here *here)
{
	sessions_each_database(here->sessions, on_database, here);
}

static const struct sample *find(const struct records *samples, const char *name)
{
	for (size_t i = 0; i < samples->count; i++)
		if (strcmp(record_text(samples->items[i], 0), name) == 0)
			return samples->items[i];
	return NULL;
}

static void on_counters(void *arg, struct gathered *gathered)
{
	struct sampler *s = arg;
	const struct settings *settings = s->shared->sessions[0]->settings;
	struct records *samples = &gathered->records;
	records_merge(samples, sample_add);
	for (size_t i = 0; i < samples->count; i++) {
		struct sample *sample = samples->items[i];
		const struct sample *old = find(&s->samples, record_text(sample, 0));
		counters_sum(&sample->last, &sample->now);
		if (old)
			counters_sum(&sample->before, &old->last);
	}
	records_done(&s->samples);
	records_move(&s->samples, samples);
	int64_t last_us = atomic_load(&s->last_us);
	atomic_store(&s->before_us, last_us);
	atomic_store(&s->last_us, clock_now_us());
	if (last_us && settings->log_stats)
		log_line(&s->samples, sampler_period(s));
	timer_start(s->timer, settings->stats_period_us);
}

static void log_line(const struct records *samples, struct sample_period period)
{
	struct sample all = { 0 };
	unsigned long long average[COUNTER_COUNT];
	for (size_t i = 0; i < samples->count; i++)
		sample_add(&all, samples->items[i]);
	for (int i = 0; i < COUNTER_COUNT; i++)
		average[i] = sample_average(&all, (enum counter)i, period);
	log_info("stats: %llu xacts/s, %llu queries/s, %llu client parses/s, %llu server parses/s, %llu binds/s, "
		 "%llu client logins/s, in %llu B/s, out %llu B/s, xact %llu us, query %llu us, wait %llu us, "
		 "routed %llu/s, coordinator %llu/s",
		 average[COUNTER_XACT], average[COUNTER_QUERY], average[COUNTER_CLIENT_PARSE],
		 average[COUNTER_SERVER_PARSE], average[COUNTER_BIND], average[COUNTER_CLIENT_LOGIN],
		 average[COUNTER_RECEIVED_BYTES], average[COUNTER_SENT_BYTES], average[COUNTER_XACT_TIME],
		 average[COUNTER_QUERY_TIME], average[COUNTER_WAIT_TIME], average[COUNTER_ROUTED],
		 average[COUNTER_COORDINATOR]);
}
