/* Lists: order, moving between lists, walking while taking out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"

struct thing {
	int number;
	struct list item;
};

static void fill(struct list *head, struct thing *things, int count)
{
	list_init(head);
	for (int i = 0; i < count; i++) {
		things[i].number = i;
		list_init(&things[i].item);
		list_append(head, &things[i].item);
	}
}

/* The numbers of a list as digits of one. */
static int read(struct list *head)
{
	int number = 0;
	LIST_EACH (it, head)
		number = number * 10 + LIST_ITEM(it, struct thing, item)->number;
	return number;
}

static void test_empty(void **state)
{
	struct list head;
	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_first(&head));
	assert_null(list_last(&head));
	assert_false(list_linked(&head));
}

static void test_order(void **state)
{
	struct thing things[5];
	struct list head;
	(void)state;
	fill(&head, things, 5);
	assert_int_equal(read(&head), 1234);
	assert_ptr_equal(list_first(&head), &things[0].item);
	assert_ptr_equal(list_last(&head), &things[4].item);
	list_remove(&things[0].item);
	list_append(&head, &things[0].item);
	assert_int_equal(read(&head), 12340);
	list_remove(&things[4].item);
	list_prepend(&head, &things[4].item);
	assert_int_equal(read(&head), 41230);
	list_remove(&things[1].item);
	list_insert(&things[1].item, &things[3].item, things[3].item.next);
	assert_int_equal(read(&head), 42310);
}

static void test_remove_is_harmless_twice(void **state)
{
	struct thing things[2];
	struct list head;
	(void)state;
	fill(&head, things, 2);
	list_remove(&things[0].item);
	assert_false(list_linked(&things[0].item));
	list_remove(&things[0].item);
	assert_true(list_linked(&things[1].item));
	list_remove(&things[1].item);
	assert_true(list_empty(&head));
}

static void test_moving_while_walking(void **state)
{
	struct thing things[6];
	struct list head, odd;
	(void)state;
	fill(&head, things, 6);
	list_init(&odd);
	LIST_EACH (it, &head) {
		if (LIST_ITEM(it, struct thing, item)->number % 2) {
			list_remove(it);
			list_append(&odd, it);
		}
	}
	assert_int_equal(read(&head), 24);
	assert_int_equal(read(&odd), 135);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_remove_is_harmless_twice),
		cmocka_unit_test(test_moving_while_walking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
