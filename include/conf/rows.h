/* THE settings table. A setting is one row here and nothing else: its field in
 * `struct settings` (and, by scope, in `struct database_settings` and `struct
 * user_settings`), its parser, its check, its line in SHOW CONFIG, in
 * etc/pgshunt.ini and in doc/config.md are made from the row.
 *
 *    X(kind, name, default, scope, when, status, limits, help)
 *
 * kind    the C type and the units of the field:
 *         BOOL     bool name          1/0, on/off, yes/no, true/false
 *         INT      int name           limits (min, max)
 *         OCTAL    unsigned name      limits (min, max)
 *         BYTES    int64_t name_bytes B, kB, MB, GB; bare = bytes; limits (min, max) in bytes
 *         TIME     int64_t name_us    us, ms, s, min, h, d; bare = seconds; limits least, in us, or nothing
 *         TIME_MS  int64_t name_us    the same; bare = milliseconds
 *         STRING   const char *name   never NULL; "" = not set
 *         SECRET   const char *name   the same; shown as ****
 *         LIST     struct setting_list name    comma separated
 *         ENUM     enum <limits> name  one of the words of <limits>
 * default as text, read by the same parser; its manner (1 or on, 60 or 1min) is
 *         the manner in which the value is printed
 * scope   G = section [pgshunt], D = a connect string in [databases], U = [users].
 *         A value not given for a database or user is the global one.
 * when    RELOAD = may change while running, START = only at start
 * status  WORKS, or LATER("why") = accepted but not built yet (NOT_YET, NOT_YET_TLS,
 *         NOT_YET_DNS: with the usual reasons), or NOWHERE("why") = makes no sense
 *         here: all but WORKS warn when the value is not the default
 *
 * The first hundred are PgBouncer's, in the order of its manual, with its
 * defaults; SHOW CONFIG keeps that order. */
#pragma once

/* clang-format off */

/* ---- words of the ENUM kinds: X(symbol, word, verdict, why). REFUSE = an error:
 * nobody is let in, and nothing goes unencrypted, because a setting was ignored. */
#define POOL_MODE_WORDS(X)                                                                                           \
	X(POOL_MODE_SESSION, "session", FINE, "")                                                                    \
	X(POOL_MODE_TRANSACTION, "transaction", FINE, "")                                                            \
	X(POOL_MODE_STATEMENT, "statement", REFUSE, "not supported yet: use transaction")

#define AUTH_TYPE_WORDS(X)                                                                                           \
	X(AUTH_TYPE_ANY, "any", FINE, "")                                                                            \
	X(AUTH_TYPE_TRUST, "trust", FINE, "")                                                                        \
	X(AUTH_TYPE_PLAIN, "plain", FINE, "")                                                                        \
	X(AUTH_TYPE_MD5, "md5", FINE, "")                                                                            \
	X(AUTH_TYPE_SCRAM_SHA_256, "scram-sha-256", FINE, "")                                                        \
	X(AUTH_TYPE_CERT, "cert", REFUSE, "not supported yet: use scram-sha-256")                                    \
	X(AUTH_TYPE_HBA, "hba", REFUSE, "not supported yet: use scram-sha-256")                                      \
	X(AUTH_TYPE_LDAP, "ldap", REFUSE, "not supported yet: use scram-sha-256")                                    \
	X(AUTH_TYPE_PAM, "pam", REFUSE, "not supported yet: use scram-sha-256")

#define SSLMODE_WORDS(X)                                                                                             \
	X(SSLMODE_DISABLE, "disable", FINE, "")                                                                      \
	X(SSLMODE_ALLOW, "allow", WARN, "TLS is not supported yet: connections are plain")                           \
	X(SSLMODE_PREFER, "prefer", WARN, "TLS is not supported yet: connections are plain")                         \
	X(SSLMODE_REQUIRE, "require", REFUSE, "TLS is not supported yet: use disable on a network that you trust")   \
	X(SSLMODE_VERIFY_CA, "verify-ca", REFUSE, "TLS is not supported yet: use disable on a network that you trust") \
	X(SSLMODE_VERIFY_FULL, "verify-full", REFUSE, "TLS is not supported yet: use disable on a network that you trust")

#define SYSLOG_FACILITY_WORDS(X)                                                                                     \
	X(FACILITY_AUTH, "auth", FINE, "")                                                                           \
	X(FACILITY_AUTHPRIV, "authpriv", FINE, "")                                                                   \
	X(FACILITY_DAEMON, "daemon", FINE, "")                                                                       \
	X(FACILITY_USER, "user", FINE, "")                                                                           \
	X(FACILITY_LOCAL0, "local0", FINE, "")                                                                       \
	X(FACILITY_LOCAL1, "local1", FINE, "")                                                                       \
	X(FACILITY_LOCAL2, "local2", FINE, "")                                                                       \
	X(FACILITY_LOCAL3, "local3", FINE, "")                                                                       \
	X(FACILITY_LOCAL4, "local4", FINE, "")                                                                       \
	X(FACILITY_LOCAL5, "local5", FINE, "")                                                                       \
	X(FACILITY_LOCAL6, "local6", FINE, "")                                                                       \
	X(FACILITY_LOCAL7, "local7", FINE, "")

#define LOAD_BALANCE_WORDS(X)                                                                                        \
	X(LOAD_BALANCE_ROUND_ROBIN, "round-robin", FINE, "")                                                         \
	X(LOAD_BALANCE_DISABLE, "disable", FINE, "")

#define CLUSTER_WORDS(X)                                                                                             \
	X(CLUSTER_AUTO, "auto", FINE, "")                                                                            \
	X(CLUSTER_CITUS, "citus", FINE, "")                                                                          \
	X(CLUSTER_NATIVE, "native", FINE, "")                                                                        \
	X(CLUSTER_NONE, "none", FINE, "")

#define ROUTE_TRANSACTIONS_WORDS(X)                                                                                  \
	X(ROUTE_TRANSACTIONS_OFF, "off", FINE, "")                                                                   \
	X(ROUTE_TRANSACTIONS_ALL, "all", FINE, "")                                                                   \
	X(ROUTE_TRANSACTIONS_LEARNED, "learned", WARN, "not supported yet: acts as off")

#define REFERENCE_READS_WORDS(X)                                                                                     \
	X(REFERENCE_READS_COORDINATOR, "coordinator", FINE, "")                                                      \
	X(REFERENCE_READS_ANY, "any", WARN, "not supported yet: acts as coordinator")

#define PINNING_WORDS(X)                                                                                             \
	X(PINNING_ON, "on", FINE, "")                                                                                \
	X(PINNING_REFUSE, "refuse", FINE, "")

/* Every ENUM: X(tag of the enum, its words). */
#define SETTING_ENUMS(X)                                                                                             \
	X(pool_mode, POOL_MODE_WORDS)                                                                                \
	X(auth_type, AUTH_TYPE_WORDS)                                                                                \
	X(sslmode, SSLMODE_WORDS)                                                                                    \
	X(syslog_facility, SYSLOG_FACILITY_WORDS)                                                                    \
	X(load_balance_hosts, LOAD_BALANCE_WORDS)                                                                    \
	X(cluster_kind, CLUSTER_WORDS)                                                                               \
	X(route_transactions, ROUTE_TRANSACTIONS_WORDS)                                                              \
	X(reference_reads, REFERENCE_READS_WORDS)                                                                    \
	X(pinning, PINNING_WORDS)

#define AUTH_QUERY_DEFAULT                                                                                           \
	"SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "                            \
	"FROM pg_authid WHERE rolname=$1 AND rolcanlogin"
#define SETTING_ANY_COUNT (0, 2147483647)

/* ---- section [pgshunt] */
#define SETTING_ROWS(X)                                                                                              \
	X(STRING, logfile, "", G, RELOAD, WORKS, ,                                                                   \
	  "Log file, reopened on reload. Empty: standard error only.")                                               \
	X(STRING, pidfile, "", G, START, WORKS, ,                                                                    \
	  "File with the process id; removed at exit.")                                                              \
	X(LIST, listen_addr, "", G, START, WORKS, ,                                                                  \
	  "Addresses to listen on, or * for all. Empty: Unix socket only.")                                          \
	X(INT, listen_port, "6432", G, START, WORKS, (1, 65535),                                                     \
	  "TCP port, and the suffix of the Unix socket.")                                                            \
	X(STRING, unix_socket_dir, "/tmp", G, START, WORKS, ,                                                        \
	  "Folder of the Unix socket, also for databases without host. @name: abstract. Empty: none.")               \
	X(OCTAL, unix_socket_mode, "0777", G, START, WORKS, (0, 07777),                                              \
	  "Mode of the Unix socket, octal.")                                                                         \
	X(STRING, unix_socket_group, "", G, START, LATER("the socket keeps the group of the process"), ,             \
	  "Group of the Unix socket.")                                                                               \
	X(STRING, user, "", G, START, WORKS, ,                                                                       \
	  "System user to become after start, when started as root.")                                                \
	X(ENUM, pool_mode, "session", GDU, RELOAD, WORKS, pool_mode,                                                 \
	  "When a server goes back to its pool: at the end of the session or of the transaction.")                   \
	X(INT, max_client_conn, "100", G, RELOAD, WORKS, SETTING_ANY_COUNT,                                          \
	  "Client connections at most, console not counted.")                                                        \
	X(INT, default_pool_size, "20", G, RELOAD, WORKS, SETTING_ANY_COUNT,                                         \
	  "Server connections a pool (database, user, node). 0: no limit.")                                          \
	X(INT, min_pool_size, "0", GD, RELOAD, NOT_YET, SETTING_ANY_COUNT,                                           \
	  "Server connections that a pool in use keeps open.")                                                       \
	X(INT, reserve_pool_size, "0", GDU, RELOAD, NOT_YET, SETTING_ANY_COUNT,                                      \
	  "Further server connections for a pool whose clients wait.")                                               \
	X(TIME, reserve_pool_timeout, "5", G, RELOAD, NOT_YET, ,                                                     \
	  "How long a client waits before the reserve is used.")                                                     \
	X(INT, max_db_connections, "0", GD, RELOAD, WORKS, SETTING_ANY_COUNT,                                        \
	  "Server connections a database, over all its nodes and users. 0: no limit.")                               \
	X(INT, max_db_client_connections, "0", GD, RELOAD, NOT_YET, SETTING_ANY_COUNT,                               \
	  "Client connections a database. 0: no limit.")                                                             \
	X(INT, max_user_connections, "0", GU, RELOAD, NOT_YET, SETTING_ANY_COUNT,                                    \
	  "Server connections a user, over all databases and nodes. 0: no limit.")                                   \
	X(INT, max_user_client_connections, "0", GU, RELOAD, NOT_YET, SETTING_ANY_COUNT,                             \
	  "Client connections a user. 0: no limit.")                                                                 \
	X(BOOL, server_round_robin, "0", G, RELOAD, WORKS, ,                                                         \
	  "Use idle servers in turn instead of the one used last.")                                                  \
	X(LIST, track_extra_parameters, "IntervalStyle", G, START,                                                   \
	  NOWHERE("every setting that a client makes is carried over"), ,                                            \
	  "Parameters carried over beside the standard ones.")                                                       \
	X(LIST, ignore_startup_parameters, "", G, RELOAD, WORKS, ,                                                   \
	  "Startup parameters of clients that are accepted and dropped; options: unknown ones in options.")          \
	X(INT, peer_id, "0", G, RELOAD, LATER("cancel requests are not handed to peers yet"), (0, 16383),            \
	  "Number of this process among its peers. 0: none.")                                                        \
	X(BOOL, disable_pqexec, "0", G, START, NOT_YET, ,                                                            \
	  "Refuse simple Query messages.")                                                                           \
	X(BOOL, application_name_add_host, "0", G, RELOAD, NOT_YET, ,                                                \
	  "Add the client's address to application_name.")                                                           \
	X(STRING, conffile, "", G, RELOAD, NOWHERE("the file is the one named on the command line"), ,               \
	  "The configuration file in use.")                                                                          \
	X(STRING, job_name, "pgbouncer", G, START, NOWHERE("there are no Windows services here"), ,                  \
	  "Name of the Windows service.")                                                                            \
	X(TIME, stats_period, "60", G, RELOAD, WORKS, 1000000,                                                              \
	  "Time over which the averages of SHOW STATS are taken.")                                                   \
	X(INT, max_prepared_statements, "200", G, RELOAD, WORKS, SETTING_ANY_COUNT,                                  \
	  "Named prepared statements kept on a server. 0: not tracked.")                                             \
	X(INT, scram_iterations, "4096", G, RELOAD, WORKS, (1, 10000000),                                            \
	  "Iterations of SCRAM secrets made from plain passwords.")                                                  \
	/* authentication */                                                                                         \
	X(ENUM, auth_type, "md5", G, RELOAD, WORKS, auth_type,                                                       \
	  "How clients prove who they are.")                                                                         \
	X(STRING, auth_hba_file, "", G, RELOAD, NOT_YET, ,                                                           \
	  "File with HBA rules.")                                                                                    \
	X(STRING, auth_ident_file, "", G, RELOAD, NOT_YET, ,                                                         \
	  "File with user name maps.")                                                                               \
	X(STRING, auth_file, "", G, RELOAD, WORKS, ,                                                                 \
	  "File with users and their secrets.")                                                                      \
	X(STRING, auth_user, "", GD, RELOAD, WORKS, ,                                                                \
	  "User who runs auth_query, and who reads the shard map where map_user is not set.")                        \
	X(STRING, auth_query, AUTH_QUERY_DEFAULT, GD, RELOAD, NOT_YET, ,                                             \
	  "Query that gives a user's secret.")                                                                       \
	X(STRING, auth_dbname, "", GD, RELOAD, NOT_YET, ,                                                            \
	  "Database in which auth_query runs.")                                                                      \
	X(STRING, auth_ldap_options, "", G, RELOAD, NOT_YET, ,                                                       \
	  "Options for auth_type = ldap.")                                                                           \
	/* log and console */                                                                                        \
	X(BOOL, syslog, "0", G, RELOAD, NOT_YET, ,                                                                   \
	  "Log to syslog.")                                                                                          \
	X(STRING, syslog_ident, "pgbouncer", G, RELOAD, NOT_YET, ,                                                   \
	  "Tag in syslog.")                                                                                          \
	X(ENUM, syslog_facility, "daemon", G, RELOAD, NOT_YET, syslog_facility,                                      \
	  "Facility in syslog.")                                                                                     \
	X(BOOL, log_connections, "1", G, RELOAD, WORKS, ,                                                            \
	  "Log logins.")                                                                                             \
	X(BOOL, log_disconnections, "1", G, RELOAD, WORKS, ,                                                         \
	  "Log ends of connections, with the reason.")                                                               \
	X(BOOL, log_pooler_errors, "1", G, RELOAD, WORKS, ,                                                          \
	  "Log errors sent to clients.")                                                                             \
	X(BOOL, log_stats, "1", G, RELOAD, WORKS, ,                                                                  \
	  "Log a line of statistics every stats_period.")                                                            \
	X(INT, verbose, "0", G, RELOAD, WORKS, (0, 3),                                                               \
	  "More detail in the log.")                                                                                 \
	X(LIST, admin_users, "", G, RELOAD, WORKS, ,                                                                 \
	  "Users who may run every console command.")                                                                \
	X(LIST, stats_users, "", G, RELOAD, WORKS, ,                                                                 \
	  "Users who may run SHOW commands.")                                                                        \
	/* TLS */                                                                                                    \
	X(ENUM, client_tls_sslmode, "disable", G, RELOAD, WORKS, sslmode,                                            \
	  "TLS with clients.")                                                                                       \
	X(STRING, client_tls_key_file, "", G, RELOAD, NOT_YET_TLS, ,                                                 \
	  "Key shown to clients.")                                                                                   \
	X(STRING, client_tls_cert_file, "", G, RELOAD, NOT_YET_TLS, ,                                                \
	  "Certificate shown to clients.")                                                                           \
	X(STRING, client_tls_ca_file, "", G, RELOAD, NOT_YET_TLS, ,                                                  \
	  "Authorities that clients' certificates must come from.")                                                  \
	X(STRING, client_tls_protocols, "secure", G, RELOAD, NOT_YET_TLS, ,                                          \
	  "TLS versions with clients.")                                                                              \
	X(STRING, client_tls_ciphers, "default", G, RELOAD, NOT_YET_TLS, ,                                           \
	  "Ciphers with clients up to TLS 1.2.")                                                                     \
	X(STRING, client_tls13_ciphers, "", G, RELOAD, NOT_YET_TLS, ,                                                \
	  "Cipher suites with clients from TLS 1.3.")                                                                \
	X(STRING, client_tls_ecdhcurve, "auto", G, RELOAD, NOT_YET_TLS, ,                                            \
	  "Curve of the key exchange with clients.")                                                                 \
	X(STRING, client_tls_dheparams, "auto", G, RELOAD, NOT_YET_TLS, ,                                            \
	  "Parameters of the DHE key exchange with clients.")                                                        \
	X(ENUM, server_tls_sslmode, "prefer", G, RELOAD, WORKS, sslmode,                                             \
	  "TLS with servers.")                                                                                       \
	X(STRING, server_tls_ca_file, "", G, RELOAD, NOT_YET_TLS, ,                                                  \
	  "Authorities that servers' certificates must come from.")                                                  \
	X(STRING, server_tls_key_file, "", G, RELOAD, NOT_YET_TLS, ,                                                 \
	  "Key shown to servers.")                                                                                   \
	X(STRING, server_tls_cert_file, "", G, RELOAD, NOT_YET_TLS, ,                                                \
	  "Certificate shown to servers.")                                                                           \
	X(STRING, server_tls_protocols, "secure", G, RELOAD, NOT_YET_TLS, ,                                          \
	  "TLS versions with servers.")                                                                              \
	X(STRING, server_tls_ciphers, "default", G, RELOAD, NOT_YET_TLS, ,                                           \
	  "Ciphers with servers up to TLS 1.2.")                                                                     \
	X(STRING, server_tls13_ciphers, "", G, RELOAD, NOT_YET_TLS, ,                                                \
	  "Cipher suites with servers from TLS 1.3.")                                                                \
	/* sanity checks and timeouts */                                                                             \
	X(STRING, server_reset_query, "DISCARD ALL", G, RELOAD, WORKS, ,                                             \
	  "Run when a session gives its server back, in session mode.")                                              \
	X(BOOL, server_reset_query_always, "0", G, RELOAD, NOT_YET, ,                                                \
	  "Run server_reset_query in every pool mode.")                                                              \
	X(TIME, server_check_delay, "30", G, RELOAD, NOT_YET, ,                                                      \
	  "Idle time after which a server is checked before it is used.")                                            \
	X(STRING, server_check_query, "<empty>", G, RELOAD, NOT_YET, ,                                               \
	  "The check. <empty>: an empty query. Nothing: no check.")                                                  \
	X(BOOL, server_fast_close, "0", G, RELOAD, NOT_YET, ,                                                        \
	  "In session mode close an outdated server in the midst of a session.")                                     \
	X(TIME, server_lifetime, "3600", GD, RELOAD, WORKS, ,                                                        \
	  "Age at which an unused server is closed. 0: used once.")                                                  \
	X(TIME, server_idle_timeout, "600", G, RELOAD, WORKS, ,                                                      \
	  "Idle time after which a server is closed. 0: never.")                                                     \
	X(TIME, server_connect_timeout, "15", G, RELOAD, WORKS, ,                                                    \
	  "Time to connect and log in to a server.")                                                                 \
	X(TIME, server_login_retry, "15", G, RELOAD, WORKS, ,                                                        \
	  "Longest back-off after a failed connect or login.")                                                       \
	X(TIME, client_login_timeout, "60", G, RELOAD, WORKS, ,                                                      \
	  "Time for a client to log in. 0: no limit.")                                                               \
	X(TIME, autodb_idle_timeout, "3600", G, RELOAD, NOT_YET, ,                                                   \
	  "Idle time after which a database made from * is forgotten.")                                              \
	X(TIME, pool_idle_timeout, "0", G, RELOAD, NOT_YET, ,                                                        \
	  "Idle time after which an empty pool is forgotten. 0: never.")                                             \
	X(TIME, dns_max_ttl, "15", G, RELOAD, NOT_YET_DNS, ,                                                         \
	  "How long looked up addresses are kept.")                                                                  \
	X(TIME, dns_nxdomain_ttl, "15", G, RELOAD, NOT_YET_DNS, ,                                                    \
	  "How long a failed look-up is kept.")                                                                      \
	X(TIME, dns_zone_check_period, "0", G, RELOAD, NOT_YET_DNS, ,                                                \
	  "How often zones are checked for changes. 0: never.")                                                      \
	X(STRING, resolv_conf, "", G, START, NOT_YET_DNS, ,                                                          \
	  "A resolv.conf of its own.")                                                                               \
	X(TIME, query_wait_notify, "5", G, RELOAD, NOT_YET, ,                                                        \
	  "Waiting time after which a client gets a notice. 0: none.")                                               \
	X(STRING, login_notify_message, "", G, RELOAD, NOT_YET, ,                                                    \
	  "Notice given after login.")                                                                               \
	/* dangerous timeouts */                                                                                     \
	X(TIME, query_timeout, "0", GU, RELOAD, NOT_YET, ,                                                           \
	  "Longest time of a query. 0: no limit.")                                                                   \
	X(TIME, query_wait_timeout, "120", GDU, RELOAD, WORKS, ,                                                     \
	  "Longest wait for a server. 0: no limit.")                                                                 \
	X(TIME, cancel_wait_timeout, "10", G, RELOAD, NOT_YET, ,                                                     \
	  "Longest wait of a cancel request for a connection. 0: no limit.")                                         \
	X(TIME, client_idle_timeout, "0", GU, RELOAD, NOT_YET, ,                                                     \
	  "Idle time after which a client is closed. 0: never.")                                                     \
	X(TIME, idle_transaction_timeout, "0", GU, RELOAD, NOT_YET, ,                                                \
	  "Longest idle time inside a transaction. 0: no limit.")                                                    \
	X(TIME, transaction_timeout, "0", GU, RELOAD, NOT_YET, ,                                                     \
	  "Longest time of a transaction. 0: no limit.")                                                             \
	X(TIME, suspend_timeout, "10", G, RELOAD, NOT_YET, ,                                                         \
	  "Longest wait of SUSPEND for empty buffers.")                                                              \
	/* network */                                                                                                \
	X(BYTES, pkt_buf, "4096", G, START, NOWHERE("buffers grow and shrink with what they hold"), (1, 16777216),   \
	  "Size of a connection's buffer.")                                                                          \
	X(BYTES, max_packet_size, "2147483647", G, RELOAD, WORKS, (1024, 2147483647),                                \
	  "Largest message of a client after login.")                                                                \
	X(INT, listen_backlog, "128", G, START, WORKS, (1, 1000000),                                                 \
	  "Backlog of listen(2).")                                                                                   \
	X(INT, sbuf_loopcnt, "5", G, RELOAD, NOWHERE("a connection gives way after a fixed number of bytes"), SETTING_ANY_COUNT, \
	  "Reads of one connection before others have their turn.")                                                  \
	X(BOOL, so_reuseport, "0", G, START, WORKS, ,                                                                \
	  "Let several processes listen on one port.")                                                               \
	X(INT, tcp_defer_accept, "1", G, RELOAD, NOT_YET, SETTING_ANY_COUNT,                                         \
	  "TCP_DEFER_ACCEPT. 0: off.")                                                                               \
	X(BYTES, tcp_socket_buffer, "0", G, RELOAD, NOT_YET, SETTING_ANY_COUNT,                                      \
	  "Kernel buffer of a socket. 0: the kernel's choice.")                                                      \
	X(BOOL, tcp_keepalive, "1", G, RELOAD, WORKS, ,                                                              \
	  "TCP keepalive.")                                                                                          \
	X(INT, tcp_keepcnt, "0", G, RELOAD, WORKS, SETTING_ANY_COUNT,                                                \
	  "Keepalive probes before a connection is given up. 0: the system's.")                                      \
	X(TIME, tcp_keepidle, "0", G, RELOAD, WORKS, ,                                                               \
	  "Idle time before the first probe. 0: the system's.")                                                      \
	X(TIME, tcp_keepintvl, "0", G, RELOAD, WORKS, ,                                                              \
	  "Time between probes. 0: the system's.")                                                                   \
	X(TIME_MS, tcp_user_timeout, "0", G, RELOAD, WORKS, ,                                                        \
	  "Time after which unacknowledged data ends a connection; a bare number is milliseconds. 0: the system's.") \
	OWN_SETTING_ROWS(X)

/* pgshunt's own, shown after PgBouncer's */
#define OWN_SETTING_ROWS(X)                                                                                          \
	X(INT, threads, "0", G, START, WORKS, (0, 256),                                                              \
	  "Event loops, each in a thread. 0: as many as CPUs.")                                                      \
	X(ENUM, cluster, "auto", GD, RELOAD, WORKS, cluster_kind,                                                    \
	  "What is behind the database: Citus, native shards over postgres_fdw, or one server.")                     \
	X(BOOL, route, "on", GD, RELOAD, WORKS, ,                                                                    \
	  "Send what lives on one worker straight to it (in transaction mode).")                                     \
	X(ENUM, route_transactions, "off", GD, RELOAD, WORKS, route_transactions,                                    \
	  "Transaction blocks that arrive statement by statement: all = the first keyed statement decides the node, and " \
	  "one that then needs another gets 40001; off = coordinator.")                                              \
	X(BOOL, route_sequences, "off", GD, RELOAD, WORKS, ,                                                         \
	  "Route an INSERT that leaves a bigint column to a sequence.")                                              \
	X(LIST, route_functions, "", GD, RELOAD, WORKS, ,                                                            \
	  "Functions of yours that give the same on every node: schema.name or name.")                               \
	X(ENUM, reference_reads, "coordinator", GD, RELOAD, WORKS, reference_reads,                                  \
	  "Where reads of reference tables alone go.")                                                               \
	X(STRING, map_user, "", GD, RELOAD, WORKS, ,                                                                 \
	  "Login that reads the shard map. Empty: auth_user.")                                                       \
	X(SECRET, map_password, "", GD, RELOAD, WORKS, ,                                                             \
	  "Its password. Empty: from auth_file.")                                                                    \
	X(TIME, map_refresh, "1s", GD, RELOAD, WORKS, 10000,                                                              \
	  "How often the shard map is checked for changes.")                                                         \
	X(BYTES, retry_buffer, "256kB", G, RELOAD, WORKS, (0, 67108864),                                             \
	  "Bytes kept to ask the coordinator instead; what is longer goes there in the first place.")                \
	X(INT, max_node_connections, "0", GD, RELOAD, WORKS, SETTING_ANY_COUNT,                                      \
	  "Everything that pgshunt opens on a node. 0: half of what the node leaves to ordinary logins.")            \
	X(TIME, node_retry, "2s", G, RELOAD, WORKS, 10000,                                                                \
	  "Longest time before a node that is down is tried again.")                                                 \
	X(BYTES, template_cache, "16MB", G, RELOAD, WORKS, (65536, 17179869184),                                     \
	  "Memory for analysed statements, each thread.")                                                            \
	X(BYTES, max_statement_size, "128kB", G, RELOAD, WORKS, (0, 16777216),                                       \
	  "Longer statements are not analysed: they go to the coordinator.")                                         \
	X(INT, max_statement_depth, "500", G, RELOAD, WORKS, (1, 2000),                                              \
	  "Deeper nested statements are not analysed: they go to the coordinator.")                                  \
	X(ENUM, pinning, "on", GD, RELOAD, WORKS, pinning,                                                           \
	  "What cannot be carried to another server (temporary tables, LISTEN, session locks): keep the client's server, " \
	  "or refuse.")

/* ---- connect strings in [databases] only, beside the rows above with a D (DU: [users] too) */
#define DATABASE_ROWS(X)                                                                                             \
	X(STRING, dbname, "", D, RELOAD, WORKS, ,                                                                    \
	  "Database on the server. Empty: the name that the client asked for.")                                      \
	X(LIST, host, "", D, RELOAD, WORKS, ,                                                                        \
	  "Host names or addresses, or the folder of a Unix socket. Empty: unix_socket_dir.")                        \
	X(INT, port, "5432", D, RELOAD, WORKS, (1, 65535),                                                           \
	  "Port on the server.")                                                                                     \
	X(STRING, user, "", D, RELOAD, WORKS, ,                                                                      \
	  "Log in to the server as this user, whoever the client is.")                                               \
	X(SECRET, password, "", D, RELOAD, WORKS, ,                                                                  \
	  "Password on the server. Empty: the user's, from auth_file.")                                              \
	X(INT, pool_size, "", DU, RELOAD, WORKS, SETTING_ANY_COUNT,                                                  \
	  "Server connections a pool. Not given: default_pool_size.")                                                \
	X(STRING, connect_query, "", D, RELOAD, NOT_YET, ,                                                           \
	  "Run on each new server connection.")                                                                      \
	X(ENUM, load_balance_hosts, "round-robin", D, RELOAD, NOT_YET, load_balance_hosts,                           \
	  "How several hosts are used: in turn, or the first until it fails.")                                       \
	X(STRING, client_encoding, "", D, RELOAD, NOT_YET, ,                                                         \
	  "Set on each new server connection.")                                                                      \
	X(STRING, datestyle, "", D, RELOAD, NOT_YET, ,                                                               \
	  "Set on each new server connection.")                                                                      \
	X(STRING, timezone, "", D, RELOAD, NOT_YET, ,                                                                \
	  "Set on each new server connection.")                                                                      \
	X(STRING, application_name, "", D, RELOAD, NOT_YET, ,                                                        \
	  "Set on each new server connection.")

/* Other spellings: X(section letter, alias, name). */
#define SETTING_ALIASES(X)                                                                                           \
	X(G, "service_name", "job_name")                                                                             \
	X(D, "reserve_pool", "reserve_pool_size")

/* clang-format on */
