/* Asking every loop: each does its part with what is its own, the last one to finish
 * sends the parts back to the loop that asked.
 *
 *    asking loop ─► loop 0 ─► every loop: on_loop(here) ─► asking loop: on_all
 *
 * Mail of one sender arrives in order, so two gathers meet on every loop in the same
 * order, and a PAUSE and a RESUME end the same everywhere. */
#pragma once

#include "admin/answer.h"
#include "admin/records.h"
#include "net/loop.h"
#include "session/sessions.h"

struct ask;
struct gather;

/* One loop's part. */
struct here {
	struct mail mail;
	struct gather *gather;
	struct sessions *sessions;
	void *arg;
	struct answer rows; /* for gather_rows */
	struct records records;
	unsigned long long count;
};

/* What all loops said: rows and records one after the other, counts summed. */
struct gathered {
	struct buf rows;
	struct records records;
	unsigned long long count;
};

struct gather_setup {
	struct sessions_shared *shared;
	struct loop *back; /* where on_all is called */
	size_t record_bytes; /* 0 = no records */
	unsigned column_count; /* of rows */
	void *arg; /* loops may only read it, but for what on_loop and on_all agree on */
	void (*on_loop)(struct here *here);
	void (*on_all)(void *arg, struct gathered *gathered); /* `gathered` lives for the call */
};

void gather(const struct gather_setup *setup);
