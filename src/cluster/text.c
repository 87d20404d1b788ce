/* Reading of node trees and of pg_get_expr()'s output. Only what is wholly understood is accepted. */
#include "cluster/text.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"

/* Skips the word, false (and nothing skipped) if it is not there. */
static bool skip(const char **at, const char *word)
{
	size_t len = strlen(word);
	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool skip_number(const char **at, long long min, long long max, long long *value)
{
	size_t len = **at == '-' ? 1 : 0;
	while (isdigit((unsigned char)(*at)[len]))
		len++;
	if (len == 0 || len > 19 || !span_to_int(span_of(*at, len), min, max, value))
		return false;
	*at += len;
	return true;
}

bool text_key_column(const char *tree, int *number)
{
	const char *at = tree;
	long long varno, attno;
	if (!skip(&at, "{VAR :varno ") || !skip_number(&at, 1, 1, &varno) || !skip(&at, " :varattno ") ||
	    !skip_number(&at, 1, 1600, &attno) || strchr(at, '{') || strchr(at, '}') != tree + strlen(tree) - 1)
		return false;
	*number = (int)attno;
	return true;
}

bool text_numbers(const char *vector, int *numbers, unsigned max, unsigned *count)
{
	long long number;
	for (*count = 0; *vector; (*count)++) {
		if (*count && !skip(&vector, " "))
			return false;
		if (*count == max || !skip_number(&vector, 0, 1600, &number))
			return false;
		numbers[*count] = (int)number;
	}
	return *count > 0;
}

const char *text_hash_bound(const char *bound, uint32_t *modulus, uint32_t *remainder)
{
	long long m, r;
	if (strcmp(bound, "DEFAULT") == 0)
		return "it has a default partition";
	if (!skip(&bound, "FOR VALUES WITH (modulus ") || !skip_number(&bound, 1, INT32_MAX, &m) ||
	    !skip(&bound, ", remainder ") || !skip_number(&bound, 0, m - 1, &r) || strcmp(bound, ")") != 0)
		return "a partition's bound is not of a hash";
	*modulus = (uint32_t)m;
	*remainder = (uint32_t)r;
	return NULL;
}

int text_setting_name(const char *setting)
{
	const char *equals = strchr(setting, '=');
	return equals && equals != setting ? (int)(equals - setting) : -1;
}

/* pg_type.dat: regproc, regprocedure, regoper, regoperator, regclass, regtype, regconfig, regdictionary,
 * regnamespace, regrole, regcollation. */
bool text_type_is_reg(uint32_t type)
{
	static const uint32_t types[] = { 24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191 };
	for (size_t i = 0; i < MEM_COUNT(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

/* The number after a field of a node; -1 if the node, which ends at the next brace, has no such field. */
static long long field_of(const char *node, const char *field)
{
	size_t node_len = strcspn(node, "{}");
	const char *at = strstr(node, field);
	if (at == NULL || (size_t)(at - node) > node_len)
		return -1;
	at += strlen(field);
	long long value;
	return skip_number(&at, -1, UINT32_MAX, &value) ? value : -1;
}

enum { NEXTVAL = 1574, LAST_SAFE_VALUE_FUNCTION = 12 /* SVFOP_SESSION_USER; then CURRENT_CATALOG, _SCHEMA */ };

static enum map_default judge_node(const char *node, size_t name_len)
{
	/* Nodes that are as harmless as the functions and constants in them. */
	static const char *const plain[] = { "OPEXPR",      "DISTINCTEXPR", "NULLIFEXPR", "BOOLEXPR",   "RELABELTYPE",
					     "CASE",        "CASEEXPR",     "WHEN",       "CASEWHEN",   "CASETESTEXPR",
					     "COALESCE",    "COALESCEEXPR", "MINMAX",     "MINMAXEXPR", "NULLTEST",
					     "BOOLEANTEST", "ARRAY",        "ARRAYEXPR" };
	struct span name = span_of(node, name_len);
	if (span_is(name, "NEXTVALUEEXPR"))
		return MAP_DEFAULT_SEQUENCE;
	if (span_is(name, "FUNCEXPR"))
		return field_of(node, ":funcid ") == NEXTVAL ? MAP_DEFAULT_SEQUENCE : MAP_DEFAULT_SAFE;
	if (span_is(name, "CONST"))
		return text_type_is_reg((uint32_t)field_of(node, ":consttype ")) ? MAP_DEFAULT_OTHER : MAP_DEFAULT_SAFE;
	if (span_is(name, "SQLVALUEFUNCTION")) {
		long long op = field_of(node, ":op ");
		return op >= 0 && op <= LAST_SAFE_VALUE_FUNCTION ? MAP_DEFAULT_SAFE : MAP_DEFAULT_OTHER;
	}
	for (size_t i = 0; i < MEM_COUNT(plain); i++)
		if (span_is(name, plain[i]))
			return MAP_DEFAULT_SAFE;
	return MAP_DEFAULT_OTHER;
}

/* The worst of its nodes. That nextval's argument is a constant of type regclass is no matter. */
enum map_default text_default(const char *tree, bool calls_safe)
{
	if (tree == NULL || tree[0] == '\0' || !calls_safe)
		return MAP_DEFAULT_OTHER;
	enum map_default worst = MAP_DEFAULT_SAFE;
	for (const char *at = strchr(tree, '{'); at; at = strchr(at, '{')) {
		at++;
		enum map_default judged = judge_node(at, strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		if (judged == MAP_DEFAULT_SEQUENCE)
			return judged;
		if (judged == MAP_DEFAULT_OTHER)
			worst = judged;
	}
	return worst;
}
