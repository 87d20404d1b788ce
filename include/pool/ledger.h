/* The ledger: every bound on connections that holds for the whole process, as
 * atomic counters. An *account* is one bound: of a node, a database, a user, or a
 * pool. Opening a server takes one from each of its accounts; closing gives them back.
 *
 *              loop 0   loop 1   loop 2 …      a lane is written by its loop only,
 *    account   [idle,   [idle,   [idle,        and read by all: hints that say
 *     count    waiting  waiting  waiting       whom to ask and whom to wake
 *     limit    since]   since]   since]
 *
 * Counts are exact. Lanes are hints: a wrong one costs a message, never a bound. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"

struct ledger;
struct account;

enum account_kind { ACCOUNT_NODE, ACCOUNT_DATABASE, ACCOUNT_USER, ACCOUNT_POOL, ACCOUNT_KIND_COUNT };

/* `on_wake` runs on a loop when something it may be waiting for was given back. */
struct ledger *ledger_new(struct loop *const *loops, unsigned loop_count, void (*on_wake)(struct loop *loop));
void ledger_free(struct ledger *ledger);
unsigned ledger_loop_count(const struct ledger *ledger);
struct loop *ledger_loop(const struct ledger *ledger, unsigned index);

/* The account of that kind and key; made on first use, lives as long as the ledger.
 * Takes a lock: call it when a pool is made, not on the path. */
struct account *ledger_account(struct ledger *ledger, enum account_kind kind, struct span key);
/* Calls back for each account of a kind, under the lock. */
void ledger_each(struct ledger *ledger, enum account_kind kind, void (*on_account)(void *arg, struct account *account),
		 void *arg);

struct span account_key(const struct account *account);
int account_count(const struct account *account);
int account_limit(const struct account *account); /* 0 = none */
void account_set_limit(struct account *account, int limit);

/* Connections that still count but are being closed: whoever waits need not close another one. */
void account_leave(struct account *account, int delta);
int account_leaving(const struct account *account);

/* Takes one; false if the bound is reached. `spare` more are kept free for others. */
bool account_try(struct account *account, int spare);
/* Gives back one that was taken in vain, since another account refused: nobody is woken. */
void account_untake(struct account *account);
/* Gives one back and wakes the loop whose waiter is oldest. */
void account_give(struct account *account);
/* Wakes the loop that has waited longest for this account, if any does. */
void account_wake(struct account *account);

/* --- lanes --- */
void account_publish_idle(struct account *account, unsigned loop, int delta);
int account_idle(const struct account *account, unsigned loop);
/* since_us: when the oldest waiter in this loop began to wait, 0 = nobody waits. `share`:
 * how many servers the neediest of its waiting pools has. */
void account_publish_waiting(struct account *account, unsigned loop, int64_t since_us, int share);
/* The loop, other than `loop`, with idle servers; -1 = none. */
int account_idle_elsewhere(const struct account *account, unsigned loop);
/* The loop, other than `loop`, whose waiter is oldest; -1 = none. */
int account_oldest_elsewhere(const struct account *account, unsigned loop, int64_t *since_us);
/* True if somebody waits for this account; *share is the least of their shares. */
bool account_waited_for(const struct account *account, int *share);

/* --- node health: a node that could not be reached is left alone for a while --- */
void account_set_down(struct account *account, int64_t until_us, const char *why); /* until 0: it is up */
bool account_is_down(const struct account *account, int64_t now_us);
/* Copies the reason, "" if none; at most `size` bytes with the NUL. */
void account_why_down(struct account *account, char *why, unsigned size);
