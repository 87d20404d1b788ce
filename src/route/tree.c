/* Small questions to a tree. */
#include "route/tree.h"

const struct tree *tree_clause(const struct tree *statement, enum tree_clause clause)
{
	for (const struct tree *child = statement->first; child != NULL; child = child->next)
		if (child->kind == TREE_CLAUSE && child->mark == (int)clause)
			return child;
	return NULL;
}

size_t tree_name_count(const struct tree *node)
{
	size_t count = 0;
	while (node->names != NULL && node->names[count] != NULL)
		count++;
	return count;
}

const char *tree_own_name(const struct tree *node)
{
	size_t count = tree_name_count(node);
	return count ? node->names[count - 1] : "";
}

const char *tree_schema(const struct tree *node)
{
	size_t count = tree_name_count(node);
	return count > 1 ? node->names[count - 2] : NULL;
}

size_t tree_child_count(const struct tree *node)
{
	size_t count = 0;
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		count++;
	return count;
}

bool tree_has(const struct tree *node, enum tree_kind kind)
{
	if (node->kind == kind)
		return true;
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		if (tree_has(child, kind))
			return true;
	return false;
}
