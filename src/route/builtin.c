/* The lists of builtin_list.h, each in order, looked up by bisection. Only a statement
 * whose template is new is looked up here, so that a dozen comparisons are cheap enough. */
#include "route/builtin.h"

#include "base/mem.h"

struct builtin_function {
	const char *name;
	bool allowed;
};

struct builtin_name {
	const char *name;
};

struct builtin_type {
	const char *name;
	uint32_t oid;
};

#include "route/builtin_list.h"

/* Rows of every list by name begin with the name: one comparison serves them all. */
static int compare_name(const void *key, const void *row);
static int compare_oid(const void *key, const void *row);

#define FIND_NAME(list, name) bsearch(&(name), list, MEM_COUNT(list), sizeof((list)[0]), compare_name)

bool builtin_function_allowed(struct span name)
{
	const struct builtin_function *found = FIND_NAME(builtin_functions, name);
	return found && found->allowed;
}

bool builtin_function_exists(struct span name)
{
	return FIND_NAME(builtin_functions, name) != NULL;
}

bool builtin_operator_allowed(struct span name)
{
	return FIND_NAME(builtin_operators, name) != NULL;
}

uint32_t builtin_type(struct span name)
{
	const struct builtin_type *found = FIND_NAME(builtin_types, name);
	return found ? found->oid : 0;
}

bool builtin_cast_allowed(uint32_t type)
{
	return bsearch(&type, builtin_casts, MEM_COUNT(builtin_casts), sizeof(builtin_casts[0]), compare_oid) != NULL;
}

static int compare_name(const void *key, const void *row)
{
	const struct span *name = key;
	const char *text = *(const char *const *)row;
	size_t len = strlen(text), both = name->len < len ? name->len : len;
	int order = both ? memcmp(name->ptr, text, both) : 0;
	return order ? order : (name->len > len) - (name->len < len);
}

static int compare_oid(const void *key, const void *row)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)row;
	return (a > b) - (a < b);
}
