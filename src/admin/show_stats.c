/* SHOW STATS and its relatives: the counters by database, in the columns and under the
 * names that PgBouncer gives each of them; pgshunt's own follow. */
#include <stdio.h>

#include "admin/ask.h"
#include "admin/sampler.h"
#include "admin/show.h"

enum { TOTALS = 1, AVERAGES = 2 };

static void samples_here(struct here *here)
{
	const struct ask *ask = here->arg;
	sampler_here(ask->console->sampler, here);
}

static void add_values(struct ask *ask, const struct sample *sample, int from, int to, int what)
{
	struct sample_period period = sampler_period(ask->console->sampler);
	for (int i = from; (what & TOTALS) && i < to; i++)
		answer_printf(&ask->answer, "%llu", (unsigned long long)counters_get(&sample->now, (enum counter)i));
	for (int i = from; (what & AVERAGES) && i < to; i++)
		answer_printf(&ask->answer, "%llu",
			      (unsigned long long)sample_average(sample, (enum counter)i, period));
}

static void rows(struct ask *ask, struct gathered *gathered, int what)
{
	records_merge(&gathered->records, sample_add);
	ask_columns(ask);
	for (size_t i = 0; i < gathered->records.count; i++) {
		const struct sample *sample = gathered->records.items[i];
		answer_row(&ask->answer);
		answer_text(&ask->answer, record_text(sample, 0));
		add_values(ask, sample, 0, COUNTER_PGBOUNCER_COUNT, what);
		add_values(ask, sample, COUNTER_PGBOUNCER_COUNT, COUNTER_COUNT, what);
		answer_row_end(&ask->answer);
	}
	ask_complete(ask, "SHOW");
}

static void stats_all(void *ask, struct gathered *gathered)
{
	rows(ask, gathered, TOTALS | AVERAGES);
}

static void totals_all(void *ask, struct gathered *gathered)
{
	rows(ask, gathered, TOTALS);
}

static void averages_all(void *ask, struct gathered *gathered)
{
	rows(ask, gathered, AVERAGES);
}

void show_stats(struct ask *ask)
{
	ask_gather(ask, sizeof(struct sample), samples_here, stats_all);
}

void show_stats_totals(struct ask *ask)
{
	ask_gather(ask, sizeof(struct sample), samples_here, totals_all);
}

void show_stats_averages(struct ask *ask)
{
	ask_gather(ask, sizeof(struct sample), samples_here, averages_all);
}

/* --- all databases together --- */

/* PgBouncer's SHOW TOTALS alone has these names. */
static const char *name_in_totals(enum counter counter)
{
	switch (counter) {
	case COUNTER_RECEIVED_BYTES:
		return "client_bytes";
	case COUNTER_SENT_BYTES:
		return "server_bytes";
	case COUNTER_CLIENT_PARSE:
		return "ps_client_parse_count";
	case COUNTER_SERVER_PARSE:
		return "ps_server_parse_count";
	case COUNTER_BIND:
		return "ps_bind_count";
	default:
		return counter_rows[counter].name;
	}
}

static void total_row(struct ask *ask, const char *prefix, enum counter counter, uint64_t value)
{
	answer_row(&ask->answer);
	answer_printf(&ask->answer, "%s_%s", prefix, name_in_totals(counter));
	answer_printf(&ask->answer, "%llu", (unsigned long long)value);
	answer_row_end(&ask->answer);
}

static void total_rows(struct ask *ask, const struct sample *all, int from, int to)
{
	struct sample_period period = sampler_period(ask->console->sampler);
	for (int i = from; i < to; i++)
		total_row(ask, "total", (enum counter)i, counters_get(&all->now, (enum counter)i));
	for (int i = from; i < to; i++)
		total_row(ask, "avg", (enum counter)i, sample_average(all, (enum counter)i, period));
}

static void sum_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	struct sample all = { 0 };
	for (size_t i = 0; i < gathered->records.count; i++)
		sample_add(&all, gathered->records.items[i]);
	ask_columns(ask);
	total_rows(ask, &all, 0, COUNTER_PGBOUNCER_COUNT);
	total_rows(ask, &all, COUNTER_PGBOUNCER_COUNT, COUNTER_COUNT);
	ask_complete(ask, "SHOW");
}

void show_totals(struct ask *ask)
{
	ask_gather(ask, sizeof(struct sample), samples_here, sum_all);
}
