/* The event loop over libevent: mailbox, deferred calls, timers. */
#include "net/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { SCRATCH_BYTES = 64 * 1024 };

struct deferred {
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	unsigned index;
	pthread_t thread;
	_Atomic bool running, stopping;
	_Atomic(struct mail *) inbox; /* newest first */
	int wake_fd;
	struct event wake_event;
	struct list late;
	struct deferred *deferred;
	unsigned deferred_count, deferred_size;
	unsigned depth; /* of loop_enter */
	int64_t now_us;
	char *scratch;
};

struct timer {
	struct loop *loop;
	struct event event;
	void (*on_timer)(void *arg);
	void *arg;
};

static void on_wake(evutil_socket_t fd, short what, void *arg);

struct loop *loop_new(unsigned index)
{
	struct loop *loop = MEM_NEW(struct loop);
	struct event_config *config = event_config_new();
	/* No changelist: it would touch descriptors after they were closed, or had moved to another loop. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->base == NULL || loop->wake_fd < 0) {
		if (loop->base)
			event_base_free(loop->base);
		if (loop->wake_fd >= 0)
			close(loop->wake_fd);
		mem_free(loop);
		return NULL;
	}
	loop->index = index;
	loop->now_us = clock_now_us();
	loop->scratch = mem_alloc(SCRATCH_BYTES);
	list_init(&loop->late);
	event_assign(&loop->wake_event, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	event_add(&loop->wake_event, NULL);
	return loop;
}

void loop_free(struct loop *loop)
{
	event_del(&loop->wake_event);
	event_base_free(loop->base);
	close(loop->wake_fd);
	mem_free(loop->deferred);
	mem_free(loop->scratch);
	mem_free(loop);
}

unsigned loop_index(const struct loop *loop)
{
	return loop->index;
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

void loop_run(struct loop *loop)
{
	loop->thread = pthread_self();
	atomic_store(&loop->running, true);
	while (!atomic_load(&loop->stopping))
		event_base_loop(loop->base, EVLOOP_ONCE);
	atomic_store(&loop->running, false);
	atomic_store(&loop->stopping, false);
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;
	if (write(loop->wake_fd, &one, sizeof one) < 0) {
		/* Full: the loop is awake already. */
	}
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopping, true);
	wake(loop);
}

bool loop_is_mine(const struct loop *loop)
{
	return !atomic_load_explicit(&((struct loop *)loop)->running, memory_order_relaxed) ||
	       pthread_equal(loop->thread, pthread_self());
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->depth ? loop->now_us : clock_now_us();
}

void loop_post(struct loop *to, struct mail *mail)
{
	struct mail *newest = atomic_load_explicit(&to->inbox, memory_order_relaxed);
	do
		mail->next = newest;
	while (!atomic_compare_exchange_weak_explicit(&to->inbox, &newest, mail, memory_order_release,
						      memory_order_relaxed));
	/* The mail is the receiver's by now. */
	if (newest == NULL)
		wake(to);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	uint64_t ignored;
	(void)what;
	if (read(fd, &ignored, sizeof ignored) < 0) {
		/* Nothing was there: the mail has been taken already. */
	}
	struct mail *newest = atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire);
	struct mail *oldest = NULL;
	while (newest) {
		struct mail *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	loop_enter(loop);
	while (oldest) {
		struct mail *next = oldest->next;
		oldest->on_mail(oldest, loop);
		oldest = next;
	}
	loop_leave(loop);
}

void loop_defer(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	if (loop->deferred_count == loop->deferred_size) {
		loop->deferred_size = loop->deferred_size ? loop->deferred_size * 2 : 16;
		loop->deferred = mem_realloc(loop->deferred, loop->deferred_size * sizeof *loop->deferred);
	}
	loop->deferred[loop->deferred_count++] = (struct deferred){ fn, arg };
}

void loop_enter(struct loop *loop)
{
	assert(loop_is_mine(loop));
	if (loop->depth++ == 0)
		loop->now_us = clock_now_us();
}

/* Late work (sends) and deferred calls may cause more of both: until both are at rest. */
void loop_leave(struct loop *loop)
{
	while (loop->depth == 1 && (!list_empty(&loop->late) || loop->deferred_count)) {
		while (!list_empty(&loop->late)) {
			struct late *late = LIST_ITEM(list_first(&loop->late), struct late, item);
			list_remove(&late->item);
			late->run(late);
		}
		for (unsigned i = 0; i < loop->deferred_count; i++) {
			struct deferred call = loop->deferred[i];
			call.fn(call.arg);
		}
		loop->deferred_count = 0;
	}
	loop->depth--;
}

void late_init(struct late *late, void (*run)(struct late *late))
{
	list_init(&late->item);
	late->run = run;
}

void loop_put_off(struct loop *loop, struct late *late)
{
	if (!list_linked(&late->item))
		list_append(&loop->late, &late->item);
}

void late_forget(struct late *late)
{
	list_remove(&late->item);
}

char *loop_scratch(struct loop *loop, unsigned long *size_bytes)
{
	*size_bytes = SCRATCH_BYTES;
	return loop->scratch;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;
	struct loop *loop = timer->loop;
	(void)fd;
	(void)what;
	loop_enter(loop);
	timer->on_timer(timer->arg);
	loop_leave(loop);
}

struct timer *timer_new(struct loop *loop, void (*on_timer)(void *arg), void *arg)
{
	struct timer *timer = MEM_NEW(struct timer);
	*timer = (struct timer){ .loop = loop, .on_timer = on_timer, .arg = arg };
	evtimer_assign(&timer->event, loop->base, on_timeout, timer);
	return timer;
}

void timer_free(struct timer *timer)
{
	if (timer) {
		evtimer_del(&timer->event);
		mem_free(timer);
	}
}

void timer_start(struct timer *timer, int64_t delay_us)
{
	struct timeval delay = { delay_us / 1000000, delay_us % 1000000 };
	evtimer_add(&timer->event, &delay);
}

void timer_stop(struct timer *timer)
{
	evtimer_del(&timer->event);
}
