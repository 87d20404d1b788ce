/* What statements leave behind in a session, and in the server that ran them: pins,
 * settings, prepared names, stale maps. Noted when sent where doubt must count, when
 * completed where only success does. */
#include <string.h>

#include "base/mem.h"
#include "session/client.h"

/* Before a script goes to a server. */
void effects_sending(struct client *c, const struct script *script)
{
	for (size_t i = 0; i < script->part_count; i++) {
		const struct part *part = &script->parts[i];
		if (part->pin != PIN_NONE && part->pin != PIN_UNREAD && c->pin == PIN_NONE &&
		    c->tenant->database->conf->pinning == PINNING_ON) {
			c->pin = part->pin;
			counters_add(&c->tenant->database->counters, COUNTER_PINNED, 1);
		}
		if (part->effects & EFFECT_NAMES && !c->disturbed) {
			c->disturbed = true;
			cluster_disturb(c->tenant->database->cluster);
		}
		if (part->effects & EFFECT_SETTINGS_UNKNOWN || !script->understood)
			c->doubtful = true;
	}
}

bool effects_lasting(const struct script *script)
{
	if (!script->understood)
		return true;
	for (size_t i = 0; i < script->part_count; i++)
		switch (script->parts[i].cls) {
		case PART_SET:
		case PART_SAVEPOINT:
		case PART_RELEASE:
		case PART_ROLLBACK_TO:
		case PART_DISCARD:
		case PART_PREPARE:
		case PART_DEALLOCATE:
			return true;
		default:
			break;
		}
	return false;
}

struct handle *effects_deallocated(const struct client *c, const struct script *script)
{
	if (script->part_count != 1 || script->parts[0].cls != PART_DEALLOCATE || script->parts[0].name == NULL)
		return NULL;
	return handles_find(&c->handles, span_text(script->parts[0].name));
}

void effects_environment(struct client *c)
{
	c->env_version++;
}

static void pin_prepared(struct client *c)
{
	if (c->pin == PIN_NONE && c->pin_other == NULL)
		counters_add(&c->tenant->database->counters, COUNTER_PINNED, 1);
	c->pin_other = "SQL PREPARE";
}

/* All are gone, here and there, but those whose Parse is still on its way: the server comes to it afterwards. */
static void forget_statements(struct client *c)
{
	struct server *server = c->server;
	handles_clear_named(&c->handles);
	prepared_clear(&server->prepared);
	for (uint32_t i = 0; i < server->owed.count; i++) {
		const struct owed_entry *entry = owed_at(&server->owed, i);
		if (entry->kind != OWED_PARSE || entry->arg == NULL ||
		    entry->flags & (OWED_FLAG_ERROR | OWED_FLAG_KEEP | OWED_FLAG_UNNAMED))
			continue;
		struct handle *handle = entry->flags & OWED_FLAG_HANDLE ? entry->arg : NULL;
		if (handle)
			handles_relist(&c->handles, handle);
		if (entry->whose != OWED_FAKE)
			prepared_add(&server->prepared, handle ? handle->statement : entry->arg);
	}
}

static void discard(struct client *c, const char *what)
{
	struct server *server = c->server;
	bool all = what && strcmp(what, "all") == 0;
	if (all || (what && strcmp(what, "temp") == 0 && c->pin == PIN_TEMP_TABLE))
		c->pin = PIN_NONE;
	if (!all)
		return;
	c->pin_other = NULL;
	forget_statements(c);
	guc_copy(&c->wanted, &c->startup);
	guc_clear(&server->applied);
	server->sequences_of = 0;
	effects_environment(c);
}

static void deallocate(struct client *c, const char *name)
{
	if (name) {
		struct handle *known = handles_find(&c->handles, span_text(name));
		if (known) {
			prepared_remove(&c->server->prepared, known->statement);
			handles_remove(&c->handles, known);
		}
		return;
	}
	forget_statements(c);
	c->pin_other = NULL;
}

void effects_completed(struct client *c, const struct script *script, unsigned index, struct span tag)
{
	if (index >= script->part_count)
		return;
	const struct part *part = &script->parts[index];
	if (!script->understood) {
		/* It may have been a SET in words newer than our grammar. */
		if (span_is(tag, "SET") || span_is(tag, "RESET"))
			c->pin = PIN_UNREAD;
		return;
	}
	switch (part->cls) {
	case PART_SET:
		for (size_t i = 0; i < part->setting_count; i++) {
			const struct part_setting *setting = &part->settings[i];
			if (!setting->known)
				c->pin = PIN_UNREAD;
			journal_set(&c->journal, setting->name, setting->value, setting->local);
			server_note_custom(c->server, setting->name);
			if (guc_is_custom(setting->name))
				guc_put(&c->customs, span_text(setting->name), "");
		}
		effects_environment(c);
		break;
	case PART_SAVEPOINT:
		journal_savepoint(&c->journal, part->name);
		break;
	case PART_RELEASE:
		journal_release(&c->journal, part->name);
		break;
	case PART_ROLLBACK_TO:
		journal_rollback_to(&c->journal, part->name);
		c->failed = false;
		effects_environment(c);
		break;
	case PART_DISCARD:
		discard(c, part->name);
		break;
	case PART_PREPARE:
		pin_prepared(c);
		break;
	case PART_DEALLOCATE:
		deallocate(c, part->name);
		break;
	default:
		break;
	}
}

static void forget_portals(struct client *c)
{
	handle_unref(c->portal);
	c->portal = NULL;
	LIST_EACH (it, &c->portals) {
		struct portal *portal = LIST_ITEM(it, struct portal, item);
		list_remove(it);
		handle_unref(portal->handle);
		mem_free(portal->text);
		mem_free(portal);
	}
}

/* ReadyForQuery 'I', or the end of the session: what was set holds, or is undone. */
void effects_settings(struct client *c, bool committed)
{
	if (c->journal.count) {
		if (committed) {
			journal_apply(&c->journal, &c->wanted, &c->startup);
			if (c->server)
				journal_apply(&c->journal, &c->server->applied, NULL);
		}
		journal_clear(&c->journal);
		effects_environment(c);
	}
	c->failed = false;
}

void effects_transaction_over(struct client *c)
{
	effects_settings(c, !c->failed);
	if (c->disturbed) {
		c->disturbed = false;
		atomic_fetch_add(&c->sessions->shared->ddl_count, 1);
		cluster_settle(c->tenant->database->cluster);
	}
	forget_portals(c);
}
