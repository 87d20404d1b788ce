/* The ledger: accounts in a table under a lock, their counters outside of it. */
#include "pool/ledger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/table.h"

enum { WHY_BYTES = 256 };

/* A cache line each, so that loops do not disturb one another. */
struct lane {
	_Alignas(64) _Atomic int idle;
	_Atomic int share;
	_Atomic int64_t waiting_since_us;
};

struct account {
	struct table_item item;
	struct ledger *ledger;
	char *key;
	_Atomic int count, limit, leaving;
	_Atomic int64_t down_until_us;
	char why_down[WHY_BYTES]; /* under the ledger's lock */
	struct lane *lanes;
};

struct wake {
	struct mail mail;
	struct ledger *ledger;
	_Atomic bool posted;
};

struct ledger {
	struct loop *const *loops;
	unsigned loop_count;
	void (*on_wake)(struct loop *loop);
	struct wake *wakes; /* one a loop, used again and again */
	pthread_mutex_t lock;
	struct table accounts[ACCOUNT_KIND_COUNT];
};

static void on_wake_mail(struct mail *mail, struct loop *loop);

struct ledger *ledger_new(struct loop *const *loops, unsigned loop_count, void (*on_wake)(struct loop *loop))
{
	struct ledger *ledger = MEM_NEW(struct ledger);
	ledger->loops = loops;
	ledger->loop_count = loop_count;
	ledger->on_wake = on_wake;
	ledger->wakes = mem_array(loop_count, sizeof *ledger->wakes);
	for (unsigned i = 0; i < loop_count; i++) {
		ledger->wakes[i].mail.on_mail = on_wake_mail;
		ledger->wakes[i].ledger = ledger;
	}
	pthread_mutex_init(&ledger->lock, NULL);
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
		table_init(&ledger->accounts[kind]);
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++) {
		TABLE_EACH (it, &ledger->accounts[kind]) {
			struct account *account = TABLE_ITEM(it, struct account, item);
			mem_free(account->key);
			free(account->lanes);
			mem_free(account);
		}
		table_done(&ledger->accounts[kind]);
	}
	pthread_mutex_destroy(&ledger->lock);
	mem_free(ledger->wakes);
	mem_free(ledger);
}

unsigned ledger_loop_count(const struct ledger *ledger)
{
	return ledger->loop_count;
}

struct loop *ledger_loop(const struct ledger *ledger, unsigned index)
{
	return ledger->loops[index];
}

static struct account *account_new(struct ledger *ledger, struct span key)
{
	struct account *account = MEM_NEW(struct account);
	account->ledger = ledger;
	account->key = mem_strndup(key.ptr, key.len);
	size_t size = ledger->loop_count * sizeof(struct lane);
	account->lanes = aligned_alloc(64, size);
	if (account->lanes == NULL)
		abort();
	memset(account->lanes, 0, size);
	return account;
}

struct account *ledger_account(struct ledger *ledger, enum account_kind kind, struct span key)
{
	pthread_mutex_lock(&ledger->lock);
	struct table_item *found = table_find(&ledger->accounts[kind], key);
	struct account *account = found ? TABLE_ITEM(found, struct account, item) : account_new(ledger, key);
	if (found == NULL)
		table_add(&ledger->accounts[kind], &account->item, span_of(account->key, key.len));
	pthread_mutex_unlock(&ledger->lock);
	return account;
}

void ledger_each(struct ledger *ledger, enum account_kind kind, void (*on_account)(void *arg, struct account *account),
		 void *arg)
{
	pthread_mutex_lock(&ledger->lock);
	TABLE_EACH (it, &ledger->accounts[kind])
		on_account(arg, TABLE_ITEM(it, struct account, item));
	pthread_mutex_unlock(&ledger->lock);
}

struct span account_key(const struct account *account)
{
	return account->item.key;
}

int account_count(const struct account *account)
{
	return atomic_load_explicit(&account->count, memory_order_relaxed);
}

int account_limit(const struct account *account)
{
	return atomic_load_explicit(&account->limit, memory_order_relaxed);
}

void account_set_limit(struct account *account, int limit)
{
	int old = atomic_exchange(&account->limit, limit);
	if (limit == 0 || limit > old)
		account_wake(account);
}

void account_leave(struct account *account, int delta)
{
	atomic_fetch_add_explicit(&account->leaving, delta, memory_order_relaxed);
}

int account_leaving(const struct account *account)
{
	return atomic_load_explicit(&account->leaving, memory_order_relaxed);
}

bool account_try(struct account *account, int spare)
{
	int count = atomic_load(&account->count);
	do {
		int limit = account_limit(account);
		if (limit && count >= limit - spare)
			return false;
	} while (!atomic_compare_exchange_weak(&account->count, &count, count + 1));
	return true;
}

void account_untake(struct account *account)
{
	atomic_fetch_sub(&account->count, 1);
}

void account_give(struct account *account)
{
	atomic_fetch_sub(&account->count, 1);
	account_wake(account);
}

void account_wake(struct account *account)
{
	int64_t since_us;
	int loop = account_oldest_elsewhere(account, MAX_LOOPS, &since_us);
	if (loop < 0)
		return;
	struct wake *wake = &account->ledger->wakes[loop];
	if (!atomic_exchange(&wake->posted, true))
		loop_post(account->ledger->loops[loop], &wake->mail);
}

static void on_wake_mail(struct mail *mail, struct loop *loop)
{
	struct wake *wake = MEM_CONTAINER(mail, struct wake, mail);
	atomic_store(&wake->posted, false);
	wake->ledger->on_wake(loop);
}

void account_publish_idle(struct account *account, unsigned loop, int delta)
{
	struct lane *lane = &account->lanes[loop];
	int idle = atomic_load_explicit(&lane->idle, memory_order_relaxed);
	atomic_store_explicit(&lane->idle, idle + delta, memory_order_relaxed);
}

int account_idle(const struct account *account, unsigned loop)
{
	return atomic_load_explicit(&account->lanes[loop].idle, memory_order_relaxed);
}

void account_publish_waiting(struct account *account, unsigned loop, int64_t since_us, int share)
{
	struct lane *lane = &account->lanes[loop];
	atomic_store_explicit(&lane->share, share, memory_order_relaxed);
	atomic_store(&lane->waiting_since_us, since_us);
}

int account_idle_elsewhere(const struct account *account, unsigned loop)
{
	unsigned count = account->ledger->loop_count;
	for (unsigned step = 1; step <= count; step++) {
		unsigned i = (loop + step) % count;
		if (i != loop && account_idle(account, i) > 0)
			return (int)i;
	}
	return -1;
}

int account_oldest_elsewhere(const struct account *account, unsigned loop, int64_t *since_us)
{
	int oldest = -1;
	for (unsigned i = 0; i < account->ledger->loop_count; i++) {
		int64_t since = atomic_load(&account->lanes[i].waiting_since_us);
		if (i != loop && since && (oldest < 0 || since < *since_us)) {
			oldest = (int)i;
			*since_us = since;
		}
	}
	return oldest;
}

bool account_waited_for(const struct account *account, int *share)
{
	bool waited = false;
	for (unsigned i = 0; i < account->ledger->loop_count; i++) {
		const struct lane *lane = &account->lanes[i];
		if (atomic_load_explicit(&lane->waiting_since_us, memory_order_relaxed) == 0)
			continue;
		int its = atomic_load_explicit(&lane->share, memory_order_relaxed);
		if (!waited || its < *share)
			*share = its;
		waited = true;
	}
	return waited;
}

void account_set_down(struct account *account, int64_t until_us, const char *why)
{
	pthread_mutex_lock(&account->ledger->lock);
	snprintf(account->why_down, sizeof account->why_down, "%s", why ? why : "");
	pthread_mutex_unlock(&account->ledger->lock);
	atomic_store(&account->down_until_us, until_us);
}

bool account_is_down(const struct account *account, int64_t now_us)
{
	return atomic_load_explicit(&account->down_until_us, memory_order_relaxed) > now_us;
}

void account_why_down(struct account *account, char *why, unsigned size)
{
	pthread_mutex_lock(&account->ledger->lock);
	snprintf(why, size, "%s", account->why_down);
	pthread_mutex_unlock(&account->ledger->lock);
}
