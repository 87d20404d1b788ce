/* The auth_file: its format, what refuses it, snapshots, and what users keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "auth/users.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define MD5 "md58bbf3f45673bf67d02e4214911f3417f"
#define KEYS "KQ49hyuL6ogL827wn6rSvRFviIFCdG9Rbb0eN0ZzSGc=:lETrCEMDDwAV0oYXRj3s+Xqn99bh+ZhQ3B/HOwxx2a8="
#define SCRAM "SCRAM-SHA-256$4096:v8z+7Fqm2aRHQeNzGPcozw==$" KEYS

static struct users *parse_with(const char *text, const struct users *previous)
{
	char *reason = NULL;
	struct users *users = users_parse(span_text(text), "userlist.txt", 4096, previous, &reason);
	if (reason)
		fail_msg("%s", reason);
	return users;
}

static struct users *parse(const char *text)
{
	return parse_with(text, NULL);
}

static void assert_user(const struct users *users, const char *name, enum user_secret_kind kind, const char *secret)
{
	struct user *user = users_find(users, span_text(name));
	assert_non_null(user);
	assert_string_equal(user_name(user), name);
	assert_int_equal(user_secret_kind(user), kind);
	assert_string_equal(user_secret(user), secret);
}

static void assert_refused(struct span text, const char *reason_begins)
{
	char *reason = NULL;
	assert_null(users_parse(text, "userlist.txt", 4096, NULL, &reason));
	assert_non_null(reason);
	if (strncmp(reason, reason_begins, strlen(reason_begins)) != 0)
		fail_msg("got: %s", reason);
	assert_null(strstr(reason, "geheim"));
	mem_free(reason);
}

static void test_format(void **state)
{
	struct users *users = parse("; a comment\n"
				    "# another\n"
				    "\n"
				    "  \t\r\n"
				    "\"plain\" \"geheim\"\n"
				    "\t\"indented\"\t \"geheim\"  \r\n"
				    "\"tight\"\"er\" \"a\"\n"
				    "\"rest\" \"x\" ignored \"as PgBouncer does\n"
				    "\"hashed\" \"" MD5 "\"\n"
				    "\"verifier\" \"" SCRAM "\"\n"
				    "\"none\" \"\"\n"
				    "\"a \"\"quoted\"\" ; name\" \"\"\"\"\n"
				    "\"md5ish\" \"md5\"\n"
				    "\"J\xc3\xb6rg\" \"gro\xc3\x9f\"\n"
				    "\"last\" \"without newline\"");
	(void)state;
	assert_int_equal(users_count(users), 11);
	assert_user(users, "plain", USER_SECRET_PLAIN, "geheim");
	assert_user(users, "indented", USER_SECRET_PLAIN, "geheim");
	assert_user(users, "tight\"er", USER_SECRET_PLAIN, "a");
	assert_user(users, "rest", USER_SECRET_PLAIN, "x");
	assert_user(users, "hashed", USER_SECRET_MD5, MD5);
	assert_user(users, "verifier", USER_SECRET_SCRAM, "");
	assert_user(users, "none", USER_SECRET_NONE, "");
	assert_user(users, "a \"quoted\" ; name", USER_SECRET_PLAIN, "\"");
	assert_user(users, "md5ish", USER_SECRET_PLAIN, "md5");
	assert_user(users, "J\xc3\xb6rg", USER_SECRET_PLAIN, "gro\xc3\x9f");
	assert_user(users, "last", USER_SECRET_PLAIN, "without newline");
	assert_null(users_find(users, span_text("Plain")));
	assert_null(users_find(users, span_text("")));
	assert_null(users_find(NULL, span_text("plain")));
	users_unref(users);
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "plain geheim", "userlist.txt:1: no double quote where a field should begin" },
		{ "\"a\" \"b\"\n\"c\"", "userlist.txt:2: no double quote" },
		{ "\n;\n\"c\" geheim\n", "userlist.txt:3: no double quote" },
		{ "\"geheim", "userlist.txt:1: a field has no closing double quote" },
		{ "\"", "userlist.txt:1: a field has no closing double quote" },
		{ "\"a\" \"geheim", "userlist.txt:1: a field has no closing double quote" },
		{ "\"a\" \"geheim\"\"", "userlist.txt:1: a field has no closing double quote" },
		{ "\"a\" \"geh\"eim\"", "userlist.txt:1: no blank after a closing double quote" },
		{ "\"a\"\"b\"", "userlist.txt:1: no double quote where a field should begin" },
		{ "\"\" \"geheim\"", "userlist.txt:1: the user name is empty" },
		{ "\"a\" \"SCRAM-SHA-256$geheim\"",
		  "userlist.txt:1: the secret begins as a SCRAM verifier but is none" },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		assert_refused(span_text(rows[i].text), rows[i].reason);
	assert_refused(span_of("\"a\" \"gehe\0im\"", 13), "userlist.txt:1: there is a zero byte in it");

	struct buf text;
	buf_init(&text, 0);
	for (unsigned len = USER_NAME_MOST; len <= USER_NAME_MOST + 1; len++) {
		buf_clear(&text);
		buf_add_printf(&text, "\"%0*d\" \"geheim\"", (int)len, 0);
		if (len > USER_NAME_MOST) {
			assert_refused(buf_span(&text), "userlist.txt:1: the user name is too long");
			continue;
		}
		char *reason = NULL;
		users_unref(users_parse(buf_span(&text), "f", 4096, NULL, &reason));
		assert_null(reason);
	}
	buf_clear(&text);
	buf_add_printf(&text, "\"a\" \"%0*d\"", USER_SECRET_MOST + 1, 0);
	assert_refused(buf_span(&text), "userlist.txt:1: the secret is too long");
	buf_done(&text);
}

static void test_last_of_two_counts(void **state)
{
	struct users *users = parse("\"a\" \"one\"\n\"b\" \"x\"\n\"a\" \"two\"\n");
	(void)state;
	assert_int_equal(users_count(users), 2);
	assert_user(users, "a", USER_SECRET_PLAIN, "two");
	users_unref(users);
}

static void test_empty_file(void **state)
{
	struct users *users = parse("");
	(void)state;
	assert_int_equal(users_count(users), 0);
	assert_null(users_find(users, span_text("a")));
	users_unref(users);
}

static void test_census(void **state)
{
	struct users *users;
	(void)state;
	assert_true(users_mostly_scram(NULL));
	assert_int_equal(users_scram_iterations(NULL, 4096), 4096);
	users = parse("\"a\" \"" MD5 "\"\n\"b\" \"\"\n\"a\" \"" SCRAM "\"\n");
	assert_true(users_mostly_scram(users));
	assert_int_equal(users_scram_iterations(users, 1), 4096);
	users_unref(users);
	users = parse("\"a\" \"" MD5 "\"\n\"b\" \"\"\n\"c\" \"" SCRAM "\"\n");
	assert_false(users_mostly_scram(users));
	users_unref(users);
	users = parse("\"a\" \"" SCRAM "\"\n\"b\" \"SCRAM-SHA-256$9:AA==$" KEYS "\"\n\"c\" \"SCRAM-SHA-256$9:AQ==$" KEYS
		      "\"\n");
	assert_int_equal(users_scram_iterations(users, 1), 9);
	users_unref(users);
}

static void test_generation(void **state)
{
	struct users *a = parse("\"a\" \"one\"\n\"b\" \"one\"\n\"c\" \"x\"\n");
	struct users *b = parse("\"a\" \"one\"\n\"b\" \"two\"\n\"c\" \"x\"\n");
	(void)state;
	assert_true(user_generation(users_find(a, span_text("a"))) == user_generation(users_find(b, span_text("a"))));
	assert_true(user_generation(users_find(a, span_text("b"))) != user_generation(users_find(b, span_text("b"))));
	assert_true(user_generation(users_find(a, span_text("a"))) != user_generation(users_find(a, span_text("b"))));
	users_unref(a);
	users_unref(b);
}

/* A reload keeps what did not change, and the old snapshot lives as long as somebody has it. */
static void test_reload(void **state)
{
	struct users *old = parse("\"a\" \"one\"\n\"b\" \"one\"\n\"c\" \"\"\n");
	struct user *a = users_find(old, span_text("a")), *b = user_ref(users_find(old, span_text("b")));
	const struct scram_secret *derived = user_scram_secret(a);
	(void)state;
	struct users *fresh = parse_with("\"a\" \"one\"\n\"b\" \"two\"\n", old);
	assert_ptr_equal(users_find(fresh, span_text("a")), a);
	assert_ptr_not_equal(users_find(fresh, span_text("b")), b);
	assert_null(users_find(fresh, span_text("c")));
	users_ref(old);
	users_unref(old);
	assert_non_null(users_find(old, span_text("c")));
	users_unref(old);
	assert_ptr_equal(user_scram_secret(a), derived);
	assert_string_equal(user_secret(b), "one");
	user_unref(b);
	users_unref(fresh);
}

static void test_load(void **state)
{
	static const char text[] = "\"a\" \"geheim\"\n\"b\" geheim\n";
	char path[] = "/tmp/auth_users_XXXXXX", *reason = NULL;
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_null(users_load(path, 4096, NULL, &reason));
	assert_true(strncmp(reason, path, strlen(path)) == 0);
	assert_true(strncmp(reason + strlen(path), ":2: no double quote", 19) == 0);
	mem_free(reason);
	assert_int_equal(ftruncate(fd, (off_t)(strchr(text, '\n') - text)), 0);
	struct users *users = users_load(path, 4096, NULL, &reason);
	assert_null(reason);
	assert_user(users, "a", USER_SECRET_PLAIN, "geheim");
	users_unref(users);
	close(fd);
	unlink(path);
	assert_null(users_load(path, 4096, NULL, &reason));
	assert_non_null(strstr(reason, ": cannot be read: No such file or directory"));
	mem_free(reason);
	assert_null(users_load("/tmp", 4096, NULL, &reason));
	assert_non_null(strstr(reason, ": cannot be read: "));
	mem_free(reason);
}

/* 10,000 rows in well under a second. */
static void test_many(void **state)
{
	enum { MANY = 10000 };
	struct buf text;
	char *reason = NULL, name[16];
	(void)state;
	buf_init(&text, 0);
	for (int i = 0; i < MANY; i++)
		buf_add_printf(&text, "\"user%d\" \"%s\"\n", i, i % 3 ? SCRAM : i % 2 ? MD5 : "geheim");
	int64_t begun = clock_now_us();
	struct users *users = users_parse(buf_span(&text), "f", 4096, NULL, &reason);
	int64_t took = clock_now_us() - begun;
	assert_non_null(users);
	print_message("%d rows in %lld us\n", MANY, (long long)took);
	assert_true(took < 1000000);
	assert_int_equal(users_count(users), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "user%d", i);
		assert_non_null(users_find(users, span_text(name)));
	}
	users_unref(users);
	buf_done(&text);
}

/* --- a user's keys --- */

static struct user *user_of(const char *secret)
{
	const char *reason;
	struct user *user = user_new(span_text("u"), span_text(secret), 4096, &reason);
	assert_null(reason);
	return user;
}

static void test_verifier_of_user(void **state)
{
	struct user *user = user_of("pencil"), *again = user_of("pencil");
	struct scram_keys keys;
	(void)state;
	const struct scram_secret *secret = user_scram_secret(user);
	assert_ptr_equal(user_scram_secret(user), secret);
	assert_true(scram_salting_equal(&secret->salting, &user_scram_secret(again)->salting));
	scram_derive("pencil", &secret->salting, &keys);
	assert_memory_equal(&keys.secret, secret, sizeof *secret);
	user_unref(user);
	user_unref(again);

	user = user_of(MD5);
	assert_null(user_scram_secret(user));
	user_unref(user);
	user = user_of("");
	assert_null(user_scram_secret(user));
	user_unref(user);
	user = user_of(SCRAM);
	assert_int_equal(user_scram_secret(user)->salting.iterations, 4096);
	user_unref(user);
	user_unref(NULL);
}

static void test_keys_for_server(void **state)
{
	struct scram_salting salting = { .salt = { 1, 2, 3 }, .salt_len = 3, .iterations = 7 }, most = salting;
	struct scram_keys keys, again, expected;
	struct user *user = user_of("pencil");
	(void)state;
	scram_derive("pencil", &salting, &expected);
	for (int i = 0; i < 100; i++) { /* more saltings than are kept */
		salting.salt[3] = (uint8_t)(i / 2);
		salting.salt_len = i ? 4 : 3;
		assert_null(user_keys_for_server(user, &salting, &keys));
		assert_null(user_keys_for_server(user, &salting, &again));
		assert_memory_equal(&keys, &again, sizeof keys);
		if (i == 0)
			assert_memory_equal(&keys, &expected, sizeof keys);
	}
	most.iterations = SCRAM_ITERATIONS_DERIVE + 1;
	assert_non_null(user_keys_for_server(user, &most, &keys));
	user_unref(user);
	user = user_of("");
	assert_non_null(user_keys_for_server(user, &salting, &keys));
	user_unref(user);
	user = user_of(MD5);
	assert_non_null(user_keys_for_server(user, &salting, &keys));
	user_unref(user);
}

static void test_pass_through_keys(void **state)
{
	struct user *user = user_of(SCRAM);
	struct scram_salting ours = user_scram_secret(user)->salting, theirs = ours;
	struct scram_keys learned, keys;
	(void)state;
	assert_non_null(strstr(user_keys_for_server(user, &ours, &keys), "no client has logged in"));
	scram_derive("pencil", &ours, &learned);
	user_learn_keys(user, &learned);
	user_learn_keys(user, &learned);
	assert_null(user_keys_for_server(user, &ours, &keys));
	assert_memory_equal(&keys, &learned, sizeof keys);
	theirs.iterations++;
	assert_non_null(strstr(user_keys_for_server(user, &theirs, &keys), "not the one known here"));
	theirs = ours;
	theirs.salt[0] ^= 1;
	assert_non_null(strstr(user_keys_for_server(user, &theirs, &keys), "not the one known here"));
	user_unref(user);
}

static void *derive_both(void *user)
{
	struct scram_salting salting = { .salt = { 9 }, .salt_len = 1, .iterations = 100 };
	const struct scram_secret *secret = NULL;
	struct scram_keys keys;
	user_ref(user);
	for (int i = 0; i < 20; i++) {
		secret = user_scram_secret(user);
		salting.salt[0] = (uint8_t)(i + 1);
		if (user_keys_for_server(user, &salting, &keys) != NULL)
			return NULL;
	}
	user_unref(user);
	return (void *)(uintptr_t)secret;
}

static void test_threads(void **state)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	struct user *user = user_of("pencil");
	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, derive_both, user), 0);
	for (int i = 0; i < THREADS; i++) {
		void *secret;
		pthread_join(threads[i], &secret);
		assert_ptr_equal(secret, user_scram_secret(user));
	}
	user_unref(user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_last_of_two_counts),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_census),
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_verifier_of_user),
		cmocka_unit_test(test_keys_for_server),
		cmocka_unit_test(test_pass_through_keys),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
