"""Where statements go: to the node that has the rows when that is certain, to the coordinator otherwise."""

import threading
import time

import psycopg
import pytest

from cluster import Table, distribute, node_of, values_on
from cluster.raw import Raw, bind, execute, kinds, parse, query, rows, sqlstates, sync

ALL = {"pgshunt": {"route_transactions": "all"}}
OFF = {"pgshunt": {"route_transactions": "off"}}


@pytest.fixture(autouse=True)
def native_only(cluster):
    """The nodes are told apart by what runs on them, which Citus does in its own way."""
    if cluster.kind != "native":
        pytest.skip("native cluster only")


@pytest.fixture(name="routed")
def routed_fixture(pgshunt):
    """A pgshunt that has its map."""
    pgshunt.wait_map()
    return pgshunt


@pytest.fixture(name="at")
def at_fixture(cluster):
    """Two keys of orders on each worker."""
    return {node: values_on(cluster, "orders", node, range(1, 41))[:2] for node in cluster.workers}


def opened(pgshunt):
    """A session through pgshunt."""
    return Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database)


def where(cluster, connection, text="SELECT 1", parameters=None):
    """On which nodes a statement ran that came from pgshunt itself: its session's backend there is the last user of
    it. Asked of the servers, not of pgshunt."""
    mark = f"mark{time.monotonic_ns()}"
    connection.execute(f"{text} /* {mark} */", parameters)
    found = []
    for node in ["c"] + cluster.workers:
        if cluster.sql(node, "SELECT 1 FROM pg_stat_activity WHERE query LIKE %s AND application_name <> 'cluster' "
                       "AND application_name <> 'postgres_fdw'", [f"%{mark}%"]):
            found.append(node)
    return found


# ---- single statements

def test_lookups_go_where_the_row_is(routed, cluster):
    with routed.connect() as client:
        for tenant in range(1, 41):
            node = node_of(cluster, "orders", tenant)
            assert where(cluster, client, f"SELECT * FROM orders WHERE tenant_id = {tenant}") == [node]
            assert where(cluster, client, "SELECT * FROM orders WHERE tenant_id = %s", [tenant]) == [node]


@pytest.mark.parametrize("text", [
    "UPDATE orders SET note = note WHERE tenant_id = {k}", "DELETE FROM orders WHERE tenant_id = {k} AND id = 99",
    "INSERT INTO orders VALUES ({k}, 500, 1, 'x', '2026-01-01') ON CONFLICT DO NOTHING",
    "SELECT * FROM orders WHERE tenant_id = {k} FOR UPDATE", "SELECT * FROM orders o JOIN items i USING (tenant_id) "
    "WHERE o.tenant_id = {k}",
    "SELECT * FROM orders WHERE tenant_id = '{k}'", "SELECT * FROM orders WHERE {k}::int8 = tenant_id AND total > 1",
    "SELECT * FROM public.orders WHERE tenant_id = {k} AND (total > 0 OR note IS NOT NULL) ORDER BY id LIMIT 2",
])
def test_statements_that_are_routed(routed, cluster, at, text):
    with routed.connect() as client:
        for node, (key, _) in at.items():
            assert where(cluster, client, text.format(k=key)) == [node], text
    for node in cluster.workers:
        cluster.sql(node, "DELETE FROM orders WHERE id = 500")


@pytest.mark.parametrize("text", [
    "SELECT 1", "SELECT count(*) FROM orders", "SELECT * FROM orders WHERE tenant_id = {k} OR total = 1",
    "SELECT * FROM orders WHERE tenant_id > {k} AND tenant_id < {k} + 2", "SELECT * FROM notes",
    "SELECT * FROM orders WHERE tenant_id IN ({k}, {far})", "SELECT * FROM orders o, notes n WHERE o.tenant_id = {k}",
    "SELECT * FROM orders WHERE tenant_id = {k} AND id = (SELECT max(id) FROM notes)",
    "SELECT * FROM v_orders WHERE tenant_id = {k}", "SELECT * FROM pg_class WHERE oid = {k}",
    "SELECT * FROM orders WHERE tenant_id = {k}.0", "SELECT * FROM orders WHERE tenant_id = NULL",
    "INSERT INTO orders VALUES ({k}, 600, 1, 'x', now()), ({far}, 600, 1, 'x', now()) ON CONFLICT DO NOTHING",
    "UPDATE orders SET tenant_id = tenant_id WHERE tenant_id = {k}",
    "EXPLAIN SELECT * FROM orders WHERE tenant_id = {k}",
    "SELECT * FROM s2.orders WHERE tenant_id = {k}", "SELECT 'tenant_id = {k}' FROM orders /* tenant_id = {k} */",
])
def test_statements_that_are_not(routed, cluster, at, text):
    with routed.connect() as client:
        assert where(cluster, client, text.format(k=at["w1"][0], far=at["w2"][0])) == ["c"], text
    for node in cluster.workers:
        cluster.sql(node, "DELETE FROM orders WHERE id = 600")


def test_names_follow_the_search_path(routed, cluster, at):
    """orders is another table when s2 comes first: by SET, SET LOCAL, at startup, for a role."""
    text = f"SELECT count(*) FROM orders WHERE tenant_id = {at['w1'][0]}"
    with routed.connect() as client:
        assert where(cluster, client, text) == ["w1"]
        client.execute("SET search_path = s2, public")
        assert where(cluster, client, text) == ["c"]
        assert client.execute(text).fetchone() == (0,)
        client.execute("RESET search_path")
        assert where(cluster, client, text) == ["w1"]
        with client.transaction():
            client.execute("SET LOCAL search_path = s2")
            assert client.execute(text).fetchone() == (0,)
        assert where(cluster, client, text) == ["w1"]
    with routed.connect(options="-c search_path=s2,public") as client:
        assert client.execute(text).fetchone() == (0,)


# ---- several at once

def test_queries_of_several_statements(routed, cluster, at):
    """One transaction: together on one node, or together on the coordinator."""
    first, second = at["w1"]
    with routed.connect(prepare_threshold=None) as client:
        one, two = (f"SELECT count(*) FROM orders WHERE tenant_id = {key}" for key in (first, second))
        far = f"SELECT count(*) FROM orders WHERE tenant_id = {at['w2'][0]}"
        assert where(cluster, client, f"{one}; {two}") == ["w1"]
        assert where(cluster, client, f"{one}; {far}") == ["c"]
        assert where(cluster, client, f"{one}; SELECT 1 FROM notes") == ["c"]
        assert where(cluster, client, f"BEGIN; {one}; {two}; COMMIT") == ["w1"]
        assert where(cluster, client, f"BEGIN; {one}; {far}; COMMIT") == ["c"]


def test_pipelines(routed, cluster, at):
    """Up to its Sync a pipeline is one transaction."""
    before = routed.reasons()
    one, two, far = (parse(f"SELECT count(*) FROM orders WHERE tenant_id = {key}") + bind() + execute()
                     for key in (*at["w1"], at["w2"][0]))
    with opened(routed) as peer:
        assert rows(peer.ask(one + two + sync())) == [("3",), ("3",)]
        middle = routed.reasons()
        assert middle["key"] - before.get("key", 0) == 2
        assert rows(peer.ask(one + far + sync())) == [("3",), ("3",)]
        assert routed.reasons()["key"] == middle["key"]
        assert rows(peer.ask(one + sync() + far + sync(), 2)) == [("3",), ("3",)]
        assert routed.reasons()["key"] == middle["key"] + 2
    assert cluster


# ---- transactions

@pytest.mark.ini(OFF)
def test_blocks_are_not_routed_when_off(routed, cluster, at):
    with routed.connect() as client:
        with client.transaction():
            assert where(cluster, client, f"SELECT * FROM orders WHERE tenant_id = {at['w1'][0]}") == ["c"]
    assert routed.reasons()["transaction_block"] > 0


@pytest.mark.ini(ALL)
def test_blocks_are_routed_when_on(routed, cluster, at, reference):
    """The first statement decides; what was held goes with it; a rollback undoes it there."""
    key = at["w1"][0]
    with routed.connect() as client:
        with client.transaction():
            assert where(cluster, client, f"SELECT * FROM orders WHERE tenant_id = {key}") == ["w1"]
            client.execute("UPDATE orders SET total = 7777 WHERE tenant_id = %s", [key])
            assert cluster.sql("w1", "SELECT count(*) FROM orders WHERE total = 7777") == [(0,)]
        assert cluster.sql("w1", "SELECT count(*) FROM orders WHERE total = 7777") == [(3,)]
        with client.transaction(force_rollback=True):
            client.execute("UPDATE orders SET total = 8888 WHERE tenant_id = %s", [key])
        assert cluster.sql("w1", "SELECT count(*) FROM orders WHERE total = 8888") == [(0,)]
        for total in reference.execute("SELECT id, total FROM orders WHERE tenant_id = %s", [key]).fetchall():
            client.execute("UPDATE orders SET total = %s WHERE tenant_id = %s AND id = %s", [total[1], key, total[0]])


@pytest.mark.ini(ALL)
@pytest.mark.parametrize("leave", ["SELECT count(*) FROM orders", "SELECT * FROM orders WHERE tenant_id = {far}",
                                   "INSERT INTO notes VALUES (900, 'x')", "SELECT * FROM notes"])
@pytest.mark.parametrize("way", ["simple", "extended"])
def test_a_transaction_that_leaves_its_node(routed, cluster, at, leave, way):
    """40001 with a hint ahead of the statement; the server's transaction has failed, too, so that COMMIT is ROLLBACK;
    the session goes on."""
    key, leave = at["w1"][0], leave.format(far=at["w2"][0])
    with opened(routed) as peer:
        peer.ask(query("BEGIN"))
        peer.ask(query(f"UPDATE orders SET note = 'left' WHERE tenant_id = {key}"))
        answer = peer.ask(query(leave) if way == "simple" else parse(leave) + bind() + execute() + sync())
        assert sqlstates(answer) == ["40001"] and answer[-1] == ("Z", b"E")
        assert b"\0H" in next(body for kind, body in answer if kind == "E")
        assert sqlstates(peer.ask(query(f"SELECT 1 FROM orders WHERE tenant_id = {key}"))) == ["25P02"]
        assert ("C", b"ROLLBACK\0") in peer.ask(query("COMMIT"))
        assert cluster.sql("w1", "SELECT count(*) FROM orders WHERE note = 'left'") == [(0,)]
        assert peer.simple("SELECT 1") == [("1",)]
        peer.ask(query("BEGIN"))
        peer.ask(query(f"UPDATE orders SET note = 'left' WHERE tenant_id = {key}"))
        peer.ask(query("SAVEPOINT a"))
        assert sqlstates(peer.ask(query(leave))) == ["40001"]
        peer.ask(query("ROLLBACK TO a"))
        assert peer.simple(f"SELECT count(*) FROM orders WHERE tenant_id = {key}") == [("3",)]
        assert peer.ask(query("ROLLBACK"))[-1] == ("Z", b"I")


@pytest.mark.ini(ALL)
def test_a_held_begin(routed, cluster, at):
    """BEGIN is answered at once and meets a server with the first statement; an empty transaction never does."""
    before = routed.reasons()
    with opened(routed) as peer:
        for words in (("BEGIN", "COMMIT"), ("START TRANSACTION READ ONLY", "ROLLBACK"),
                      ("BEGIN ISOLATION LEVEL SERIALIZABLE", "END")):
            assert peer.ask(query(words[0]))[-1] == ("Z", b"T")
            assert peer.ask(query(words[1]))[-1] == ("Z", b"I")
        assert routed.reasons() == before
        peer.ask(query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        answer = peer.ask(query(f"SELECT current_setting('transaction_isolation'), count(*) FROM orders "
                                f"WHERE tenant_id = {at['w1'][0]}"))
        assert rows(answer) == [("repeatable read", "3")] and answer[-1] == ("Z", b"T")
        assert sqlstates(peer.ask(query(f"DELETE FROM orders WHERE tenant_id = {at['w1'][0]}"))) == ["25006"]
        assert ("C", b"ROLLBACK\0") in peer.ask(query("COMMIT"))
        peer.ask(query("BEGIN"))
        began = time.time()
        time.sleep(0.3)
        now = float(peer.simple("SELECT extract(epoch FROM now())")[0][0])
        assert now >= began + 0.2  # it starts when it starts
        peer.ask(query("COMMIT"))
        assert sqlstates(peer.ask(query("BEGIN") + query("SELECT wrong") + query("COMMIT"), 3)) == ["42703"]
        assert kinds(peer.ask(query("COMMIT"))) == "CZ"
    assert cluster


@pytest.mark.ini(ALL)
def test_errors_in_routed_transactions(routed, at):
    key = at["w2"][0]
    with routed.connect() as client:
        with pytest.raises(psycopg.errors.UniqueViolation), client.transaction():
            client.execute("INSERT INTO orders VALUES (%s, 1, 1, 'x', '2026-01-01')", [key])
        with client.transaction():
            client.execute("SELECT * FROM orders WHERE tenant_id = %s", [key])
            with pytest.raises(psycopg.errors.DivisionByZero), client.transaction():
                client.execute("SELECT 1 / (tenant_id - %s) FROM orders WHERE tenant_id = %s", [key, key])
            assert client.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [key]).fetchone() == (3,)


# ---- when things change

def fresh_table(cluster, name, rows_=8):
    """A distributed table with a few rows."""
    distribute(cluster, Table(name, "k int8, v text", ["k"]))
    cluster.sql("c", f"INSERT INTO {name} SELECT g, 'v' || g FROM generate_series(1, {rows_}) g")


def drop_table(cluster, name):
    """Drops it on every node."""
    cluster.tables.pop(f"public.{name}", None)
    cluster.sql_all(f"DROP TABLE IF EXISTS {name} CASCADE")


def test_ddl_through_pgshunt_counts_at_once(routed, cluster, at):
    """From the DDL on names are not trusted until a map read after it is there; then they are again."""
    text = f"SELECT count(*) FROM orders WHERE tenant_id = {at['w1'][0]}"
    with routed.connect() as client, routed.connect() as other:
        client.execute("CREATE SCHEMA IF NOT EXISTS app")
        assert other.execute(text).fetchone() == (3,)
        client.execute("CREATE TABLE app.orders (tenant_id int8, id int8)")  # "$user" comes first
        assert other.execute(text).fetchone() == (0,)
        assert routed.reasons().get("map_stale", 0) > 0
        client.execute("DROP SCHEMA app CASCADE")
        assert other.execute(text).fetchone() == (3,)
        routed.wait(lambda: where(cluster, other, text) == ["w1"], 3, "the new map")


def test_ddl_elsewhere_counts_within_map_refresh(routed, cluster, at):
    text = f"SELECT count(*) FROM orders WHERE tenant_id = {at['w1'][0]}"
    with routed.connect() as client:
        assert client.execute(text).fetchone() == (3,)
        cluster.sql("c", "CREATE SCHEMA app AUTHORIZATION app; CREATE TABLE app.orders (tenant_id int8); "
                    "ALTER TABLE app.orders OWNER TO app")
        try:
            began = time.monotonic()
            routed.wait(lambda: client.execute(text).fetchone() == (0,), 3, "the change to be seen")
            print(f"seen after {time.monotonic() - began:.2f} s")
            assert time.monotonic() - began < 1.8
        finally:
            cluster.sql("c", "DROP SCHEMA app CASCADE")
        routed.wait(lambda: client.execute(text).fetchone() == (3,), 3, "it again")


def test_a_table_dropped_and_made_again(routed, cluster):
    """As the coordinator has it, a table that exists is never said not to."""
    fresh_table(cluster, "comes")
    with routed.connect() as client:
        routed.wait(lambda: routed.explain("SELECT * FROM comes WHERE k = 1")["reason"] == "key", 3, "the map")
        for _ in range(3):
            drop_table(cluster, "comes")
            fresh_table(cluster, "comes")
            for key in range(1, 9):
                assert client.execute("SELECT v FROM comes WHERE k = %s", [key]).fetchone() == (f"v{key}",)
    drop_table(cluster, "comes")


def test_a_table_that_a_worker_has_lost(routed, cluster):
    """42P01 of a worker is not shown: the coordinator is asked, and says what it says."""
    fresh_table(cluster, "lost")
    with routed.connect() as client:
        routed.wait(lambda: routed.explain("SELECT * FROM lost WHERE k = 1")["reason"] == "key", 3, "the map")
        key = {node: values_on(cluster, "lost", node, range(1, 9))[0] for node in cluster.workers}
        cluster.sql("w1", "ALTER TABLE lost RENAME TO elsewhere")
        assert client.execute("SELECT v FROM lost WHERE k = %s", [key["w1"]]).fetchone() == (f"v{key['w1']}",)
        assert client.execute("SELECT v FROM lost WHERE k = %s", [key["w2"]]).fetchone() == (f"v{key['w2']}",)
        with client.transaction():
            assert client.execute("SELECT v FROM lost WHERE k = %s", [key["w1"]]).fetchone() == (f"v{key['w1']}",)
        client.execute("UPDATE lost SET v = 'once' WHERE k = %s", [key["w1"]])
        assert client.execute("SELECT v FROM lost WHERE k = %s", [key["w1"]]).fetchone() == ("once",)
        cluster.sql("w1", "ALTER TABLE elsewhere RENAME TO lost")
        with pytest.raises(psycopg.errors.UndefinedTable):
            client.execute("SELECT * FROM never_was WHERE k = 1")
    drop_table(cluster, "lost")


def test_rights_are_the_coordinators(routed, cluster, at):
    """bob may not read orders, whoever is asked."""
    with routed.connect("bob") as bob, pytest.raises(psycopg.errors.InsufficientPrivilege):
        bob.execute("SELECT * FROM orders WHERE tenant_id = %s", [at["w1"][0]])
    assert cluster


def test_route_off(make_pgshunt, cluster, at):
    pgshunt = make_pgshunt({"pgshunt": {"route": "off"}})
    with pgshunt.connect() as client:
        for key in (at["w1"][0], at["w2"][0]):
            assert where(cluster, client, f"SELECT * FROM orders WHERE tenant_id = {key}") == ["c"]
    assert pgshunt.reasons()["route_off"] >= 2


def test_clients_of_all_keys_at_once(make_pgshunt, cluster):
    """Each answer belongs to the key that was asked for; nearly all are routed."""
    pgshunt = make_pgshunt({"pgshunt": {"threads": 2, "default_pool_size": 3, "route_transactions": "all"}})
    pgshunt.wait_map()
    wrong, count = [], [0]

    def work(number):
        with pgshunt.connect(prepare_threshold=number % 3 or None) as client:
            for n in range(60):
                key = (number * 7 + n) % 40 + 1
                if n % 5:
                    found = client.execute("SELECT tenant_id, count(*) FROM orders WHERE tenant_id = %s GROUP BY 1",
                                           [key]).fetchone()
                else:
                    with client.transaction():
                        found = client.execute("SELECT tenant_id, count(*) FROM orders WHERE tenant_id = %s GROUP BY 1",
                                               [key]).fetchone()
                count[0] += 1
                if found != (key, 3):
                    wrong.append((key, found))

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong and count[0] == 720
    assert pgshunt.reasons()["key"] >= 0.99 * 720
    assert cluster
