/* Streams over a pair of sockets: bytes that are consumed in part, pausing, pressure
 * from a slow reader, the end from either side, moving to another loop's thread.
 *
 *    test ── fd ──[kernel]── stream on a loop ── events ──► struct side */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "net/listener.h"
#include "net/stream.h"

enum { BIG = 1024 * 1024 };

struct side {
	struct loop *loop;
	struct stream *stream;
	int fd; /* the test's own end */
	struct buf got; /* what was consumed */
	unsigned shown, connected, drained, closed;
	char why[64];
	/* What on_bytes does. */
	size_t whole; /* consumes multiples of this many bytes */
	bool pause, echo, finish, free;
	bool turning;
};

/* Ends the turn. */
static void happened(struct side *side)
{
	if (side->turning)
		loop_stop(side->loop);
	side->turning = false;
}

static void on_connected(void *owner)
{
	struct side *side = owner;
	side->connected++;
	happened(side);
}

static size_t on_bytes(void *owner, struct span bytes)
{
	struct side *side = owner;
	side->shown++;
	size_t taken = side->whole ? bytes.len - bytes.len % side->whole : bytes.len;
	buf_add(&side->got, bytes.ptr, taken);
	if (side->echo)
		stream_forward(side->stream, span_of(bytes.ptr, taken));
	if (side->pause)
		stream_pause(side->stream);
	if (side->finish || side->free) {
		if (side->finish)
			stream_finish(side->stream);
		else
			stream_free(side->stream);
		side->stream = NULL;
	}
	happened(side);
	return taken;
}

static void on_drained(void *owner)
{
	struct side *side = owner;
	side->drained++;
	happened(side);
}

static void on_closed(void *owner, const char *why)
{
	struct side *side = owner;
	side->closed++;
	snprintf(side->why, sizeof side->why, "%s", why);
	stream_free(side->stream);
	side->stream = NULL;
	happened(side);
}

static const struct stream_events events = { on_connected, on_bytes, on_drained, on_closed };

static int set_up(void **state)
{
	struct side *side = MEM_NEW(struct side);
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		return -1;
	side->loop = loop_new(0);
	side->fd = fds[0];
	buf_init(&side->got, 0);
	side->stream = stream_new(side->loop, fds[1], &events, side);
	*state = side;
	return 0;
}

static void on_timeout(void *arg)
{
	happened(arg);
}

static int tear_down(void **state)
{
	struct side *side = *state;
	loop_enter(side->loop);
	stream_free(side->stream);
	loop_leave(side->loop);
	close(side->fd);
	buf_done(&side->got);
	loop_free(side->loop);
	mem_free(side);
	return 0;
}

/* Runs the loop until something happened, or for so long. */
static void turn(struct side *side, int ms)
{
	struct timer *timer = timer_new(side->loop, on_timeout, side);
	timer_start(timer, ms * 1000LL);
	side->turning = true;
	loop_run(side->loop);
	timer_free(timer);
}

/* Turns until nothing happens any more. */
static void settle(struct side *side)
{
	unsigned before;
	do {
		before = side->shown + side->connected + side->drained + side->closed;
		turn(side, 10);
	} while (side->shown + side->connected + side->drained + side->closed != before);
}

static void say(struct side *side, const char *text)
{
	assert_int_equal(write(side->fd, text, strlen(text)), strlen(text));
}

static void assert_got(struct side *side, const char *text)
{
	assert_true(span_is(buf_span(&side->got), text));
}

/* Reads what there is at the test's end; true at the end of it all. */
static bool hear(struct side *side, size_t *count)
{
	char bytes[65536];
	ssize_t n;
	while ((n = read(side->fd, bytes, sizeof bytes)) > 0)
		*count += (size_t)n;
	return n == 0 || errno != EAGAIN;
}

/* --- coming in --- */

static void test_bytes_are_shown(void **state)
{
	struct side *side = *state;
	say(side, "hello");
	turn(side, 1000);
	assert_got(side, "hello");
	assert_int_equal(stream_unread(side->stream), 0);
	assert_true(stream_can_move(side->stream));
}

static void test_the_rest_is_shown_again_with_more(void **state)
{
	struct side *side = *state;
	side->whole = 4;
	say(side, "abcdef");
	turn(side, 1000);
	assert_got(side, "abcd");
	assert_int_equal(stream_unread(side->stream), 2);
	assert_false(stream_can_move(side->stream));
	say(side, "g");
	turn(side, 1000);
	assert_got(side, "abcd");
	say(side, "hijkl");
	turn(side, 1000);
	assert_got(side, "abcdefghijkl");
	assert_int_equal(side->shown, 3);
}

static void test_byte_by_byte(void **state)
{
	struct side *side = *state;
	static const char text[] = "a text of some length, shown in pieces";
	side->whole = sizeof text - 1;
	for (const char *at = text; *at; at++) {
		assert_int_equal(write(side->fd, at, 1), 1);
		turn(side, 1000);
	}
	assert_got(side, text);
}

static void test_a_lot_at_once(void **state)
{
	struct side *side = *state;
	char *bytes = mem_alloc(BIG);
	size_t sent = 0;
	side->whole = 1000;
	for (size_t i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 7 >> 3);
	while (buf_held(&side->got) + 1000 <= BIG) {
		ssize_t n = sent < BIG ? write(side->fd, bytes + sent, BIG - sent) : 0;
		sent += n > 0 ? (size_t)n : 0;
		turn(side, 100);
	}
	assert_memory_equal(buf_head(&side->got), bytes, buf_held(&side->got));
	assert_int_equal(stream_unread(side->stream), BIG % 1000);
	mem_free(bytes);
}

static void test_what_is_not_consumed_has_a_limit(void **state)
{
	struct side *side = *state;
	char bytes[4096] = { 0 };
	size_t sent = 0;
	ssize_t n;
	side->whole = SIZE_MAX; /* nothing is ever complete */
	stream_limit_in(side->stream, 10000);
	for (int i = 0; i < 200; i++) {
		while ((n = write(side->fd, bytes, sizeof bytes)) > 0)
			sent += (size_t)n;
		turn(side, 1);
	}
	/* It stopped reading: the sender stands. */
	assert_in_range(stream_unread(side->stream), 10000, 10000 + 128 * 1024);
	assert_true(sent < BIG);
	/* Once it is consumed, reading goes on. */
	side->whole = 0;
	stream_wake(side->stream);
	while (buf_held(&side->got) < sent) {
		size_t before = buf_held(&side->got);
		turn(side, 100);
		assert_true(buf_held(&side->got) > before);
	}
}

static void test_pause_and_wake(void **state)
{
	struct side *side = *state;
	side->pause = true;
	side->whole = 4;
	say(side, "abcdef");
	turn(side, 1000);
	say(side, "gh");
	settle(side);
	assert_got(side, "abcd");
	assert_int_equal(side->shown, 1);
	stream_wake(side->stream); /* shows what is there, pauses again */
	assert_int_equal(side->shown, 2);
	assert_got(side, "abcd");
	stream_wake(side->stream);
	side->pause = false;
	stream_wake(side->stream);
	settle(side);
	assert_got(side, "abcdefgh");
}

static void test_wake_without_bytes_is_harmless(void **state)
{
	struct side *side = *state;
	stream_wake(side->stream);
	stream_pause(side->stream);
	stream_pause(side->stream);
	stream_wake(side->stream);
	stream_wake(side->stream);
	assert_int_equal(side->shown, 0);
	say(side, "x");
	turn(side, 1000);
	assert_got(side, "x");
}

/* --- going out --- */

static void test_bytes_leave_at_the_end_of_the_callback(void **state)
{
	struct side *side = *state;
	char bytes[64];
	loop_enter(side->loop);
	buf_add_text(stream_out(side->stream), "one ");
	buf_add_text(stream_out(side->stream), "two");
	assert_int_equal(stream_pending(side->stream), 7);
	assert_int_equal(read(side->fd, bytes, sizeof bytes), -1);
	loop_leave(side->loop);
	assert_int_equal(stream_pending(side->stream), 0);
	assert_int_equal(read(side->fd, bytes, sizeof bytes), 7);
	assert_memory_equal(bytes, "one two", 7);
}

static void test_echo(void **state)
{
	struct side *side = *state;
	size_t count = 0;
	char bytes[50000];
	memset(bytes, 'x', sizeof bytes);
	side->echo = true;
	for (size_t sent = 0; count < 10 * sizeof bytes;) {
		ssize_t n = sent < 10 * sizeof bytes ? write(side->fd, bytes, sizeof bytes - sent % sizeof bytes) : 0;
		sent += n > 0 ? (size_t)n : 0;
		turn(side, 20);
		assert_false(hear(side, &count));
	}
	assert_int_equal(count, buf_held(&side->got));
}

static void test_order_of_small_and_large(void **state)
{
	struct side *side = *state;
	char *large = mem_alloc(BIG), bytes[65536];
	struct buf heard;
	ssize_t n;
	memset(large, 'L', BIG);
	buf_init(&heard, 0);
	loop_enter(side->loop);
	stream_forward(side->stream, span_of(large, BIG)); /* as much as the kernel takes goes at once */
	buf_add_text(stream_out(side->stream), "s");
	stream_forward(side->stream, span_of(large, BIG));
	stream_forward(side->stream, span_of("t", 1));
	loop_leave(side->loop);
	while (buf_held(&heard) < 2 * BIG + 2) {
		while ((n = read(side->fd, bytes, sizeof bytes)) > 0)
			buf_add(&heard, bytes, (size_t)n);
		turn(side, 1);
	}
	assert_int_equal(buf_head(&heard)[BIG], 's');
	assert_int_equal(buf_head(&heard)[2 * BIG + 1], 't');
	assert_int_equal(buf_head(&heard)[BIG + 1], 'L');
	buf_done(&heard);
	mem_free(large);
}

static void test_a_slow_reader_is_noticed_and_waited_for(void **state)
{
	struct side *side = *state;
	char *bytes = mem_zalloc(BIG);
	size_t count = 0;
	loop_enter(side->loop);
	assert_false(stream_above_high(side->stream));
	stream_forward(side->stream, span_of(bytes, BIG));
	assert_true(stream_above_high(side->stream));
	loop_leave(side->loop);
	settle(side);
	assert_int_equal(side->drained, 0);
	for (int i = 0; side->drained == 0 && i < 1000; i++) {
		hear(side, &count);
		turn(side, 10);
	}
	assert_int_equal(side->drained, 1);
	assert_true(stream_pending(side->stream) <= STREAM_LOW_BYTES);
	/* Without being asked again it does not tell again. */
	for (int i = 0; count < BIG && i < 1000; i++) {
		hear(side, &count);
		turn(side, 1);
	}
	assert_int_equal(count, BIG);
	assert_int_equal(side->drained, 1);
	mem_free(bytes);
}

/* --- the end --- */

static void test_the_peer_closes(void **state)
{
	struct side *side = *state;
	shutdown(side->fd, SHUT_RDWR);
	turn(side, 1000);
	assert_int_equal(side->closed, 1);
	assert_string_equal(side->why, "unexpected eof");
}

static void test_last_words_are_heard(void **state)
{
	struct side *side = *state;
	say(side, "bye");
	shutdown(side->fd, SHUT_WR);
	settle(side);
	assert_got(side, "bye");
	assert_int_equal(side->closed, 1);
}

static void test_writing_to_nobody(void **state)
{
	struct side *side = *state;
	close(side->fd);
	side->fd = dup(2);
	loop_enter(side->loop);
	buf_add_text(stream_out(side->stream), "anybody there?");
	loop_leave(side->loop);
	settle(side);
	assert_int_equal(side->closed, 1);
	assert_string_equal(side->why, "unexpected eof");
}

static void test_free_within_the_callback(void **state)
{
	struct side *side = *state;
	side->free = true;
	say(side, "x");
	turn(side, 1000);
	settle(side);
	size_t count = 0;
	assert_true(hear(side, &count));
	assert_int_equal(side->closed, 0);
}

static void test_finish_sends_what_is_left(void **state)
{
	struct side *side = *state;
	char *bytes = mem_zalloc(BIG);
	size_t count = 0;
	bool ended = false;
	loop_enter(side->loop);
	stream_forward(side->stream, span_of(bytes, BIG));
	stream_finish(side->stream);
	side->stream = NULL;
	loop_leave(side->loop);
	for (int i = 0; !ended && i < 1000; i++) {
		ended = hear(side, &count);
		turn(side, 1);
	}
	assert_true(ended);
	assert_int_equal(count, BIG);
	shutdown(side->fd, SHUT_RDWR);
	settle(side);
	assert_int_equal(side->closed, 0); /* nobody is told any more */
	mem_free(bytes);
}

static void test_finish_within_the_callback_drops_what_comes(void **state)
{
	struct side *side = *state;
	size_t count = 0;
	side->finish = true;
	side->whole = 2;
	say(side, "abc");
	turn(side, 1000);
	say(side, "more");
	settle(side);
	assert_got(side, "ab");
	assert_true(hear(side, &count));
	shutdown(side->fd, SHUT_RDWR);
	settle(side);
}

static void note_finished(void *arg)
{
	++*(unsigned *)arg;
}

static void test_finish_tells_when_it_is_over(void **state)
{
	struct side *side = *state;
	unsigned finished = 0;
	loop_enter(side->loop);
	buf_add_text(stream_out(side->stream), "bye");
	stream_finish_then(side->stream, note_finished, &finished);
	side->stream = NULL;
	loop_leave(side->loop);
	settle(side);
	assert_int_equal(finished, 0);
	shutdown(side->fd, SHUT_RDWR);
	turn(side, 50);
	assert_int_equal(finished, 1);
}

/* --- connecting --- */

static void test_nobody_listens(void **state)
{
	struct side *side = *state;
	struct address at;
	const char *why = NULL;
	int probe = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(address_from_numeric(&at, "127.0.0.1", 0));
	assert_int_equal(bind(probe, &at.any, at.len), 0);
	assert_int_equal(getsockname(probe, &at.any, &at.len), 0);
	stream_free(side->stream);
	side->stream = stream_connect(side->loop, &at, &events, side, &why);
	if (side->stream) {
		turn(side, 1000);
		assert_int_equal(side->closed, 1);
		assert_string_equal(side->why, "Connection refused");
	} else {
		assert_string_equal(why, "Connection refused");
	}
	assert_int_equal(side->connected, 0);
	close(probe);
}

static void on_accept(void *owner, int fd)
{
	*(int *)owner = fd;
}

static void test_connecting(void **state)
{
	struct side *side = *state;
	struct address at;
	const char *why = NULL;
	int accepted = -1;
	char folder[] = "/tmp/pgs-stream.XXXXXX";
	assert_non_null(mkdtemp(folder));
	assert_true(address_from_folder(&at, folder, 5432));
	struct listener *listener = listener_new(side->loop, &at, 8, 0600, on_accept, &accepted, &why);
	assert_non_null(listener);
	stream_free(side->stream);
	side->stream = stream_connect(side->loop, &at, &events, side, &why);
	assert_non_null(side->stream);
	assert_int_equal(side->connected, 0);
	/* What is written before it is connected is kept. */
	buf_add_text(stream_out(side->stream), "early");
	for (int i = 0; i < 100 && (side->connected == 0 || accepted < 0 || stream_pending(side->stream)); i++)
		turn(side, 10);
	assert_int_equal(side->connected, 1);
	char bytes[16];
	assert_int_equal(read(accepted, bytes, sizeof bytes), 5);
	assert_true(address_is_local(stream_peer(side->stream)));
	close(accepted);
	listener_free(listener);
	assert_int_not_equal(access(at.local.sun_path, F_OK), 0);
	rmdir(folder);
}

static void test_a_second_listener_is_refused_and_a_stale_file_is_not(void **state)
{
	struct side *side = *state;
	struct address at;
	const char *why = NULL;
	int accepted = -1;
	char folder[] = "/tmp/pgs-stream.XXXXXX";
	assert_non_null(mkdtemp(folder));
	assert_true(address_from_folder(&at, folder, 5432));
	struct listener *first = listener_new(side->loop, &at, 8, 0600, on_accept, &accepted, &why);
	assert_non_null(first);
	assert_null(listener_new(side->loop, &at, 8, 0600, on_accept, &accepted, &why));
	assert_string_equal(why, "another process is listening on it");
	listener_free(first);
	/* Left over from a process that was killed. */
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, &at.any, at.len), 0);
	close(fd);
	first = listener_new(side->loop, &at, 8, 0600, on_accept, &accepted, &why);
	assert_non_null(first);
	listener_free(first);
	listener_free(NULL);
	rmdir(folder);
}

/* --- another loop --- */

struct move {
	struct mail mail;
	struct side *side;
	struct loop *to;
	unsigned hops;
};

/* The stream arrives: it is read here from now on, and moves on when it was. */
static void on_move(struct mail *mail, struct loop *loop)
{
	struct move *move = MEM_CONTAINER(mail, struct move, mail);
	stream_own(move->side->stream, &events, move->side);
	stream_attach(move->side->stream, loop);
	move->side->loop = loop;
	move->side->turning = true;
}

static size_t on_bytes_and_move(void *owner, struct span bytes)
{
	struct move *move = owner;
	struct side *side = move->side;
	buf_add(&side->got, bytes.ptr, bytes.len);
	return bytes.len;
}

static void move_on(void *arg)
{
	struct move *move = arg;
	assert_true(stream_can_move(move->side->stream));
	stream_detach(move->side->stream);
	loop_post(move->to, &move->mail);
}

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void test_moving_to_another_thread(void **state)
{
	struct side *side = *state;
	struct loop *first = side->loop, *second = loop_new(1);
	struct move move = { { NULL, on_move }, side, second, 0 };
	static const struct stream_events moving = { NULL, on_bytes_and_move, on_drained, on_closed };
	pthread_t thread;
	stream_own(side->stream, &moving, &move);
	say(side, "here ");
	turn(side, 20);
	loop_enter(first);
	loop_defer(first, move_on, &move);
	loop_leave(first);
	side->echo = true;
	say(side, "there");
	pthread_create(&thread, NULL, run_loop, second);
	pthread_join(thread, NULL); /* on_bytes stops the loop */
	assert_got(side, "here there");
	char bytes[16];
	assert_int_equal(read(side->fd, bytes, sizeof bytes), 5);
	assert_memory_equal(bytes, "there", 5);
	loop_enter(second);
	stream_free(side->stream);
	loop_leave(second);
	side->stream = NULL;
	side->loop = first;
	loop_free(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_are_shown),
		TEST(test_the_rest_is_shown_again_with_more),
		TEST(test_byte_by_byte),
		TEST(test_a_lot_at_once),
		TEST(test_what_is_not_consumed_has_a_limit),
		TEST(test_pause_and_wake),
		TEST(test_wake_without_bytes_is_harmless),
		TEST(test_bytes_leave_at_the_end_of_the_callback),
		TEST(test_echo),
		TEST(test_order_of_small_and_large),
		TEST(test_a_slow_reader_is_noticed_and_waited_for),
		TEST(test_the_peer_closes),
		TEST(test_last_words_are_heard),
		TEST(test_writing_to_nobody),
		TEST(test_free_within_the_callback),
		TEST(test_finish_sends_what_is_left),
		TEST(test_finish_within_the_callback_drops_what_comes),
		TEST(test_finish_tells_when_it_is_over),
		TEST(test_nobody_listens),
		TEST(test_connecting),
		TEST(test_a_second_listener_is_refused_and_a_stale_file_is_not),
		TEST(test_moving_to_another_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
