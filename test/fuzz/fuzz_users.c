/* Fuzzes the auth_file: a file is taken as a whole or refused with a place, every
 * user that was read is found, and the same text gives the same users again. */
#include "auth/users.h"
#include "base/mem.h"
#include "base/span.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = span_of((const char *)bytes, len);
	char *reason = NULL, *again = NULL;
	struct users *users = users_parse(text, "f", 4096, NULL, &reason);
	struct users *second = users_parse(text, "f", 4096, users, &again);
	FUZZ_CHECK((users == NULL) == (second == NULL));
	if (users == NULL) {
		FUZZ_CHECK(reason && strncmp(reason, "f:", 2) == 0 && strcmp(reason, again) == 0);
	} else {
		FUZZ_CHECK(reason == NULL && users_count(users) == users_count(second));
		FUZZ_CHECK(users_find(users, span_text("")) == NULL);
		/* What stands between the first two quotes is a name, unless the second one is doubled. */
		struct span rest = text;
		span_split(&rest, '"');
		struct span name = span_split(&rest, '"');
		bool first_line = len && bytes[0] == '"' && rest.len && rest.ptr[0] != '"';
		FUZZ_CHECK(!first_line || users_find(users, name));
		FUZZ_CHECK(!first_line || users_find(second, name));
	}
	mem_free(reason);
	mem_free(again);
	users_unref(users);
	users_unref(second);
	return 0;
}
