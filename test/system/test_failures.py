"""Servers that end, hang, refuse or are not there: each client gets its error in time, the others go on."""

import os
import signal
import socket
import threading
import time

import psycopg
import pytest

from cluster import Cluster, load_schema, values_on
from cluster.raw import Raw, extended, fields, query, sqlstates, startup

TRUST = {"pgshunt": {"auth_type": "trust"}}


@pytest.fixture(scope="module", name="own")
def own_fixture():
    """A cluster of this file's own, since its nodes are killed."""
    with Cluster("native", auth="scram-sha-256", reference=True) as cluster:
        load_schema(cluster)
        cluster.sql("c", "CREATE TABLE once (id int PRIMARY KEY); ALTER TABLE once OWNER TO app")
        yield cluster


@pytest.fixture(name="pooler")
def pooler_fixture(own, make_pgshunt):
    """pgshunt in front of it, with its map."""
    pooler = make_pgshunt({"pgshunt": {"node_retry": "500ms", "server_login_retry": 1, "server_connect_timeout": 2}},
                          cluster=own)
    pooler.wait_map()
    return pooler


def opened(pooler):
    """A session through pgshunt."""
    return Raw(pooler.port).login("app", pooler.users["app"], pooler.cluster.database)


def kill_backend(cluster, node, pattern, number=signal.SIGKILL):
    """kill -9 of the backend that runs a statement; the server then restarts all the others, too."""
    for _ in range(100):
        found = cluster.sql(node, "SELECT pid FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid() "
                            "AND backend_type = 'client backend' AND application_name <> 'cluster'", [pattern])
        if found:
            os.kill(found[0][0], number)
            return
        time.sleep(0.05)
    raise AssertionError("it does not run")


def until_up(cluster, node):
    """Waits until a node takes logins again."""
    for _ in range(200):
        try:
            cluster.sql(node, "SELECT 1")
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError(f"{node} does not come back")


def well_within(pooler, seconds, *texts):
    """Everything works again within so many seconds."""
    texts = texts or ("SELECT 1", "SELECT count(*) FROM orders", "SELECT count(*) FROM orders WHERE tenant_id = 7",
                      "SELECT count(*) FROM orders WHERE tenant_id = 8")

    def works():
        try:
            with pooler.connect(connect_timeout=3) as connection:
                for text in texts:
                    connection.execute(text)
            return True
        except psycopg.Error:
            return False

    pooler.wait(works, seconds, "all to be well")


def keys(cluster):
    """A key on each worker."""
    return {node: values_on(cluster, "orders", node, range(1, 41))[0] for node in cluster.workers}


# ---- one backend

def test_an_idle_backend_ends(pooler, own):
    """Nobody notices: nothing was under way."""
    with pooler.connect() as connection:
        connection.execute("SELECT 1")
        for _ in range(5):
            own.sql("c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
            time.sleep(0.1)  # what is asked in the very moment is lost with it
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_idle_backend_is_killed(pooler, own):
    """The server restarts all of its backends; the session is kept, and goes on once the server is back."""
    with pooler.connect() as connection:
        connection.execute("SELECT 'find me'")
        kill_backend(own, "c", "%find me%")
        until_up(own, "c")
        deadline = time.monotonic() + 5
        while True:
            try:
                assert connection.execute("SELECT 1").fetchone() == (1,)
                break
            except psycopg.Error as error:
                assert error.sqlstate in ("08006", "57P03") and not connection.closed, repr(error)
                assert time.monotonic() < deadline
                time.sleep(0.05)
    well_within(pooler, 5)


@pytest.mark.parametrize("sql,state", [
    ("SELECT pg_sleep(20) AS found", "08006"), ("BEGIN; SELECT pg_sleep(20) AS found", "08006"),
    ("INSERT INTO once SELECT 1 FROM pg_sleep(20) AS found", "08007"),
    ("BEGIN; INSERT INTO once VALUES (2); SELECT pg_sleep(20) AS found; COMMIT", "08007"),
])
def test_a_backend_is_killed_in_mid_query(pooler, own, sql, state):
    """08006 if nothing can have been committed, 08007 if it may have been; the session ends; others are well soon."""
    with opened(pooler) as peer:
        if sql == "BEGIN; SELECT pg_sleep(20) AS found":
            peer.ask(query("BEGIN"))
            peer.ask(query("SELECT 1"))
            sql = "SELECT pg_sleep(20) AS found"
        peer.send(query(sql))
        kill_backend(own, "c", f"{sql[:20]}%")
        began = time.monotonic()
        answer = peer.until_closed()
        assert time.monotonic() - began < 2
        errors = [fields(body) for kind, body in answer if kind == "E"]
        assert [error["C"] for error in errors] == [state], errors
        assert errors[0]["V"] == "FATAL"
    until_up(own, "c")
    well_within(pooler, 5)
    own.sql("c", "DELETE FROM once")


def test_a_backend_is_killed_in_mid_commit(pooler, own):
    """A deferred trigger makes the COMMIT long: its outcome is unknown, and called so."""
    own.sql("c", """CREATE TABLE IF NOT EXISTS slow (a int); ALTER TABLE slow OWNER TO app;
        CREATE OR REPLACE FUNCTION wait_a_bit() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(20) AS found; RETURN NULL; END';
        CREATE OR REPLACE TRIGGER slow AFTER INSERT ON slow FOR EACH ROW EXECUTE FUNCTION wait_a_bit();
        DROP TRIGGER slow ON slow; CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait_a_bit()""")
    with opened(pooler) as peer:
        peer.ask(query("BEGIN"))
        peer.ask(query("INSERT INTO slow VALUES (1)"))
        peer.send(query("COMMIT"))
        kill_backend(own, "c", "COMMIT%")
        assert sqlstates(peer.until_closed()) == ["08007"]
    until_up(own, "c")
    well_within(pooler, 5)
    own.sql("c", "DROP TABLE slow; DROP FUNCTION wait_a_bit")


def test_terminated_while_it_works(pooler, own):
    """57P01 of the server: it must not be taken for the outcome of a commit."""
    for sql, states in (("SELECT pg_sleep(20) AS found", (["57P01"], ["08006"])),
                        ("INSERT INTO once SELECT 1 FROM pg_sleep(20) AS found", (["08007"],))):
        with opened(pooler) as peer:
            peer.send(query(sql))
            kill_backend(own, "c", f"{sql[:20]}%", signal.SIGTERM)
            assert sqlstates(peer.until_closed()) in states
    well_within(pooler, 2)


def test_nothing_is_sent_twice(pooler, own):
    """Backends end all the time under inserts of unique numbers: what was acknowledged is there once, no insert fails
    because it is there already, and every error says whether its outcome is known."""
    stop, acked, unknown, wrong = time.monotonic() + 4, [], [], []

    def work(number):
        n = number * 1000000
        while time.monotonic() < stop:
            try:
                with opened(pooler) as peer:
                    while time.monotonic() < stop:
                        n += 1
                        data = (query(f"INSERT INTO once VALUES ({n})") if n % 3 else
                                extended("INSERT INTO once VALUES ($1)", [str(n)]))
                        states = sqlstates(peer.send(data).until_ready())
                        if states == []:
                            acked.append(n)
                        elif states == ["08007"]:
                            unknown.append(n)
                            break
                        elif states != ["57P01"] and states != ["08006"]:
                            wrong.append((n, states))
                            break
            except (ConnectionError, OSError, ValueError):
                pass

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    kills = 0
    while time.monotonic() < stop:
        kills += len(own.sql("c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' "
                             "AND backend_type = 'client backend' ORDER BY random() LIMIT 1"))
        time.sleep(0.05)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    there = {row[0] for row in own.sql("c", "SELECT id FROM once")}
    print(f"{len(acked)} acknowledged, {len(unknown)} unknown, {kills} kills")
    assert not wrong, wrong
    assert kills > 20 and len(acked) > 100 and set(acked) <= there
    assert there <= set(acked) | set(unknown)
    own.sql("c", "DELETE FROM once")
    well_within(pooler, 2)


# ---- a node

def test_a_worker_killed_and_restarted(pooler, own):
    """Statements that do not need it go on; those that need it get the coordinator's word; soon after its return it
    is routed to again."""
    at = keys(own)
    with pooler.connect() as connection:
        own.kill_node("w2")
        began = time.monotonic()
        for _ in range(20):
            assert connection.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at["w1"]]).fetchone() == (3,)
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < 2
        began = time.monotonic()
        with pytest.raises(psycopg.Error) as failed:
            with pooler.connect() as other:
                other.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at["w2"]])
        assert failed.value.sqlstate == "08001", failed.value  # postgres_fdw: could not connect to server
        assert time.monotonic() - began < 5
        own.restart_node("w2")
        well_within(pooler, 3)
        before = pooler.reasons().get("key", 0)
        deadline = time.monotonic() + 3
        while pooler.reasons().get("key", 0) < before + 5:
            connection.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at["w2"]])
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_coordinator_killed_and_restarted(pooler, own):
    """08006 within the timeouts, never a hang; the sessions are kept; all is well within 2 s after its return."""
    with pooler.connect() as connection:
        connection.execute("SELECT 1")
        own.kill_node("c")
        began = time.monotonic()
        with pytest.raises(psycopg.Error) as failed:
            connection.execute("SELECT 1")
        assert failed.value.sqlstate == "08006" and time.monotonic() - began < 3
        assert not connection.closed
        own.restart_node("c")
        well_within(pooler, 3)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_stopped_worker(pooler, own):
    """SIGSTOP: it takes connections and answers nothing. Whoever does not need it does not notice."""
    at = keys(own)
    with pooler.connect() as connection, opened(pooler) as stuck:
        for node in own.workers:
            connection.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at[node]])
        own.kill_node("w2", signal.SIGSTOP)
        try:
            stuck.send(query(f"SELECT count(*) FROM orders WHERE tenant_id = {at['w2']}"))
            times = []
            for n in range(40):
                began = time.monotonic()
                connection.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at["w1"]])
                connection.execute("SELECT %s::int", [n])
                times.append(time.monotonic() - began)
            with pooler.connect(connect_timeout=5) as fresh:
                fresh.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [at["w1"]])
            print(f"beside a stopped worker: longest {max(times) * 1000:.0f} ms")
            assert max(times) < 1
        finally:
            own.kill_node("w2", signal.SIGCONT)
        assert stuck.until_ready()[-1] == ("Z", b"I")
    well_within(pooler, 3)


# ---- servers that cannot be had

def ask_for(pooler, database, user="app"):
    """What a client of such a database is told, and how long it takes."""
    began = time.monotonic()
    with Raw(pooler.port) as peer:
        peer.send(startup(user=user, database=database))
        answer = peer.until("ZE")
        if answer[-1][0] == "Z":
            answer = peer.ask(query("SELECT 1"))
        found = [fields(body) for kind, body in answer if kind == "E"]
        return found, time.monotonic() - began


def test_wrong_password_on_the_server(make_pgshunt, cluster):
    wrong = {"host": "127.0.0.1", "port": cluster.port("c"), "user": "app", "password": "not it",
             "dbname": cluster.database}
    pooler = make_pgshunt({**TRUST, "databases": {"wrong": wrong}})
    for _ in range(3):
        found, took = ask_for(pooler, "wrong")
        assert [error["C"] for error in found] == ["28P01"] and took < 2, (found, took)
    assert "not it" not in pooler.log()
    with pooler.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_missing_database(make_pgshunt, cluster):
    pooler = make_pgshunt({**TRUST, "databases": {"missing": {"host": "127.0.0.1", "port": cluster.port("c")}}})
    for _ in range(3):
        found, took = ask_for(pooler, "missing")
        assert [error["C"] for error in found] == ["3D000"] and took < 2, (found, took)
        assert "missing" in found[0]["M"]


def test_hosts_that_cannot_be_reached(make_pgshunt, cluster):
    """Nobody listens; a name that does not exist; a host that swallows everything: 08006 within the timeout."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    try:
        pooler = make_pgshunt({
            "pgshunt": {"auth_type": "trust", "server_connect_timeout": 1, "server_login_retry": 1},
            "databases": {
                "closed": {"host": "127.0.0.1", "port": closed.getsockname()[1], "cluster": "none"},
                "silent": {"host": "127.0.0.1", "port": silent.getsockname()[1], "cluster": "none"},
                "nowhere": {"host": "no-such-host.invalid", "port": 5432, "cluster": "none"},
                "nosocket": {"host": "/nonexistent/folder", "port": 5432, "cluster": "none"}}})
        for name, most in (("closed", 1), ("nosocket", 1), ("silent", 2.5), ("nowhere", 6)):
            for _ in range(2):
                found, took = ask_for(pooler, name)
                assert [error["C"] for error in found] == ["08006"] and took < most, (name, found, took)
        with pooler.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert cluster
    finally:
        silent.close()
        closed.close()


@pytest.mark.parametrize("answer", [b"", b"E\0\0\0\4", b"R\0\0\0\x08\0\0\0\x09", b"Z\0\0\0\5I", b"\xff" * 100,
                                    b"R\xff\xff\xff\xff", b"R\0\0\0\x08\0\0\0\0Z\0\0\0\5I"[:5] + b"\0" * 3,
                                    b"HTTP/1.1 400 Bad Request\r\n\r\n", b"ESFATAL\0C57P03\0Mnot now\0\0"])
def test_a_server_that_speaks_something_else(make_pgshunt, answer):
    """It is closed, the client gets its error, nothing of it is believed."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)

    def serve():
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            peer.recv(1000)
            peer.sendall(answer)
            peer.close()

    threading.Thread(target=serve, daemon=True).start()
    pooler = make_pgshunt({"pgshunt": {"auth_type": "trust", "server_connect_timeout": 1},
                           "databases": {"odd": {"host": "127.0.0.1", "port": listener.getsockname()[1],
                                                 "cluster": "none"}}})
    found, took = ask_for(pooler, "odd")
    assert len(found) == 1 and took < 2.5, (found, took)
    listener.close()


def test_a_server_that_ends_in_mid_answer(make_pgshunt, cluster):
    """The client is told 08006; or nothing, where the bytes stop within a message: what would follow would be read as
    the rest of it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    limits = [0, 1, 5, 30, 60, 100, 400]

    def pump(source, target, limit=None):
        passed = 0
        try:
            while True:
                data = source.recv(4096)
                if not data:
                    break
                if limit is not None and b"generate" in seen.get(source, b""):
                    data = data[:max(0, limit - passed)]
                    passed += len(data)
                target.sendall(data)
                if limit is not None and passed >= limit and b"generate" in seen.get(source, b""):
                    break
                seen[target] = seen.get(target, b"") + data
        except OSError:
            pass
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    seen, limit = {}, [None]

    def serve():
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", cluster.port("c")))
            threading.Thread(target=pump, args=(peer, server), daemon=True).start()
            threading.Thread(target=pump, args=(server, peer, limit[0]), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    cut = {"host": "127.0.0.1", "port": listener.getsockname()[1], "cluster": "none", "dbname": cluster.database}
    pooler = make_pgshunt({**TRUST, "databases": {"cut": cut}})
    for limit[0] in limits:
        for data in (query("SELECT repeat('x', 20) FROM generate_series(1, 20)"),
                     extended("SELECT repeat('y', 20) FROM generate_series(1, 20)")):
            with Raw(pooler.port).login("app", None, "cut") as peer:
                answer = peer.send(data).until_closed()
                cut = bool(peer.rest)
                assert sqlstates(answer) == ([] if cut else ["08006"]), (limit[0], answer)
                assert b"FATAL" not in peer.rest
    listener.close()
