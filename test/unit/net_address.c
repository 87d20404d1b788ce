/* Socket addresses: what is an address, and how it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "net/address.h"

static void test_numeric(void **state)
{
	static const struct {
		const char *host;
		int family;
		const char *shown;
	} rows[] = {
		{ "127.0.0.1", AF_INET, "127.0.0.1" },
		{ "0.0.0.0", AF_INET, "0.0.0.0" },
		{ "::1", AF_INET6, "::1" },
		{ "2001:DB8:0::1", AF_INET6, "2001:db8::1" },
		{ "::ffff:10.0.0.1", AF_INET6, "::ffff:10.0.0.1" },
		{ "localhost", 0, NULL },
		{ "127.0.0", 0, NULL },
		{ "127.0.0.256", 0, NULL },
		{ "0x7f000001", 0, NULL },
		{ "[::1]", 0, NULL },
		{ "", 0, NULL },
	};
	char text[ADDRESS_TEXT_BYTES];
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct address a;
		assert_int_equal(address_from_numeric(&a, rows[i].host, 5432), rows[i].family != 0);
		if (rows[i].family == 0)
			continue;
		assert_int_equal(a.any.sa_family, rows[i].family);
		assert_string_equal(address_host(&a, text), rows[i].shown);
		assert_int_equal(address_port(&a), 5432);
		assert_false(address_is_local(&a));
	}
}

static void test_ports(void **state)
{
	struct address a;
	(void)state;
	assert_true(address_from_numeric(&a, "10.0.0.1", 65535));
	assert_int_equal(address_port(&a), 65535);
	assert_true(address_from_numeric(&a, "::", 1));
	assert_int_equal(address_port(&a), 1);
}

static void test_folders(void **state)
{
	struct address a;
	char text[ADDRESS_TEXT_BYTES];
	(void)state;
	assert_true(address_from_folder(&a, "/run/postgresql", 5432));
	assert_true(address_is_local(&a));
	assert_string_equal(a.local.sun_path, "/run/postgresql/.s.PGSQL.5432");
	assert_string_equal(address_host(&a, text), "unix");
	assert_int_equal(address_port(&a), 0);
}

static void test_an_abstract_folder(void **state)
{
	struct address a;
	(void)state;
	assert_true(address_from_folder(&a, "@pgshunt", 6432));
	assert_int_equal(a.local.sun_path[0], 0);
	assert_memory_equal(a.local.sun_path + 1, "pgshunt/.s.PGSQL.6432", 21);
	assert_int_equal(a.len, offsetof(struct sockaddr_un, sun_path) + 22);
}

static void test_a_path_that_just_fits(void **state)
{
	struct address a;
	char folder[200];
	size_t most = sizeof a.local.sun_path - sizeof "/.s.PGSQL.5432";
	(void)state;
	memset(folder, 'x', sizeof folder);
	folder[0] = '/';
	folder[most] = '\0';
	assert_true(address_from_folder(&a, folder, 5432));
	folder[most] = 'x';
	folder[most + 1] = '\0';
	assert_false(address_from_folder(&a, folder, 5432));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numeric),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_an_abstract_folder),
		cmocka_unit_test(test_a_path_that_just_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
