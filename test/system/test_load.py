"""A mixed load: everything at once for LOAD_SECONDS (5; the thread sanitizer's pass: 20; a soak: more).

Several pgbenches in every mode, new connections for each transaction, pipelines, errors, cancels, COPY, prepared
statements, the console, reloads, and backends that are killed; then the balances must agree.
"""

import os
import random
import threading
import time

import psycopg
import pytest

from cluster import bank

SECONDS = int(os.environ.get("LOAD_SECONDS", "5"))
BRANCHES, ACCOUNTS = 20, 200
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "dev", "demo.d")

# script, arguments of pgbench
LOADS = [
    ("lookup", ["-M", "simple", "-c", 8]),
    ("lookup", ["-M", "prepared", "-c", 8]),
    ("lookup", ["-M", "extended", "-c", 2, "-C"]),
    ("update", ["-M", "extended", "-c", 4]),
    ("transaction", ["-M", "simple", "-c", 4]),
    ("pipeline", ["-M", "prepared", "-c", 4]),
    ("everywhere", ["-M", "prepared", "-c", 2]),
]

INI = {"pgshunt": {"route_transactions": "all", "default_pool_size": 5, "max_node_connections": 20, "threads": 4,
                   "log_connections": 0, "log_disconnections": 0}}


@pytest.fixture(scope="module", name="branches")
def branches_fixture(cluster):
    """pgbench's tables, distributed."""
    bank.load_bank(cluster, BRANCHES, ACCOUNTS)
    return cluster


class Worker(threading.Thread):
    """Does one thing again and again until told to stop; keeps what went wrong."""

    def __init__(self, act, stop):
        super().__init__(daemon=True)
        self.act, self.stop, self.count, self.wrong = act, stop, 0, None

    def run(self):
        while not self.stop.is_set():
            try:
                self.act()
                self.count += 1
            except BaseException as error:  # pylint: disable=broad-except
                self.wrong = error
                return


def console(pooler):
    """Every SHOW that there is most need of."""
    for word in ("POOLS", "CLIENTS", "SERVERS", "STATS", "NODES", "NODE_POOLS", "REASONS", "MAP", "ROUTES", "LISTS"):
        pooler.console(f"SHOW {word}")
    pooler.console("RELOAD")
    time.sleep(0.05)


def cancels(pooler):
    """A statement that is cancelled while it runs; asked for until it ends, since one that waits is not cancelled."""
    with pooler.connect() as connection:
        ended = threading.Event()

        def ask():
            while not ended.wait(0.05):
                connection.cancel()

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(10)")
        finally:
            ended.set()
            asking.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def errors(pooler):
    """Errors inside and outside of transactions, on the coordinator and on a worker."""
    with pooler.connect() as connection:
        bid = random.randint(1, BRANCHES)
        for text in ("SELECT 1 / 0", f"SELECT 1 / (bid - {bid}) FROM pgbench_branches WHERE bid = {bid}"):
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute(text)
            with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
                connection.execute(f"UPDATE pgbench_branches SET bbalance = 1 WHERE bid = {bid}")
                connection.execute(text)


def leaves(pooler):
    """A client that goes away in the middle of a transaction."""
    connection = pooler.connect(autocommit=False)
    connection.execute("UPDATE pgbench_branches SET bbalance = 7 WHERE bid = %s", [random.randint(1, BRANCHES)])
    connection.pgconn.finish()


def settings(pooler):
    """What a client sets is its own."""
    with pooler.connect() as connection:
        value = f"{random.randrange(1001, 9000, 2)}kB"  # odd: never shown as MB
        connection.execute(f"SET work_mem = '{value}'")
        for _ in range(5):
            assert connection.execute("SHOW work_mem").fetchone() == (value,)


def copies(pooler):
    """COPY out of one shard, with what it should give."""
    bid = random.randint(1, BRANCHES)
    with pooler.connect() as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT aid FROM pgbench_accounts WHERE bid = {bid}) TO STDOUT") as copy:
            assert len(list(copy.rows())) == ACCOUNTS


def test_everything_at_once(make_pgshunt, branches):
    """All of it, without a backend being killed: not one error."""
    pooler = make_pgshunt(INI)
    pooler.wait_map()
    before = bank.balances(branches)
    stop = threading.Event()
    acts = (console, cancels, errors, leaves, settings, copies)
    workers = [Worker(lambda act=act: act(pooler), stop) for act in acts]
    runs = [bank.start_pgbench(pooler.port, branches.database, "app", branches.password("app"),
                               "-f", os.path.join(SCRIPTS, script + ".sql"), "-T", SECONDS, "--max-tries", 1000,
                               "-D", f"branches={BRANCHES}", "-D", f"accounts={ACCOUNTS}", *words)
            for script, words in LOADS if script != "update"]
    for worker in workers:
        worker.start()
    finished = [bank.finish(run, SECONDS + 120) for run in runs]
    stop.set()
    for worker in workers:
        worker.join(60)
    assert not [worker.wrong for worker in workers if worker.wrong], [repr(worker.wrong) for worker in workers]
    assert all(worker.count for worker in workers)
    for run in finished:
        assert run.status == 0 and run.failed == 0 and run.done > 0, run.errors[-2000:] + run.output
    assert bank.balances_agree(branches, before)
    assert sum(pooler.reasons().get(reason, 0) for reason in ("key",)) > 0
    for node in branches.workers:
        assert branches.connections(node, database=branches.database) <= 20 + 30  # pgshunt's and the mesh's own


def test_backends_are_killed(make_pgshunt, branches):
    """Backends of every node end under load: clients get errors or are closed, pgshunt goes on."""
    pooler = make_pgshunt(INI)
    pooler.wait_map()
    stop = threading.Event()

    def kill():
        node = random.choice(["c"] + branches.workers)
        branches.sql(node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' "
                     "ORDER BY random() LIMIT 2")
        time.sleep(0.1)

    def work():
        try:
            with pooler.connect(connect_timeout=10) as connection:
                for _ in range(20):
                    connection.execute("SELECT abalance FROM pgbench_accounts WHERE bid = %s AND aid = %s",
                                       [random.randint(1, BRANCHES), 1])
        except psycopg.Error:
            pass

    workers = [Worker(work, stop) for _ in range(6)] + [Worker(kill, stop)]
    for worker in workers:
        worker.start()
    time.sleep(SECONDS)
    stop.set()
    for worker in workers:
        worker.join(30)
        assert not worker.is_alive() and worker.wrong is None, worker.wrong
        assert worker.count
    with pooler.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pgbench_branches").fetchone() == (BRANCHES,)
