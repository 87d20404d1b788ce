"""The console: what it shows, who may what, and that PAUSE, RELOAD and the like do what they say."""

import os
import re
import socket
import threading
import time

import psycopg
import pytest

SOCKET = ("type user database replication state addr port local_addr local_port connect_time request_time wait wait_us "
          "close_needed ptr link remote_pid tls application_name prepared_statements id").split()
BUFFERS = "recv_pos pkt_pos pkt_remain send_pos send_remain pkt_avail send_avail".split()
COUNTS = "server_assignment_count xact_count query_count".split()
TIMES = "xact_time query_time wait_time".split()
PREPARED = "client_parse_count server_parse_count bind_count client_login_count".split()

# PgBouncer's columns, in its order. pgshunt's own may only follow.
PGBOUNCER = {
    "POOLS": "database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel "
             "sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us pool_mode "
             "load_balance_hosts".split(),
    "CLIENTS": SOCKET,
    "SERVERS": SOCKET,
    "SOCKETS": SOCKET + BUFFERS,
    "ACTIVE_SOCKETS": SOCKET + BUFFERS,
    "DATABASES": "name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime "
                 "pool_mode load_balance_hosts max_connections current_connections max_client_connections "
                 "current_client_connections paused disabled".split(),
    "USERS": "name pool_size reserve_pool_size pool_mode max_user_connections current_connections "
             "max_user_client_connections current_client_connections".split(),
    "STATS": ["database"] + ["total_" + name for name in [*COUNTS, "received", "sent", *TIMES, *PREPARED]]
             + ["avg_" + name for name in [*COUNTS, "recv", "sent", *TIMES, *PREPARED]],
    "STATS_TOTALS": ["database", *COUNTS, "bytes_received", "bytes_sent", *TIMES, *PREPARED],
    "STATS_AVERAGES": ["database", *COUNTS, "bytes_received", "bytes_sent", *TIMES]
                      + ["avg_" + name for name in PREPARED],
    "TOTALS": ["name", "value"],
    "LISTS": ["list", "items"],
    "CONFIG": ["key", "value", "default", "changeable"],
    "STATE": ["key", "value"],
    "VERSION": ["version"],
}
OWN = {
    "NODES": "database node name port address role routable state why connections max_connections",
    "NODE_POOLS": "database user node role cl_active cl_waiting",
    "TABLES": "database schema name kind key group shards routable why",
    "SHARDS": "database group shard bounds node address name",
    "ROUTES": "database template calls routed node reason",
    "REASONS": "reason count meaning change",
    "MAP": "database kind version epoch age_ms relations groups nodes source state self_test error current",
}
CONTROL = ["PAUSE", "RESUME", "RECONNECT", "WAIT_CLOSE", "KILL_CLIENT 1", "RELOAD", "SHUTDOWN"]


@pytest.fixture
def console(pgshunt):
    """An open console of the admin."""
    with pgshunt.console_connection() as connection:
        yield connection


@pytest.fixture
def sharded(cluster):
    """Leaves a test out where there are no shards."""
    if cluster.kind not in ("native", "citus"):
        pytest.skip("needs a cluster with shards")


def by_name(rows, key="key", value="value"):
    """Rows of two columns as a dictionary."""
    return {row[key]: row[value] for row in rows}


def start(function):
    """Runs a function in a thread; .join() and .result come later."""
    def run():
        try:
            thread.result = function()
        except Exception as error:  # pylint: disable=broad-except
            thread.result = error
    thread = threading.Thread(target=run)
    thread.result = None
    thread.start()
    return thread


# ---- what is shown

@pytest.mark.parametrize("name", PGBOUNCER)
def test_columns_of_pgbouncer(console, name):
    columns = [column.name for column in console.execute(f"SHOW {name}").description]
    assert columns[:len(PGBOUNCER[name])] == PGBOUNCER[name]


@pytest.mark.parametrize("name", OWN)
def test_columns_of_its_own(console, name):
    columns = [column.name for column in console.execute(f"SHOW {name}").description]
    wanted = OWN[name].split()
    assert columns[:len(wanted)] == wanted


def test_names_in_totals(pgshunt):
    names = [row["name"] for row in pgshunt.console("SHOW TOTALS")]
    counts = [*COUNTS, "client_bytes", "server_bytes", *TIMES, "ps_client_parse_count", "ps_server_parse_count",
              "ps_bind_count", "client_login_count"]
    assert names[:24] == ["total_" + name for name in counts] + ["avg_" + name for name in counts]


def test_names_in_lists(pgshunt):
    assert [row["list"] for row in pgshunt.console("SHOW LISTS")] == (
        "databases users peers pools peer_pools free_clients used_clients login_clients free_servers used_servers "
        "dns_names dns_zones dns_queries dns_pending".split())


def test_a_client_is_seen(make_pgshunt):
    pgshunt = make_pgshunt({"pgshunt": {"threads": 4}})
    connections = [pgshunt.connect(application_name=f"app{i}") for i in range(8)]
    try:
        for connection in connections:
            connection.execute("SELECT 1")
        clients = [row for row in pgshunt.console("SHOW CLIENTS") if row["user"] == "app"]
        assert len(clients) == 8 and len({row["id"] for row in clients}) == 8
        assert {row["application_name"] for row in clients} == {f"app{i}" for i in range(8)}
        assert {row["state"] for row in clients} == {"idle"}
        pool, = [row for row in pgshunt.console("SHOW POOLS") if row["user"] == "app"]
        assert int(pool["cl_active"]) == 8 and int(pool["sv_idle"]) >= 1
        assert int(by_name(pgshunt.console("SHOW LISTS"), "list", "items")["used_clients"]) == 9
        database, = [row for row in pgshunt.console("SHOW DATABASES") if row["name"] == pgshunt.cluster.database]
        assert database["current_client_connections"] == "8"
        user, = [row for row in pgshunt.console("SHOW USERS") if row["name"] == "app"]
        assert user["current_client_connections"] == "8"
    finally:
        for connection in connections:
            connection.close()


def test_a_transaction_is_seen_on_both_sides(pgshunt, client):
    with client.transaction():
        pid, = client.execute("SELECT pg_backend_pid()").fetchone()
        mine, = [row for row in pgshunt.console("SHOW CLIENTS") if row["user"] == "app"]
        server, = [row for row in pgshunt.console("SHOW SERVERS") if row["state"] == "active"]
        assert (mine["state"], mine["link"], server["link"]) == ("active", server["ptr"], mine["ptr"])
        assert server["remote_pid"] == str(pid)
        assert server["node"] == f"127.0.0.1:{pgshunt.cluster.port('c')}"


def test_statistics_count(make_pgshunt):
    pgshunt = make_pgshunt({"pgshunt": {"stats_period": 1}})
    with pgshunt.connect() as connection:
        for _ in range(20):
            connection.execute("SELECT 1")

        def row():
            found, = [row for row in pgshunt.console("SHOW STATS") if row["database"] == pgshunt.cluster.database]
            return found

        assert int(row()["total_query_count"]) >= 20 and int(row()["total_client_login_count"]) == 1
        pgshunt.wait(lambda: int(row()["avg_query_count"]) > 0, 5, "an average")
        pgshunt.wait(lambda: int(row()["avg_query_count"]) == 0, 5, "a period without a query")
    line = r"LOG stats: \d+ xacts/s, \d+ queries/s, .* wait \d+ us"
    pgshunt.wait(lambda: re.search(line, pgshunt.log()), 5, "a line of statistics")


def test_config_shows_no_secret(pgshunt):
    rows = pgshunt.console("SHOW CONFIG")
    config = by_name(rows)
    assert config["pool_mode"] == "transaction" and config["map_password"] == "****"
    assert by_name(rows, value="changeable")["listen_port"] == "no"
    text = "".join(str(row) for name in [*PGBOUNCER, *OWN] for row in pgshunt.console(f"SHOW {name}"))
    for secret in pgshunt.users.values():
        assert secret not in text


@pytest.mark.usefixtures("sharded")
def test_the_map_is_shown(pgshunt):
    pgshunt.wait_map()
    database = pgshunt.cluster.database
    shown, = [row for row in pgshunt.console("SHOW MAP") if row["database"] == database]
    assert shown["kind"] == pgshunt.cluster.kind and shown["self_test"].startswith("ok")
    nodes = [row for row in pgshunt.console("SHOW NODES") if row["database"] == database]
    assert nodes[0]["role"] == "coordinator" and {row["state"] for row in nodes} == {"up"}
    assert {pgshunt.node_name(row["address"]) for row in nodes} >= {"c"}
    tables = {row["name"]: row for row in pgshunt.console("SHOW TABLES") if row["schema"] == "public"}
    assert (tables["orders"]["kind"], tables["orders"]["key"]) == ("hash", "tenant_id")
    assert tables["notes"]["routable"] == "no" and tables["notes"]["why"]
    shards = [row for row in pgshunt.console("SHOW SHARDS") if row["group"] == tables["orders"]["group"]]
    assert len(shards) == int(tables["orders"]["shards"]) > 0


def test_a_database_without_clients_says_so(make_pgshunt, cluster):
    pgshunt = make_pgshunt()
    shown, = pgshunt.console("SHOW MAP")
    assert (shown["database"], shown["state"], shown["version"]) == (cluster.database, "off", "0")
    node, = pgshunt.console("SHOW NODES")
    assert node["state"] == "off" and node["port"] == str(cluster.port("c"))


@pytest.mark.usefixtures("sharded")
def test_routes_and_reasons(pgshunt):
    pgshunt.wait_map()
    with pgshunt.connect() as connection:
        for tenant in range(5):
            connection.execute(f"SELECT id FROM orders WHERE tenant_id = {tenant}")
        connection.execute("SELECT count(*) FROM orders")
    routes = {row["template"]: row for row in pgshunt.console("SHOW ROUTES")}
    keyed = routes["SELECT id FROM orders WHERE tenant_id = ?"]
    assert (keyed["calls"], keyed["routed"], keyed["reason"]) == ("5", "5", "key")
    assert routes["SELECT count(*) FROM orders"]["reason"] == "no_key"
    reasons = pgshunt.reasons()
    assert reasons["key"] >= 5 and reasons["no_key"] >= 1


# ---- EXPLAIN ROUTE

@pytest.mark.usefixtures("sharded")
def test_explain_route(pgshunt):
    pgshunt.wait_map()
    told = pgshunt.explain("SELECT * FROM orders o WHERE o.tenant_id = 7 AND id > 3")
    assert (told["tables"], told["key"], told["reason"]) == ("public.orders", "tenant_id = 7", "key")
    assert pgshunt.node_name(told["node"]) not in (None, "c") and told["shard"]
    told = pgshunt.explain("SELECT count(*) FROM orders; -- all; of 'them'")
    assert pgshunt.node_name(told["node"]) == "c" and told["reason"] == "no_key" and "WHERE" in told["change"]


@pytest.mark.usefixtures("sharded")
def test_explain_route_reads_a_map_where_nobody_uses_the_database(pgshunt):
    row, = pgshunt.console("explain route SELECT 1 FROM orders WHERE tenant_id = 7")
    assert row["reason"] == "key"


def test_explain_route_needs_to_know_which_database(make_pgshunt, cluster):
    pgshunt = make_pgshunt({"databases": {"other": {"host": "127.0.0.1", "port": cluster.port("c"),
                                                    "dbname": cluster.database, "route": "off"}}})
    with pytest.raises(psycopg.errors.SyntaxError, match="several databases"):
        pgshunt.console("EXPLAIN ROUTE SELECT 1")
    row, = pgshunt.console('EXPLAIN ROUTE ON "other" SELECT 1')
    assert (row["database"], row["reason"]) == ("other", "route_off")
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        pgshunt.console("EXPLAIN ROUTE ON nowhere SELECT 1")
    for text in ("EXPLAIN ROUTE", "EXPLAIN ROUTE ON other", "EXPLAIN ROUTE ;"):
        with pytest.raises(psycopg.Error):
            pgshunt.console(text)


# ---- how commands are read, and who may

def test_who_may_what(pgshunt):
    details = []
    with pgshunt.console_connection("monitor") as connection:
        connection.add_notice_handler(lambda notice: details.append(notice.message_detail))
        connection.execute("SHOW HELP")
        lines = [line.strip() for line in details[0].strip().split("\n")]
        names = [re.match(r"[A-Z_]+( [A-Z_]+)?", line)[0].strip() for line in lines]
        assert len(names) > 25 and {"SHOW POOLS", "EXPLAIN ROUTE", "SHUTDOWN"} <= set(names)
        control = {command.split()[0] for command in CONTROL}
        for name in names:
            if name in control:
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="admin access needed"):
                    connection.execute(name + (" 1" if name == "KILL_CLIENT" else ""))
            else:
                assert name.split()[0] in ("SHOW", "HELP", "EXPLAIN")
                connection.execute(name + (" SELECT 1" if name == "EXPLAIN ROUTE" else ""))
    assert pgshunt.pid


def test_others_do_not_get_in(pgshunt):
    with pytest.raises(psycopg.OperationalError, match="not allowed"):
        pgshunt.connect("app", "pgshunt")


def test_what_it_does_not_know(console):
    for text in ("SELECT 1", "BEGIN", "SHOW", "SHOW NOTHING", "SHOW POOLS now", "PAUSE a b", 'PAUSE "a', "KILL_CLIENT",
                 "x" * 50000, "é" * 1000, "' ; '"):
        with pytest.raises(psycopg.errors.SyntaxError, match="invalid command .*, use SHOW HELP;"):
            console.execute(text)
    assert console.execute("show\tversion ;").fetchone()[0].startswith("pgshunt ")


def test_several_commands_in_one_query(console):
    cursor = console.execute("SHOW VERSION; ; SHOW STATE;")
    assert cursor.fetchone()[0].startswith("pgshunt ")
    assert cursor.nextset() and len(cursor.fetchall()) == 3
    assert not cursor.nextset()
    with pytest.raises(psycopg.errors.SyntaxError):
        console.execute("SHOW VERSION; NONSENSE; PAUSE")
    assert by_name([{"key": key, "value": value} for key, value in console.execute("SHOW STATE")])["paused"] == "no"
    console.execute("SHOW VERSION;" * 4000)
    console.execute("")
    console.execute(" ; ")


def test_the_extended_protocol_is_refused(pgshunt):
    with pytest.raises(psycopg.Error, match="extended query protocol not supported"):
        with pgshunt.console_connection() as connection:
            connection.execute("SHOW VERSION", binary=True)


def test_what_drivers_send(console):
    notices = []
    console.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    for name, value in (("client_encoding", "UTF8"), ("standard_conforming_strings", "on"), ("DateStyle", "ISO"),
                        ("TimeZone", "GMT"), ("default_transaction_isolation", "read committed")):
        assert console.execute(f"SHOW {name}").fetchone() == (value,)
        console.execute(f"SET {name} = 'x'")
        console.execute(f"SET {name} TO x;")
    assert notices == ["SET ignored"] * 10
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        console.execute("SET pool_mode = session")


# ---- control

def test_pause_waits_for_transactions_and_holds_clients(make_pgshunt):
    pgshunt = make_pgshunt({"pgshunt": {"threads": 2}})
    with pgshunt.connect() as busy, pgshunt.connect() as later:
        later.execute("SELECT 1")
        with busy.transaction():
            busy.execute("SELECT 1")
            pause = start(lambda: pgshunt.console("PAUSE"))
            pgshunt.wait(lambda: by_name(pgshunt.console("SHOW STATE"))["paused"] == "yes")
            waiting = start(lambda: later.execute("SELECT 2").fetchone())
            time.sleep(0.3)
            assert pause.is_alive() and waiting.is_alive()
            busy.execute("SELECT 1")
        pause.join(5)
        assert pause.result == [] and waiting.is_alive()
        assert not pgshunt.console("SHOW SERVERS")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            pgshunt.console("PAUSE")
        pgshunt.console("RESUME")
        waiting.join(5)
        assert waiting.result == (2,)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            pgshunt.console("RESUME")


def test_pause_of_one_database(make_pgshunt, cluster):
    pgshunt = make_pgshunt({"databases": {"other": {"host": "127.0.0.1", "port": cluster.port("c"),
                                                    "dbname": cluster.database}}})
    pgshunt.console("PAUSE other")
    paused = by_name(pgshunt.console("SHOW DATABASES"), "name", "paused")
    assert (paused["other"], paused[cluster.database]) == ("1", "0")
    assert by_name(pgshunt.console("SHOW STATE"))["paused"] == "no"
    with pgshunt.connect() as connection:
        connection.execute("SELECT 1")

    def first():
        with pgshunt.connect(database="other") as connection:
            return connection.execute("SELECT 3").fetchone()

    waiting = start(first)
    time.sleep(0.4)
    assert waiting.is_alive()
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        pgshunt.console("RESUME")
    pgshunt.console("RESUME other")
    waiting.join(5)
    assert waiting.result == (3,)
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        pgshunt.console("PAUSE nowhere")


def test_pause_is_undone_when_it_is_cancelled(pgshunt, client):
    def state():
        return by_name(pgshunt.console("SHOW STATE"))["paused"]

    def paused():
        return state() == "yes"

    for end in ("cancel", "close", "resume"):
        with client.transaction():
            client.execute("SELECT 1")
            with pgshunt.console_connection() as connection:
                pause = start(lambda c=connection: c.execute("PAUSE"))
                pgshunt.wait(paused)
                if end == "cancel":
                    connection.cancel()
                elif end == "resume":
                    pgshunt.console("RESUME")
                else:
                    socket.socket(fileno=os.dup(connection.fileno())).shutdown(socket.SHUT_RDWR)
                pause.join(5)
                expected = psycopg.OperationalError if end == "close" else psycopg.errors.QueryCanceled
                assert isinstance(pause.result, expected)
            pgshunt.wait(lambda: not paused())
            client.execute("SELECT 1")


def test_reload_applies_a_good_file(pgshunt, client):
    client.execute("SELECT 1")
    pgshunt.configure({"pgshunt": {"query_wait_timeout": 7}})
    with pgshunt.console_connection() as connection:
        assert connection.execute("RELOAD").statusmessage == "RELOAD"
    assert by_name(pgshunt.console("SHOW CONFIG"))["query_wait_timeout"] == "7"
    assert client.execute("SELECT 2").fetchone() == (2,)


@pytest.mark.parametrize("change, word", [({"pgshunt": {"pool_mode": "sometimes"}}, "pool_mode"),
                                          ({"pgshunt": {"no_such_key": "1"}}, "no_such_key"),
                                          ({"databases": {"x": "port=none"}}, "port")])
def test_reload_refuses_a_bad_file(pgshunt, client, change, word):
    good = {section: dict(entries) for section, entries in pgshunt.ini.items()}
    before = pgshunt.console("SHOW CONFIG")
    pgshunt.configure({**change, "pgshunt": {"query_wait_timeout": 7, **change.get("pgshunt", {})}})
    with pytest.raises(psycopg.Error) as caught:
        pgshunt.console("RELOAD")
    assert caught.value.sqlstate == "F0000"
    assert re.search(rf"RELOAD failed: .*pgshunt\.ini:\d+: .*{word}", str(caught.value))
    assert pgshunt.console("SHOW CONFIG") == before
    assert client.execute("SELECT 2").fetchone() == (2,)
    pgshunt.ini = good
    pgshunt.configure()
    pgshunt.console("RELOAD")


def test_reconnect_gives_a_new_server(pgshunt, client):
    first = client.execute("SELECT pg_backend_pid()").fetchone()
    with pgshunt.connect() as other:
        with other.transaction():
            held = other.execute("SELECT pg_backend_pid()").fetchone()
            pgshunt.console("RECONNECT")
            wait = start(lambda: pgshunt.console(f"WAIT_CLOSE {pgshunt.cluster.database}"))
            time.sleep(0.2)
            assert wait.is_alive() and other.execute("SELECT pg_backend_pid()").fetchone() == held
        wait.join(5)
        assert wait.result == []
    assert client.execute("SELECT pg_backend_pid()").fetchone() not in (first, held)


def test_kill_client(pgshunt, client):
    client.execute("SELECT 1")
    row, = [row for row in pgshunt.console("SHOW CLIENTS") if row["user"] == "app"]
    pgshunt.console(f"KILL_CLIENT {row['id']}")
    with pytest.raises(psycopg.OperationalError, match="admin forced disconnect"):
        client.execute("SELECT 1")
    with pytest.raises(psycopg.errors.UndefinedObject):
        pgshunt.console(f"KILL_CLIENT {row['id']}")
    with pytest.raises(psycopg.errors.SyntaxError):
        pgshunt.console("KILL_CLIENT me")


def test_shutdown(make_pgshunt):
    pgshunt = make_pgshunt()
    pgshunt.expect_end = True
    with pytest.raises(psycopg.errors.SyntaxError):
        pgshunt.console("SHUTDOWN LATER")
    try:
        pgshunt.console("SHUTDOWN")
    except psycopg.OperationalError:
        pass  # it may be gone before it has answered
    pgshunt.wait(lambda: pgshunt.pid is None, 5, "the end")
    assert pgshunt.process.returncode == 0


def test_shutdown_waits_for_clients(make_pgshunt):
    pgshunt = make_pgshunt()
    pgshunt.expect_end = True
    with pgshunt.connect() as connection:
        connection.execute("SELECT 1")
        pgshunt.console("SHUTDOWN WAIT_FOR_CLIENTS")
        time.sleep(0.3)
        assert pgshunt.pid and connection.execute("SELECT 1").fetchone() == (1,)
    pgshunt.wait(lambda: pgshunt.pid is None, 5, "the end")
    assert pgshunt.process.returncode == 0


def test_shutdown_waits_for_servers(make_pgshunt):
    pgshunt = make_pgshunt()
    pgshunt.expect_end = True
    with pgshunt.connect() as idle, pgshunt.connect() as connection:
        idle.execute("SELECT 1")
        with connection.transaction():
            connection.execute("SELECT 1")
            pgshunt.console("SHUTDOWN WAIT_FOR_SERVERS")
            with pytest.raises(psycopg.OperationalError):
                idle.execute("SELECT 1")
            assert pgshunt.pid and connection.execute("SELECT 1").fetchone() == (1,)
        pgshunt.wait(lambda: pgshunt.pid is None, 5, "the end")
    assert pgshunt.process.returncode == 0
