/* A loop: mail from other threads, deferred calls, late work, timers. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"

enum { SENDERS = 4, LETTERS = 2000 };

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* Runs a loop on this thread for so long. */
static void run_for(struct loop *loop, int64_t us)
{
	struct timer *timer = timer_new(loop, stop, loop);
	timer_start(timer, us);
	loop_run(loop);
	timer_free(timer);
}

/* --- mail --- */

struct letter {
	struct mail mail;
	unsigned sender, number;
	struct inbox *inbox;
};

struct inbox {
	struct loop *loop;
	unsigned next[SENDERS], total;
	bool in_order;
};

struct sender {
	unsigned index;
	struct inbox *inbox;
};

static void on_letter(struct mail *mail, struct loop *loop)
{
	struct letter *letter = MEM_CONTAINER(mail, struct letter, mail);
	struct inbox *inbox = letter->inbox;
	inbox->in_order &= letter->number == inbox->next[letter->sender]++ && loop == inbox->loop && loop_is_mine(loop);
	mem_free(letter); /* it is the receiver's */
	if (++inbox->total == SENDERS * LETTERS)
		loop_stop(loop);
}

static void *send_letters(void *arg)
{
	const struct sender *sender = arg;
	for (unsigned i = 0; i < LETTERS; i++) {
		struct letter *letter = MEM_NEW(struct letter);
		*letter = (struct letter){ { NULL, on_letter }, sender->index, i, sender->inbox };
		loop_post(sender->inbox->loop, &letter->mail);
	}
	return NULL;
}

static void test_mail_from_many_threads(void **state)
{
	struct inbox inbox = { .loop = loop_new(0), .in_order = true };
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS], receiver;
	(void)state;
	pthread_create(&receiver, NULL, run_loop, inbox.loop);
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ i, &inbox };
		pthread_create(&threads[i], NULL, send_letters, &senders[i]);
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(receiver, NULL);
	assert_true(inbox.in_order);
	assert_int_equal(inbox.total, SENDERS * LETTERS);
	loop_free(inbox.loop);
}

static void test_mail_waits_for_the_loop(void **state)
{
	struct inbox inbox = { .loop = loop_new(3), .in_order = true, .total = SENDERS * LETTERS - 3 };
	(void)state;
	assert_int_equal(loop_index(inbox.loop), 3);
	for (unsigned i = 0; i < 3; i++) {
		struct letter *letter = MEM_NEW(struct letter);
		*letter = (struct letter){ { NULL, on_letter }, 0, i, &inbox };
		loop_post(inbox.loop, &letter->mail);
	}
	loop_run(inbox.loop);
	assert_true(inbox.in_order);
	loop_free(inbox.loop);
}

/* A letter that goes to and fro between two loops. */
struct ball {
	struct mail mail;
	struct loop *loops[2];
	unsigned bounces;
};

static void on_ball(struct mail *mail, struct loop *loop)
{
	struct ball *ball = MEM_CONTAINER(mail, struct ball, mail);
	if (++ball->bounces < LETTERS) {
		loop_post(ball->loops[loop == ball->loops[0]], mail);
	} else {
		struct loop *loops[2] = { ball->loops[0], ball->loops[1] };
		mem_free(ball);
		loop_stop(loops[0]);
		loop_stop(loops[1]);
	}
}

static void test_mail_goes_to_and_fro(void **state)
{
	struct ball *ball = MEM_NEW(struct ball);
	struct loop *loops[2] = { loop_new(0), loop_new(1) };
	pthread_t threads[2];
	(void)state;
	*ball = (struct ball){ { NULL, on_ball }, { loops[0], loops[1] }, 0 };
	loop_post(loops[0], &ball->mail);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, run_loop, loops[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	loop_free(loops[0]);
	loop_free(loops[1]);
}

/* --- deferred calls and late work --- */

struct order {
	struct loop *loop;
	struct late late;
	char text[64];
	unsigned more;
};

static void note(struct order *order, char what)
{
	size_t len = strlen(order->text);
	assert_true(len + 1 < sizeof order->text);
	order->text[len] = what;
}

static void on_deferred(void *arg)
{
	struct order *order = arg;
	note(order, 'd');
	if (order->more) {
		order->more--;
		loop_defer(order->loop, on_deferred, order);
		loop_put_off(order->loop, &order->late);
	}
}

static void on_late(struct late *late)
{
	note(MEM_CONTAINER(late, struct order, late), 'l');
}

static void on_timer(void *arg)
{
	struct order *order = arg;
	loop_defer(order->loop, on_deferred, order);
	loop_put_off(order->loop, &order->late);
	loop_put_off(order->loop, &order->late);
	note(order, 't');
	loop_stop(order->loop);
}

static void test_both_run_at_the_end_of_the_callback(void **state)
{
	struct order order = { .loop = loop_new(0) };
	struct timer *timer = timer_new(order.loop, on_timer, &order);
	(void)state;
	late_init(&order.late, on_late);
	timer_start(timer, 0);
	loop_run(order.loop);
	assert_string_equal(order.text, "tld");
	timer_free(timer);
	loop_free(order.loop);
}

static void test_they_may_cause_more_of_themselves(void **state)
{
	struct order order = { .loop = loop_new(0), .more = 3 };
	struct timer *timer = timer_new(order.loop, on_timer, &order);
	(void)state;
	late_init(&order.late, on_late);
	timer_start(timer, 0);
	loop_run(order.loop);
	assert_string_equal(order.text, "tlddddl");
	timer_free(timer);
	loop_free(order.loop);
}

static void on_timer_that_forgets(void *arg)
{
	struct order *order = arg;
	loop_put_off(order->loop, &order->late);
	late_forget(&order->late);
	late_forget(&order->late);
	note(order, 't');
	loop_stop(order->loop);
}

static void test_late_work_can_be_forgotten(void **state)
{
	struct order order = { .loop = loop_new(0) };
	struct timer *timer = timer_new(order.loop, on_timer_that_forgets, &order);
	(void)state;
	late_init(&order.late, on_late);
	timer_start(timer, 0);
	loop_run(order.loop);
	assert_string_equal(order.text, "t");
	timer_free(timer);
	loop_free(order.loop);
}

/* --- timers --- */

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static void test_timers(void **state)
{
	struct loop *loop = loop_new(0);
	unsigned once = 0, stopped = 0, again = 0;
	struct timer *timers[] = { timer_new(loop, count, &once), timer_new(loop, count, &stopped),
				   timer_new(loop, count, &again) };
	(void)state;
	timer_start(timers[0], 1000);
	timer_start(timers[1], 1000);
	timer_stop(timers[1]);
	timer_start(timers[2], 1000);
	timer_start(timers[2], 3600 * 1000000LL); /* restarted: not yet */
	int64_t began = clock_now_us();
	run_for(loop, 20000);
	assert_true(clock_now_us() - began >= 15000); /* timers go by a clock of some milliseconds */
	assert_int_equal(once, 1);
	assert_int_equal(stopped, 0);
	assert_int_equal(again, 0);
	for (size_t i = 0; i < MEM_COUNT(timers); i++)
		timer_free(timers[i]);
	timer_free(NULL);
	loop_free(loop);
}

struct watch {
	struct loop *loop;
	int64_t first, second;
};

static void read_watch(void *arg)
{
	struct watch *watch = arg;
	watch->first = loop_now_us(watch->loop);
	while (clock_now_us() < watch->first + 2000)
		;
	watch->second = loop_now_us(watch->loop);
	loop_stop(watch->loop);
}

static void test_time_stands_still_in_a_callback(void **state)
{
	struct watch watch = { .loop = loop_new(0) };
	struct timer *timer = timer_new(watch.loop, read_watch, &watch);
	(void)state;
	timer_start(timer, 0);
	loop_run(watch.loop);
	assert_int_equal(watch.first, watch.second);
	assert_true(loop_now_us(watch.loop) >= watch.first + 2000);
	timer_free(timer);
	loop_free(watch.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail_from_many_threads),
		cmocka_unit_test(test_mail_waits_for_the_loop),
		cmocka_unit_test(test_mail_goes_to_and_fro),
		cmocka_unit_test(test_both_run_at_the_end_of_the_callback),
		cmocka_unit_test(test_they_may_cause_more_of_themselves),
		cmocka_unit_test(test_late_work_can_be_forgotten),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_time_stands_still_in_a_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
