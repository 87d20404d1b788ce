/* The functions of the SHOW commands, by subject; columns and help are in commands.c. */
#pragma once

struct ask;

/* show_pools.c */
void show_pools(struct ask *ask);
void show_node_pools(struct ask *ask);
/* show_sockets.c */
void show_clients(struct ask *ask);
void show_servers(struct ask *ask);
void show_sockets(struct ask *ask);
void show_active_sockets(struct ask *ask);
/* show_databases.c */
void show_databases(struct ask *ask);
void show_users(struct ask *ask);
void show_lists(struct ask *ask);
/* show_stats.c */
void show_stats(struct ask *ask);
void show_stats_totals(struct ask *ask);
void show_stats_averages(struct ask *ask);
void show_totals(struct ask *ask);
/* show_process.c */
void show_config(struct ask *ask);
void show_state(struct ask *ask);
void show_version(struct ask *ask);
void show_help(struct ask *ask);
void show_fixed(struct ask *ask);
void set_fixed(struct ask *ask);
/* show_cluster.c */
void show_map(struct ask *ask);
void show_nodes(struct ask *ask);
void show_tables(struct ask *ask);
void show_shards(struct ask *ask);
/* show_routes.c */
void show_routes(struct ask *ask);
void show_reasons(struct ask *ask);
