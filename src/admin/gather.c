/* Gathers: one allocation for all parts, one atomic count of those still out. */
#include "admin/gather.h"

#include <stdatomic.h>

#include "base/mem.h"

struct gather {
	struct mail mail; /* to loop 0, then back */
	struct gather_setup setup;
	_Atomic unsigned out;
	struct here here[]; /* one a loop */
};

static void on_start(struct mail *mail, struct loop *loop);
static void on_part(struct mail *mail, struct loop *loop);
static void on_back(struct mail *mail, struct loop *loop);

void gather(const struct gather_setup *setup)
{
	unsigned count = setup->shared->loop_count;
	struct gather *g = mem_zalloc(sizeof *g + count * sizeof *g->here);
	g->setup = *setup;
	atomic_init(&g->out, count);
	g->mail.on_mail = on_start;
	loop_post(setup->shared->loops[0], &g->mail);
}

static void on_start(struct mail *mail, struct loop *loop)
{
	struct gather *g = MEM_CONTAINER(mail, struct gather, mail);
	const struct sessions_shared *shared = g->setup.shared;
	unsigned count = shared->loop_count; /* the last part may end it all */
	(void)loop;
	for (unsigned i = 0; i < count; i++) {
		struct here *here = &g->here[i];
		here->mail.on_mail = on_part;
		here->gather = g;
		here->sessions = shared->sessions[i];
		here->arg = g->setup.arg;
		answer_init(&here->rows, 0);
		here->rows.column_count = g->setup.column_count;
		records_init(&here->records, g->setup.record_bytes);
	}
	for (unsigned i = 0; i < count; i++)
		loop_post(shared->loops[i], &g->here[i].mail);
}

static void on_part(struct mail *mail, struct loop *loop)
{
	struct here *here = MEM_CONTAINER(mail, struct here, mail);
	struct gather *g = here->gather;
	(void)loop;
	g->setup.on_loop(here);
	if (atomic_fetch_sub(&g->out, 1) > 1)
		return;
	g->mail.on_mail = on_back;
	loop_post(g->setup.back, &g->mail);
}

static void on_back(struct mail *mail, struct loop *loop)
{
	struct gather *g = MEM_CONTAINER(mail, struct gather, mail);
	struct gathered all = { 0 };
	(void)loop;
	buf_init(&all.rows, 0);
	records_init(&all.records, g->setup.record_bytes);
	for (unsigned i = 0; i < g->setup.shared->loop_count; i++) {
		buf_add_span(&all.rows, buf_span(&g->here[i].rows.out));
		answer_done(&g->here[i].rows);
		records_move(&all.records, &g->here[i].records);
		all.count += g->here[i].count;
	}
	g->setup.on_all(g->setup.arg, &all);
	buf_done(&all.rows);
	records_done(&all.records);
	mem_free(g);
}
