/* What a server owes: a ring of entries and the table of which answer completes
 * which kind. */
#include "wire/owed.h"

#include <string.h>

#include "base/mem.h"

enum { STEP_START, STEP_DESCRIBED, STEP_COPY_IN, STEP_COPY_OUT };

static void drop_ignored_syncs(struct owed *owed, void (*on_drop)(void *, struct owed_entry *), void *user);
static void remove_at(struct owed *owed, uint32_t index);

void owed_init(struct owed *owed)
{
	*owed = (struct owed){ 0 };
}

void owed_done(struct owed *owed)
{
	mem_free(owed->ring);
	owed_init(owed);
}

struct owed_entry *owed_at(const struct owed *owed, uint32_t index)
{
	return index < owed->count ? &owed->ring[(owed->head + index) & (owed->size - 1)] : NULL;
}

struct owed_entry *owed_head(const struct owed *owed)
{
	return owed_at(owed, 0);
}

static void grow(struct owed *owed)
{
	uint32_t size = owed->size ? owed->size * 2 : 16;
	struct owed_entry *ring = mem_array(size, sizeof *ring);
	for (uint32_t i = 0; i < owed->count; i++)
		ring[i] = *owed_at(owed, i);
	mem_free(owed->ring);
	owed->ring = ring;
	owed->size = size;
	owed->head = 0;
}

static bool ends_ready(uint8_t kind)
{
	return kind == OWED_SYNC || kind == OWED_QUERY || kind == OWED_FUNCTION;
}

bool owed_copy_in(const struct owed *owed)
{
	if (owed->count == 0 || owed->step != STEP_COPY_IN)
		return false;
	for (uint32_t i = 1; i < owed->count; i++)
		if (owed_at(owed, i)->kind == OWED_COPY_END)
			return false;
	return true;
}

bool owed_add(struct owed *owed, enum owed_kind kind, enum owed_for whose, void *arg, uint32_t flags)
{
	if (owed->skipping) {
		/* The server throws away everything until it meets a Sync. */
		if (kind != OWED_SYNC)
			return false;
		owed->skipping = false;
	} else if (kind == OWED_SYNC && owed_copy_in(owed)) {
		return false;
	}
	if (kind == OWED_COPY_END && owed->count == 0)
		return false; /* outside COPY the server ignores it */
	if (owed->count == owed->size)
		grow(owed);
	owed->count++;
	*owed_at(owed, owed->count - 1) =
		(struct owed_entry){ .kind = (uint8_t)kind, .whose = (uint8_t)whose, .arg = arg, .flags = flags };
	if (ends_ready((uint8_t)kind))
		owed->ready_count++;
	return true;
}

void owed_pop(struct owed *owed)
{
	if (ends_ready(owed_head(owed)->kind))
		owed->ready_count--;
	owed->head = (owed->head + 1) & (owed->size - 1);
	owed->count--;
	owed->step = STEP_START;
	/* CopyDone markers whose COPY is over have served their purpose. */
	while (owed->count && owed_head(owed)->kind == OWED_COPY_END) {
		owed->head = (owed->head + 1) & (owed->size - 1);
		owed->count--;
	}
}

/* Answers that may precede the completing one, and those that complete, by kind. */
static const struct {
	const char *part, *done;
} answers[] = {
	[OWED_PARSE] = { "", "1" },
	[OWED_BIND] = { "", "2" },
	[OWED_CLOSE] = { "", "3" },
	[OWED_DESCRIBE_STATEMENT] = { "t", "Tn" },
	[OWED_DESCRIBE_PORTAL] = { "", "Tn" },
	[OWED_EXECUTE] = { "DGHWdc", "CsI" },
	[OWED_SYNC] = { "", "Z" },
	[OWED_QUERY] = { "TDCIGHWdc", "Z" },
	[OWED_FUNCTION] = { "V", "Z" },
	[OWED_COPY_END] = { "", "" },
};

enum owed_verdict owed_answer(struct owed *owed, char type, void (*on_drop)(void *, struct owed_entry *), void *user)
{
	if (type == 'N' || type == 'A' || type == 'S')
		return OWED_ASYNC;
	struct owed_entry *head = owed_head(owed);
	if (head == NULL || type == '\0')
		return OWED_OUT_OF_STEP;
	if (type == 'E')
		return OWED_FAILED;
	if (strchr(answers[head->kind].done, type)) {
		if (head->kind == OWED_DESCRIBE_STATEMENT && owed->step != STEP_DESCRIBED)
			return OWED_OUT_OF_STEP;
		return OWED_DONE;
	}
	if (!strchr(answers[head->kind].part, type))
		return OWED_OUT_OF_STEP;
	if (type == 't') {
		if (owed->step == STEP_DESCRIBED)
			return OWED_OUT_OF_STEP;
		owed->step = STEP_DESCRIBED;
	} else if (type == 'G' || type == 'W') {
		owed->step = STEP_COPY_IN;
		drop_ignored_syncs(owed, on_drop, user);
	} else if (type == 'H') {
		owed->step = STEP_COPY_OUT;
	} else if (type == 'C' || type == 'I') {
		/* Its CopyDone has been read; one that was sent ahead is for a later statement. */
		if (owed->step == STEP_COPY_IN && owed->count > 1 && owed_at(owed, 1)->kind == OWED_COPY_END)
			remove_at(owed, 1);
		owed->step = STEP_START;
		head->part_index++;
	}
	return OWED_PART;
}

static void remove_at(struct owed *owed, uint32_t index)
{
	if (ends_ready(owed_at(owed, index)->kind))
		owed->ready_count--;
	for (uint32_t i = index; i + 1 < owed->count; i++)
		*owed_at(owed, i) = *owed_at(owed, i + 1);
	owed->count--;
}

/* The server is now reading COPY data: Syncs sent before its end are ignored. */
static void drop_ignored_syncs(struct owed *owed, void (*on_drop)(void *, struct owed_entry *), void *user)
{
	for (uint32_t i = 1; i < owed->count && owed_at(owed, i)->kind == OWED_SYNC;) {
		on_drop(user, owed_at(owed, i));
		remove_at(owed, i);
	}
}

void owed_fail(struct owed *owed, void (*on_drop)(void *, struct owed_entry *), void *user)
{
	struct owed_entry *head = owed_head(owed);
	owed->step = STEP_START;
	if (ends_ready(head->kind)) {
		while (owed->count > 1 && owed_at(owed, 1)->kind == OWED_COPY_END)
			remove_at(owed, 1);
		return;
	}
	uint32_t until = 0;
	while (until < owed->count && owed_at(owed, until)->kind != OWED_SYNC)
		until++;
	for (uint32_t i = until; i-- > 0;) {
		struct owed_entry *entry = owed_at(owed, i);
		if (ends_ready(entry->kind))
			owed->ready_count--;
		on_drop(user, entry);
	}
	owed->head = (owed->head + until) & (owed->size - 1);
	owed->count -= until;
	owed->skipping = owed->count == 0;
}
