/* Every reason has a code, a meaning and a row in the manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "route/reason.h"

static void codes_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		assert_true(strlen(reason_code(i)) > 0);
		assert_true(strlen(reason_meaning(i)) > 0);
		assert_non_null(reason_change(i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reason_code(i), reason_code(j));
	}
}

static void the_manual_has_them_all(void **state)
{
	static char manual[256 * 1024];
	const char *top = getenv("top_srcdir");
	char *path = mem_printf("%s/doc/routing.md", top ? top : ".");
	FILE *file = fopen(path, "r");
	(void)state;
	mem_free(path);
	if (file == NULL) {
		skip(); /* run by hand from another folder */
		return;
	}
	manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
	fclose(file);
	for (int i = 0; i < REASON_COUNT; i++) {
		char *row = mem_printf("| `%s` | %s | ", reason_code(i), reason_meaning(i));
		if (strstr(manual, row) == NULL)
			print_message("doc/routing.md lacks %s\n", row);
		assert_non_null(strstr(manual, row));
		mem_free(row);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_unique),
		cmocka_unit_test(the_manual_has_them_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
