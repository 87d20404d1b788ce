"""pgbench's four tables, distributed by bid, and pgbench itself.

pgbench's own -i makes keys that a distributed table cannot have; so the tables are made here, each worker's rows on
that worker. A branch has 10 tellers, as pgbench has it, and `accounts` accounts (pgbench: 100,000).
"""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .server import BINDIR, environment
from .tables import Table, distribute, node_of

TABLES = [
    Table("pgbench_branches", "bid int NOT NULL, bbalance int, filler char(88)", ["bid"], primary_key=["bid"]),
    Table("pgbench_tellers", "tid int NOT NULL, bid int NOT NULL, tbalance int, filler char(84)", ["bid"],
          primary_key=["bid", "tid"], colocate_with="pgbench_branches"),
    Table("pgbench_accounts", "aid int NOT NULL, bid int NOT NULL, abalance int, filler char(84)", ["bid"],
          primary_key=["bid", "aid"], colocate_with="pgbench_branches"),
    Table("pgbench_history", "tid int, bid int NOT NULL, aid int, delta int, mtime timestamp, filler char(22)",
          ["bid"], colocate_with="pgbench_branches"),
]


def load_bank(cluster, branches=40, accounts=10000):
    """Makes and fills the tables."""
    distribute(cluster, *TABLES)
    if cluster.kind == "native":
        places = {}
        for bid in range(1, branches + 1):
            places.setdefault(node_of(cluster, "pgbench_branches", bid), []).append(bid)
    else:
        places = {"c": list(range(1, branches + 1))}

    def fill(node):
        ids = f"unnest(array{places[node]}) bid"
        cluster.sql(node, f"INSERT INTO pgbench_branches SELECT bid, 0 FROM {ids};"
                    f"INSERT INTO pgbench_tellers SELECT t + 10 * (bid - 1), bid, 0 "
                    f"FROM {ids}, generate_series(1, 10) t;"
                    f"INSERT INTO pgbench_accounts SELECT a + {accounts} * (bid - 1), bid, 0, '' "
                    f"FROM {ids}, generate_series(1, {accounts}) a", user="app")

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, places))
    cluster.sql_all("VACUUM ANALYZE", [node for node in cluster.nodes if node != "ref"])
    if cluster.kind != "native":
        return
    for table in TABLES:  # a foreign table is planned better when it was looked at
        cluster.sql("c", f"ANALYZE {table.name}")


def balances(cluster):
    """What each of the four tables says of every branch: {bid: (branch, tellers, accounts, history)}."""
    rows = cluster.sql("c", """
        SELECT bid, b.bbalance, t.sum, a.sum, coalesce(h.sum, 0) FROM pgbench_branches b
        JOIN (SELECT bid, sum(tbalance) FROM pgbench_tellers GROUP BY bid) t USING (bid)
        JOIN (SELECT bid, sum(abalance) FROM pgbench_accounts GROUP BY bid) a USING (bid)
        LEFT JOIN (SELECT bid, sum(delta) FROM pgbench_history GROUP BY bid) h USING (bid)""")
    return {row[0]: tuple(int(value) for value in row[1:]) for row in rows}


def balances_agree(cluster, before=None):
    """Whether the tables have moved by the same amount since `before` (default: since they were loaded), branch by
    branch: a transaction half done or done twice shows."""
    now = balances(cluster)
    return all(len({new - old for new, old in zip(now[bid], (before or {}).get(bid, (0, 0, 0, 0)))}) == 1
               for bid in now)


class Run:
    """What a run of pgbench printed."""

    def __init__(self, status, output, errors):
        def number(pattern):
            match = re.search(pattern, output)
            return float(match[1]) if match else 0.0

        self.status, self.output, self.errors = status, output, errors
        self.rate = number(r"tps = ([0-9.]+) \(without initial")  # transactions a second
        self.done = int(number(r"transactions actually processed: ([0-9]+)"))
        self.failed = int(number(r"number of failed transactions: ([0-9]+)"))
        self.latency_ms = number(r"latency average = ([0-9.]+)")


def start_pgbench(port, database, user, password, *words):
    """Starts pgbench on 127.0.0.1:port; finish() waits for it."""
    env = environment(PGPASSWORD=password, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER=user, PGDATABASE=database)
    return subprocess.Popen([os.path.join(BINDIR, "pgbench"), "-n", *map(str, words)], env=env, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, timeout=600):
    """Waits for a pgbench that start_pgbench started; a Run."""
    try:
        output, errors = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Run(process.returncode, output, errors)


def pgbench(port, database, user, password, *words):
    """Runs pgbench on 127.0.0.1:port; a Run."""
    return finish(start_pgbench(port, database, user, password, *words))
