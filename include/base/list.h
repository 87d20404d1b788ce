/* An intrusive, circular, doubly linked list. A state is a list: an object is in
 * exactly one, and moving it is what changes its state. Plain data; no allocation.
 *
 *    head <-> a <-> b <-> c <-> (head)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* True for an item that is in a list; items must have been list_init'ed. */
static inline bool list_linked(const struct list *item)
{
	return item->next != item;
}

static inline void list_insert(struct list *item, struct list *prev, struct list *next)
{
	item->prev = prev;
	item->next = next;
	prev->next = next->prev = item;
}

static inline void list_append(struct list *head, struct list *item)
{
	list_insert(item, head->prev, head);
}

static inline void list_prepend(struct list *head, struct list *item)
{
	list_insert(item, head, head->next);
}

/* Takes the item out; harmless for one that is in no list. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

static inline struct list *list_first(struct list *head)
{
	return list_empty(head) ? NULL : head->next;
}

static inline struct list *list_last(struct list *head)
{
	return list_empty(head) ? NULL : head->prev;
}

#define LIST_ITEM(item, type, member) MEM_CONTAINER(item, type, member)

/* Walks a list whose current item may be taken out by the body. */
#define LIST_EACH(it, head)                                                                                            \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)
