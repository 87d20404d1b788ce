/* The hash table: what was put in is found, what was taken out is not, whatever the
 * keys; growth loses nothing; a walk may take out what it stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/table.h"

enum { MANY = 5000 };

struct entry {
	struct table_item item;
	char key[24];
	unsigned number;
};

static struct entry *make(unsigned count)
{
	struct entry *entries = mem_array(count, sizeof *entries);
	for (unsigned i = 0; i < count; i++) {
		entries[i].number = i;
		snprintf(entries[i].key, sizeof entries[i].key, "key %u", i);
	}
	return entries;
}

static void test_empty(void **state)
{
	struct table t;
	unsigned seen = 0;
	(void)state;
	table_init(&t);
	assert_null(table_find(&t, span_text("a")));
	assert_null(table_find_hashed(&t, span_text("a"), 1));
	TABLE_EACH (it, &t)
		seen++;
	assert_int_equal(seen, 0);
	table_done(&t);
}

static void test_add_find_remove(void **state)
{
	struct table t;
	struct entry *entries = make(MANY);
	(void)state;
	table_init(&t);
	for (unsigned i = 0; i < MANY; i++)
		table_add(&t, &entries[i].item, span_text(entries[i].key));
	assert_int_equal(t.count, MANY);
	for (unsigned i = 0; i < MANY; i += 2)
		table_remove(&t, &entries[i].item);
	for (unsigned i = 0; i < MANY; i++) {
		struct table_item *found = table_find(&t, span_text(entries[i].key));
		assert_ptr_equal(found, i % 2 ? &entries[i].item : NULL);
	}
	assert_int_equal(t.count, MANY / 2);
	table_remove(&t, &entries[0].item); /* not there any more: harmless */
	assert_int_equal(t.count, MANY / 2);
	table_done(&t);
	mem_free(entries);
}

static void test_keys_are_bytes(void **state)
{
	static const char bytes[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct entry *entries = make(sizeof bytes);
	struct table t;
	(void)state;
	table_init(&t);
	/* Keys that differ in their length alone. */
	for (size_t len = 0; len < sizeof bytes; len++)
		table_add(&t, &entries[len].item, span_of(bytes, len));
	for (size_t len = 0; len < sizeof bytes; len++)
		assert_ptr_equal(table_find(&t, span_of(bytes, len)), &entries[len].item);
	assert_null(table_find(&t, span_of("\0\1", 2)));
	table_done(&t);
	mem_free(entries);
}

static void test_one_hash_for_all(void **state)
{
	struct entry *entries = make(100);
	struct table t;
	(void)state;
	table_init(&t);
	for (unsigned i = 0; i < 100; i++)
		table_add_hashed(&t, &entries[i].item, span_text(entries[i].key), 7);
	for (unsigned i = 0; i < 100; i++)
		assert_ptr_equal(table_find_hashed(&t, span_text(entries[i].key), 7), &entries[i].item);
	assert_null(table_find_hashed(&t, span_text(entries[1].key), 8));
	for (unsigned i = 0; i < 100; i++)
		table_remove(&t, &entries[i].item);
	assert_int_equal(t.count, 0);
	table_done(&t);
	mem_free(entries);
}

static void test_a_walk_sees_each_once(void **state)
{
	struct entry *entries = make(MANY);
	bool *seen = mem_array(MANY, sizeof *seen);
	struct table t;
	(void)state;
	table_init(&t);
	for (unsigned i = 0; i < MANY; i++)
		table_add(&t, &entries[i].item, span_text(entries[i].key));
	TABLE_EACH (it, &t) {
		struct entry *entry = TABLE_ITEM(it, struct entry, item);
		assert_false(seen[entry->number]);
		seen[entry->number] = true;
		if (entry->number % 3 == 0)
			table_remove(&t, it);
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_true(seen[i]);
	assert_int_equal(t.count, MANY - (MANY + 2) / 3);
	table_done(&t);
	mem_free(entries);
	mem_free(seen);
}

static void test_hashes(void **state)
{
	(void)state;
	assert_int_equal(table_hash(span_text("a")), table_hash(span_of("abc", 1)));
	assert_int_not_equal(table_hash(span_text("a")), table_hash(span_text("b")));
	/* The same parts in another order, or cut elsewhere, are something else. */
	uint64_t start = table_hash(span_text(""));
	uint64_t ab_c = table_hash_more(table_hash_more(start, span_text("ab")), span_text("c"));
	uint64_t a_bc = table_hash_more(table_hash_more(start, span_text("a")), span_text("bc"));
	uint64_t c_ab = table_hash_more(table_hash_more(start, span_text("c")), span_text("ab"));
	assert_int_not_equal(ab_c, a_bc);
	assert_int_not_equal(ab_c, c_ab);
}

static void test_hashes_spread(void **state)
{
	struct entry *entries = make(MANY);
	struct table t;
	size_t longest = 0;
	(void)state;
	table_init(&t);
	for (unsigned i = 0; i < MANY; i++)
		table_add(&t, &entries[i].item, span_text(entries[i].key));
	for (size_t b = 0; b < t.bucket_count; b++) {
		size_t length = 0;
		for (struct table_item *it = t.buckets[b]; it; it = it->next)
			length++;
		longest = length > longest ? length : longest;
	}
	/* At most one a bucket on average: a dozen in one would be a bad hash. */
	assert_true(t.bucket_count >= MANY && longest <= 12);
	table_done(&t);
	mem_free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add_find_remove),
		cmocka_unit_test(test_keys_are_bytes),
		cmocka_unit_test(test_one_hash_for_all),
		cmocka_unit_test(test_a_walk_sees_each_once),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_hashes_spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
