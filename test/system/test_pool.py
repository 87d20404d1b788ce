"""Who gets which server, how many there are, and for how long."""

import os
import socket
import subprocess
import threading
import time

import psycopg
import pytest

from cluster import Table, distribute
from cluster.raw import Raw, bind, execute, parse, query, rows, sqlstates, startup, sync
from cluster.server import BINDIR


def small(**more):
    """An ini with one server to a pool."""
    return {"pgshunt": {"default_pool_size": 1, **more}}


def pids(connections):
    """The server process that answers each connection."""
    return [connection.execute("SELECT pg_backend_pid()").fetchone()[0] for connection in connections]


def in_threads(count, act):
    """Runs act(n) in threads of their own, all at once; their results, errors raised."""
    results, ready = [None] * count, threading.Barrier(count)

    def run(number):
        try:
            ready.wait(30)
            results[number] = act(number)
        except BaseException as error:  # pylint: disable=broad-except
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a client hangs"
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def servers(cluster, node="c", user="app"):
    """How many backends of a user a node has, the mesh's own not counted."""
    return cluster.sql(node, "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND "
                       "application_name NOT IN ('postgres_fdw', 'cluster')", [user])[0][0]


class Watch(threading.Thread):
    """Asks a node again and again how many backends of pgshunt it has."""

    def __init__(self, cluster, node="c", user="app"):
        super().__init__(daemon=True)
        self.cluster, self.node, self.user = cluster, node, user
        self.most, self.count, self.ended = 0, 0, threading.Event()

    def run(self):
        with self.cluster.connect(self.node, "postgres", application_name="cluster") as connection:
            while not self.ended.is_set():
                found = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND backend_type = 'client backend' "
                    "AND application_name NOT IN ('postgres_fdw', 'cluster')", [self.user]).fetchone()[0]
                self.most, self.count = max(self.most, found), self.count + 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(10)


# ---- modes

@pytest.mark.ini(small())
def test_many_clients_share_one_server(pgshunt):
    connections = [pgshunt.connect() for _ in range(30)]
    for _ in range(3):
        assert len(set(pids(connections))) == 1
    for connection in connections:
        connection.close()


@pytest.mark.ini(small())
def test_a_transaction_keeps_its_server(pgshunt):
    with pgshunt.connect() as one, pgshunt.connect() as other:
        with one.transaction():
            first = pids([one])
            waiting = threading.Thread(target=other.execute, args=("SELECT 1",), daemon=True)
            waiting.start()
            time.sleep(0.2)
            assert waiting.is_alive() and pids([one]) == first
        waiting.join(5)
        assert not waiting.is_alive()


@pytest.mark.ini({"pgshunt": {"pool_mode": "session", "default_pool_size": 2}})
def test_session_mode_keeps_the_server_and_resets_it(pgshunt):
    with pgshunt.connect() as one, pgshunt.connect() as other:
        first, second = pids([one, other])
        assert first != second and pids([one, other]) == [first, second]
        one.execute("SET work_mem = '3MB'")
        one.execute("SET app.secret = 'x'")
        one.execute("CREATE TEMP TABLE mine (a int)")
        one.execute("PREPARE p AS SELECT 1")
        one.execute("LISTEN something")
        one.execute("SELECT pg_advisory_lock(77)")
        one.close()
        with pgshunt.connect() as third:
            assert pids([third]) == [first]
            assert third.execute("SHOW work_mem").fetchone() != ("3MB",)
            assert third.execute("SELECT to_regclass('mine')").fetchone() == (None,)
            assert third.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'p'").fetchone() == (0,)
            assert third.execute("SELECT count(*) FROM pg_listening_channels()").fetchone() == (0,)
            assert third.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


@pytest.mark.ini({"pgshunt": {"pool_mode": "session", "default_pool_size": 1}})
def test_session_mode_in_a_transaction_at_the_end(pgshunt):
    """What is left open is rolled back, and the next client gets a clean server."""
    for how in ("close", "reset"):
        peer = Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database)
        peer.ask(query("BEGIN; INSERT INTO notes VALUES (700, 'x')"))
        getattr(peer, how)()
        with pgshunt.connect() as connection:
            assert connection.execute("SELECT count(*) FROM notes WHERE id = 700").fetchone() == (0,)
            assert connection.execute("SELECT pg_current_xact_id_if_assigned() IS NULL").fetchone() == (True,)


def test_settings_of_a_user_and_a_database(make_pgshunt, cluster):
    """pool_mode by user, pool_size by database."""
    pgshunt = make_pgshunt({"users": {"bob": {"pool_mode": "session"}},
                            "databases": {"two": {"host": "127.0.0.1", "port": cluster.port("c"), "pool_size": 1,
                                                  "dbname": cluster.database, "cluster": "none"}}})
    with pgshunt.connect("bob", "two") as bob:
        bob.execute("CREATE TEMP TABLE mine (a int)")
        assert bob.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    with pgshunt.connect(database="two") as one, pgshunt.connect(database="two") as other:
        assert len(set(pids([one, other]))) == 1


# ---- bounds

def busy(pgshunt, count, seconds=0.1, **options):
    """So many clients that each hold a server for a while; how many there were at once."""
    def work(_):
        with pgshunt.connect(**options) as connection:
            connection.execute("SELECT pg_sleep(%s)", [seconds])
    in_threads(count, work)


@pytest.mark.ini({"pgshunt": {"default_pool_size": 3}})
def test_default_pool_size(pgshunt, cluster):
    with Watch(cluster) as watch:
        busy(pgshunt, 12)
    assert watch.most == 3


def test_max_db_connections(make_pgshunt, cluster):
    """Over all users of a database."""
    pgshunt = make_pgshunt({"pgshunt": {"max_db_connections": 3, "route": "off"}})

    def work(number):
        with pgshunt.connect(("app", "bob")[number % 2]) as connection:
            for _ in range(3):
                connection.execute("SELECT pg_sleep(0.03)")

    most = []
    with cluster.connect("c", "postgres", application_name="cluster") as connection:
        stop = threading.Event()

        def look():
            while not stop.is_set():
                most.append(connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename IN ('app', 'bob') "
                                               "AND application_name <> 'postgres_fdw'").fetchone()[0])

        thread = threading.Thread(target=look)
        thread.start()
        in_threads(16, work)
        stop.set()
        thread.join()
    assert max(most) == 3


def test_max_user_connections(make_pgshunt, cluster):
    pgshunt = make_pgshunt({"users": {"bob": {"max_user_connections": 2}}})
    with Watch(cluster, user="bob") as watch:
        busy(pgshunt, 8, user="bob")
    assert watch.most == 2


@pytest.mark.ini({"pgshunt": {"max_client_conn": 5}})
def test_max_client_conn(pgshunt):
    """The sixth is refused; the console is not counted; a place is free when one leaves."""
    connections = [pgshunt.connect() for _ in range(5)]
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError, match="max_client_conn"):
            pgshunt.connect()
    with Raw(pgshunt.port) as peer, pytest.raises(ConnectionError) as refused:
        peer.login("app", pgshunt.users["app"], pgshunt.cluster.database)
    assert refused.value.args[0]["C"] == "53300" and refused.value.args[0]["V"] == "FATAL"
    assert pgshunt.console("SHOW VERSION")
    connections.pop().close()
    pgshunt.wait(lambda: not raises(pgshunt.connect), 2, "a place")
    for connection in connections:
        connection.close()


def raises(connect):
    """Whether connecting fails."""
    try:
        connect().close()
        return False
    except psycopg.OperationalError:
        return True


@pytest.mark.parametrize("threads", [1, 4])
def test_max_node_connections(make_pgshunt, cluster, threads):
    """200 clients of two users and two databases work on all nodes: no node ever has more than six connections from
    pgshunt, the watcher's included, by the kernel's account of its sockets."""
    pgshunt = make_pgshunt({"pgshunt": {"max_node_connections": 6, "default_pool_size": 20, "threads": threads,
                                        "log_connections": 0, "log_disconnections": 0},
                            "databases": {"two": {"host": "127.0.0.1", "port": cluster.port("c"),
                                                  "dbname": cluster.database}}})
    pgshunt.wait_map()
    pid = pgshunt.pid
    most, stop = {}, threading.Event()

    def sockets():
        """Established connections of the process to each node, by the kernel's own account."""
        inodes = set()
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
        counts = dict.fromkeys(cluster.nodes, 0)
        with open("/proc/net/tcp", encoding="ascii") as file:
            for line in list(file)[1:]:
                words = line.split()
                port = int(words[2].split(":")[1], 16)
                if words[9] in inodes:
                    for node in cluster.nodes:
                        counts[node] += cluster.port(node) == port
        return counts

    def watch():
        while not stop.is_set():
            for node, count in sockets().items():
                most[node] = max(most.get(node, 0), count)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    def work(number):
        with pgshunt.connect(("app", "bob")[number % 2], (None, "two")[number % 4 // 2], connect_timeout=60) as one:
            for n in range(5):
                key = (number + n) % 40 + 1
                if number % 2:
                    one.execute("SELECT 1")
                else:
                    assert one.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [key]).fetchone() == (3,)
                    one.execute("SELECT count(*) FROM notes")

    in_threads(200, work)
    stop.set()
    watcher.join(5)
    assert all(0 < most[node] <= 6 for node in ["c"] + cluster.workers), most


# ---- waiting

@pytest.mark.ini(small(query_wait_timeout=1))
def test_query_wait_timeout(pgshunt):
    """FATAL 53300, neither early nor more than 250 ms late."""
    with pgshunt.connect() as holder, holder.transaction():
        holder.execute("SELECT 1")

        def wait(_):
            with Raw(pgshunt.port) as peer:
                peer.login("app", pgshunt.users["app"], pgshunt.cluster.database)
                began = time.monotonic()
                answer = peer.send(query("SELECT 1")).until_closed()
                return time.monotonic() - began, sqlstates(answer), answer[-1][1]

        for took, states, body in in_threads(5, wait):
            assert states == ["53300"] and b"FATAL" in body and b"query_wait_timeout" in body
            assert 1 <= took <= 1.25, took
        assert holder.execute("SELECT 2").fetchone() == (2,)


@pytest.mark.ini(small())
def test_waiting_clients_are_served_in_order(pgshunt):
    """By the server's clock."""
    with pgshunt.connect() as holder:
        waiting = [Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database) for _ in range(10)]
        with holder.transaction():
            holder.execute("SELECT 1")
            for peer in waiting:
                peer.send(query("SELECT clock_timestamp()::text"))
                time.sleep(0.1)  # whichever loop has it, it is there before the next
        times = [rows(peer.until_ready()) for peer in waiting]
        assert times == sorted(times)
        for peer in waiting:
            peer.close()


@pytest.mark.ini(small())
def test_a_waiting_client_that_leaves_holds_nobody_up(pgshunt):
    with pgshunt.connect() as holder, pgshunt.connect() as last:
        with holder.transaction():
            holder.execute("SELECT 1")
            leaving = [Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database)
                       for _ in range(4)]
            for peer in leaving:
                peer.send(query("INSERT INTO notes VALUES (710, 'never')"))
            time.sleep(0.1)
            for number, peer in enumerate(leaving):
                peer.reset() if number % 2 else peer.close()
            time.sleep(0.1)
        began = time.monotonic()
        assert last.execute("SELECT count(*) FROM notes WHERE id = 710").fetchone() == (0,)
        assert time.monotonic() - began < 1


def test_four_threads_one_server(make_pgshunt, cluster):
    """The bound is the process's: 200 clients on four loops share one server, and no client waits long."""
    pgshunt = make_pgshunt({"pgshunt": {"threads": 4, "default_pool_size": 1, "log_connections": 0,
                                        "log_disconnections": 0, "auth_type": "trust"},
                            "databases": {cluster.database: {"cluster": "none", "host": "127.0.0.1",
                                                             "port": cluster.port("c")}}})
    script = os.path.join(pgshunt.folder, "one.sql")
    pgshunt.write(script, "SELECT 1;\n")
    log = os.path.join(pgshunt.folder, "waits")
    with Watch(cluster) as watch:
        done = subprocess.run(
            [os.path.join(BINDIR, "pgbench"), "-n", "-f", script, "-c", "200", "-j", "2", "-T", "5", "-l",
             "--log-prefix", log, "-h", "127.0.0.1", "-p", str(pgshunt.port), "-U", "app", cluster.database],
            env={**os.environ, "PGPASSWORD": pgshunt.users["app"]}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, timeout=60)
    assert done.returncode == 0 and "failed transactions: 0 " in done.stdout, done.stdout
    waits, clients = [], {}
    for name in os.listdir(pgshunt.folder):
        if name.startswith("waits"):
            with open(os.path.join(pgshunt.folder, name), encoding="ascii") as file:
                for line in file:
                    words = line.split()
                    waits.append(int(words[2]))
                    clients[words[0]] = clients.get(words[0], 0) + 1
    mean = sum(waits) / len(waits)
    print(f"{len(waits)} transactions, mean wait {mean / 1000:.1f} ms, longest {max(waits) / 1000:.1f} ms; "
          f"by client {min(clients.values())} to {max(clients.values())}; servers seen {watch.most}")
    assert watch.most == 1 and watch.count > 20
    assert max(waits) < 10 * mean
    assert len(clients) == 200 and max(clients.values()) < 3 * min(clients.values())


@pytest.mark.ini(small(threads=4))
def test_a_server_moves_between_threads_with_what_it_knows(pgshunt):
    """Clients of several loops use one server in turn; prepared statements and settings are right on it."""
    connections = [pgshunt.connect(prepare_threshold=0) for _ in range(8)]
    for number, connection in enumerate(connections):
        connection.execute(f"SET app.number = '{number}'")
    for _ in range(5):
        for number, connection in enumerate(connections):
            row = connection.execute("SELECT current_setting('app.number'), %s::int", [number]).fetchone()
            assert row == (str(number), number)
    for connection in connections:
        connection.close()


# ---- ages

@pytest.mark.ini({"pgshunt": {"server_idle_timeout": 1}})
def test_server_idle_timeout(pgshunt, cluster):
    with pgshunt.connect() as connection:
        connection.execute("SELECT 1")
        assert servers(cluster) >= 1
        pgshunt.wait(lambda: servers(cluster) == 0, 3, "the server to be closed")
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.ini({"pgshunt": {"server_lifetime": 1, "default_pool_size": 1}})
def test_server_lifetime(pgshunt):
    """An old server is not used again, but never taken away from a transaction."""
    with pgshunt.connect() as connection:
        first = pids([connection])
        with connection.transaction():
            within = pids([connection])
            time.sleep(1.3)
            assert pids([connection]) == within
        pgshunt.wait(lambda: pids([connection]) != first, 2, "another server")


@pytest.mark.ini({"pgshunt": {"client_login_timeout": 1}})
def test_client_login_timeout(pgshunt):
    """For whoever says nothing, stops in the middle, or never answers the challenge."""
    peers = [Raw(pgshunt.port), Raw(pgshunt.port).send(b"\0\0"), Raw(pgshunt.port).send(startup(user="app"))]
    began = time.monotonic()
    for peer in peers:
        answer = peer.until_closed()
        assert 0.8 < time.monotonic() - began < 1.6
        assert sqlstates(answer) in ([], ["08P01"])
        peer.close()


def test_a_server_that_refuses_is_asked_again_later(make_pgshunt):
    """server_login_retry is the longest back-off; meanwhile clients get an error at once, not a wait."""
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    port = hole.getsockname()[1]
    pgshunt = make_pgshunt({"pgshunt": {"server_login_retry": 1, "auth_type": "trust"},
                            "databases": {"hole": {"host": "127.0.0.1", "port": port, "cluster": "none"}}})
    for _ in range(5):
        began = time.monotonic()
        with Raw(pgshunt.port) as peer:
            peer.send(startup(user="app", database="hole"))
            answer = peer.until("ZE")
            assert sqlstates(answer) == ["08006"], answer
        assert time.monotonic() - began < 1
    hole.close()
    with pgshunt.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


# ---- pipelines and pinning as far as pools see them

@pytest.mark.ini(small())
def test_pipelines_of_many_clients_on_one_server(pgshunt):
    """Each answer goes to the one who asked."""
    def work(number):
        with Raw(pgshunt.port) as peer:
            peer.login("app", pgshunt.users["app"], pgshunt.cluster.database)
            for n in range(10):
                data = b"".join(parse("SELECT $1::text") + bind([f"{number}/{n}/{i}"]) + execute() + sync()
                                for i in range(5))
                answer = peer.ask(data, 5)
                values = [body[6:].decode() for kind, body in answer if kind == "D"]
                assert values == [f"{number}/{n}/{i}" for i in range(5)]

    in_threads(20, work)


@pytest.mark.ini({"pgshunt": {"default_pool_size": 2}})
def test_a_pinned_client_keeps_one_server_and_no_more(pgshunt):
    with pgshunt.connect() as pinned, pgshunt.connect() as one, pgshunt.connect() as other:
        pinned.execute("CREATE TEMP TABLE mine (a int)")
        own = pids([pinned])
        for _ in range(3):
            assert pids([one]) == pids([other]) != own
            assert pids([pinned]) == own
        pinned.execute("DISCARD ALL")
        pinned.close()


def test_two_pools_share_the_slots_of_a_node(make_cluster, make_pgshunt):
    """A busy pool does not starve another: bob gets his turn while app's clients queue."""
    cluster = make_cluster("native", auth="scram-sha-256")
    distribute(cluster, Table("t", "k int8, v int", ["k"]))
    pgshunt = make_pgshunt({"pgshunt": {"max_node_connections": 4, "default_pool_size": 10}}, cluster=cluster)
    stop = threading.Event()

    def work():
        with pgshunt.connect() as connection:
            while not stop.is_set():
                connection.execute("SELECT pg_sleep(0.02)")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    waits = []
    with pgshunt.connect("bob") as bob:
        for _ in range(10):
            began = time.monotonic()
            bob.execute("SELECT 1")
            waits.append(time.monotonic() - began)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert max(waits) < 2, waits
