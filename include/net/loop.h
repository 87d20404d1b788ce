/* An event loop: one thread, one libevent base, one mailbox. Everything that a
 * loop owns is touched by its thread alone; other threads reach it by loop_post.
 *
 *    sockets, timers ─► callback ─► … ─► end of callback: deferred calls, then one
 *    mailbox (eventfd) ─┘                send for each stream that was written to
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct loop;
struct event_base;

/* Index: 0 … MAX_LOOPS-1, unique in the process. NULL if the kernel gives no descriptors. */
enum { MAX_LOOPS = 64 };
struct loop *loop_new(unsigned index);
void loop_free(struct loop *loop);

unsigned loop_index(const struct loop *loop);
struct event_base *loop_base(struct loop *loop); /* for layer net alone */

/* Runs until loop_stop; call it on the loop's own thread. It may be run again. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* from any thread */

/* True on the thread that runs this loop (or before any does). For assertions. */
bool loop_is_mine(const struct loop *loop);

/* Time at the start of the current callback, µs. */
int64_t loop_now_us(const struct loop *loop);

/* --- mail: the only way into a loop from outside ---
 * The sender allocates the mail (embedded in its own struct); on_mail runs once on
 * the receiving loop and owns it from then on. Never fails, never blocks, in
 * order per sender. */
struct mail {
	struct mail *next;
	void (*on_mail)(struct mail *mail, struct loop *loop);
};
void loop_post(struct loop *to, struct mail *mail);

/* Calls fn(arg) on this loop when the current callback is over: for frees of things
 * that callers up the stack may still hold. */
void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg);

/* --- late work: once at the end of the callback, however often it was asked for --- */
struct late {
	struct list item;
	void (*run)(struct late *late);
};
void late_init(struct late *late, void (*run)(struct late *late));
void loop_put_off(struct loop *loop, struct late *late);
void late_forget(struct late *late); /* harmless if it was not put off */

/* --- timers --- */
struct timer;
struct timer *timer_new(struct loop *loop, void (*on_timer)(void *arg), void *arg);
void timer_free(struct timer *timer); /* NULL is fine */
void timer_start(struct timer *timer, int64_t delay_us); /* once; restarts a running one */
void timer_stop(struct timer *timer);

/* --- for the other modules of this layer: brackets around every callback --- */
void loop_enter(struct loop *loop);
void loop_leave(struct loop *loop);
char *loop_scratch(struct loop *loop, unsigned long *size_bytes); /* shared read buffer */
