"""What dev/demo does once pgshunt is built: cluster, tables, workloads, table.

                 ┌────────────────────────► coordinator ──► workers        "direct"
    pgbench ─────┤                              ▲
                 └──► pgshunt ──────────────────┴─────────► workers        "pgshunt"
"""

import argparse
import json
import os
import signal
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(FOLDER))
sys.path.insert(0, os.path.join(TOP, "test"))

from cluster import Cluster, Pgshunt, bank, citus_available  # pylint: disable=wrong-import-position

STATE = os.path.join(TOP, "build", "demo.json")
BRANCHES, ACCOUNTS, CLIENTS, MANY = 40, 10000, 16, 200

# name, script, pgbench's query mode
WORKLOADS = [
    ("lookup by key", "lookup", "simple"),
    ("update by key", "update", "simple"),
    ("transaction, by statement", "transaction", "simple"),
    ("transaction, pipeline", "pipeline", "prepared"),
    ("query over all shards", "everywhere", "simple"),
]

INI = {"pgshunt": {"pool_mode": "transaction", "route_transactions": "all", "default_pool_size": 16,
                   "max_node_connections": 40, "max_client_conn": 1000, "threads": 2,
                   "log_connections": 0, "log_disconnections": 0}}


def say(text):
    """A step, at once."""
    print(text, flush=True)


def words(script, mode, clients, seconds):
    """The arguments of pgbench."""
    found = ["-f", os.path.join(FOLDER, script + ".sql"), "-M", mode, "-c", clients, "-j", 2, "-T", seconds,
             "-D", f"branches={BRANCHES}", "-D", f"accounts={ACCOUNTS}"]
    # Through a native coordinator, updates of one row at the same time give 40001: tried again, as a client would.
    return found + (["--max-tries", 1000] if script not in ("lookup", "everywhere") else [])


class Demo:
    """The cluster, pgshunt, and what was measured."""

    def __init__(self, seconds):
        self.seconds = seconds
        kind = "citus" if citus_available() else "native"
        say(f"cluster: kind {kind}, one coordinator, two workers")
        self.cluster = Cluster(kind, auth="scram-sha-256", max_connections=MANY + 60,
                               settings={"shared_buffers": "128MB"})
        for node in self.cluster.nodes:
            say(f"    {node} on port {self.cluster.port(node)}")
        say(f"tables: pgbench's four by bid, {BRANCHES} branches of {ACCOUNTS} accounts")
        bank.load_bank(self.cluster, BRANCHES, ACCOUNTS)
        say("pgshunt in front")
        self.pooler = Pgshunt(self.cluster, INI)
        self.pooler.wait_map()
        self.kept = self.pooler.connect()  # the map is kept while the database has clients

    def bench(self, port, script, mode, clients=CLIENTS, seconds=None):
        """Runs one workload on one port."""
        run = bank.pgbench(port, self.cluster.database, "app", self.cluster.password("app"),
                           *words(script, mode, clients, seconds or self.seconds))
        if run.status:
            say(f"pgbench failed:\n{run.errors[-2000:]}")
        return run

    def compare(self, name, script, mode):
        """One workload both ways; a row of the table."""
        say(f"{name}: to the coordinator")
        direct = self.bench(self.cluster.port("c"), script, mode)
        say(f"{name}: through pgshunt")
        before = self.counts()
        routed = self.bench(self.pooler.port, script, mode)
        share, why = share_of(before, self.counts())
        ratio = routed.rate / direct.rate if direct.rate else 0
        failed = routed.failed + (1 if routed.status else 0)
        return [name, f"{direct.rate:,.0f}", f"{routed.rate:,.0f}", f"{ratio:.1f}",
                f"{100 * share:.1f} %" if share is not None else "-", why + (f"; {failed} failed" if failed else "")]

    def counts(self):
        """SHOW STATS_TOTALS of the database, and SHOW REASONS."""
        totals = next(row for row in self.pooler.console("SHOW STATS_TOTALS")
                      if row["database"] == self.cluster.database)
        return {name: int(value) for name, value in totals.items() if name != "database"}, self.pooler.reasons()

    def many(self):
        """Clients against connections: rows of the second table."""
        rows = []
        for title, port in (("direct", self.cluster.port("c")), ("pgshunt", self.pooler.port)):
            say(f"{MANY} clients: {'to the coordinator' if title == 'direct' else 'through pgshunt'}")
            # Those that the first run left are gone before the second is counted.
            deadline = time.monotonic() + 10
            while title == "pgshunt" and self.connected("c")[0] > INI["pgshunt"]["max_node_connections"] \
                    and time.monotonic() < deadline:
                time.sleep(0.1)
            process = bank.start_pgbench(port, self.cluster.database, "app", self.cluster.password("app"),
                                         *words("lookup", "simple", MANY, self.seconds))
            most = {node: (0, 0) for node in self.cluster.nodes}
            while process.poll() is None:
                for node in most:
                    most[node] = max(most[node], self.connected(node))
                time.sleep(0.2)
            run = bank.finish(process)
            cells = [f"{own} + {mesh}" if mesh else str(own) for own, mesh in most.values()]
            rows.append([title, str(MANY), *cells, f"{run.rate:,.0f}"])
        return rows

    def connected(self, node):
        """Connections of a node by pg_stat_activity: of clients or pgshunt, and of the other nodes."""
        return self.cluster.sql(node, """
            SELECT count(*) FILTER (WHERE NOT mesh), count(*) FILTER (WHERE mesh) FROM (
                SELECT application_name ~ '^(postgres_fdw|citus)' AS mesh FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND application_name <> 'cluster' AND datname = %s) x""",
            [self.cluster.database])[0]

    def keep(self):
        """Leaves everything up."""
        self.kept.close()
        self.cluster.detach()
        self.pooler.detach()
        with open(STATE, "w", encoding="utf-8") as file:
            json.dump({"cluster": self.cluster.folder, "pgshunt": self.pooler.folder, "pid": self.pooler.process.pid},
                      file)

    def stop(self):
        """Ends everything."""
        self.kept.close()
        self.pooler.stop()
        self.cluster.stop()


def share_of(before, after):
    """The share of statements that went to a worker, and why the others did not."""
    routed, rest = (after[0][name] - before[0][name] for name in ("routed_count", "coordinator_count"))
    if routed + rest == 0:
        return None, "-"
    reasons = {reason: count - before[1].get(reason, 0) for reason, count in after[1].items()}
    told = sorted(((count, reason) for reason, count in reasons.items()
                   if count > 0 and reason not in ("key", "in_transaction")), reverse=True)
    return routed / (routed + rest), ", ".join(f"{reason} ({count:,})" for count, reason in told) or "-"


def table(head, rows):
    """Prints columns: the first and the last to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [text.ljust(width) if i in (0, len(head) - 1) else text.rjust(width)
                 for i, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def stop_kept():
    """Ends what --keep left."""
    with open(STATE, encoding="utf-8") as file:
        state = json.load(file)
    pidfile = f"/proc/{state['pid']}/cmdline"
    if os.path.exists(pidfile):
        with open(pidfile, encoding="utf-8") as file:
            if state["pgshunt"] in file.read():
                os.kill(state["pid"], signal.SIGTERM)
                time.sleep(0.5)
                if os.path.exists(pidfile):
                    os.kill(state["pid"], signal.SIGQUIT)
    Cluster.attach(state["cluster"]).stop()
    for folder in (state["cluster"], state["pgshunt"]):
        if os.path.basename(folder).startswith("pgs."):
            os.system(f"rm -rf '{folder}'")
    os.remove(STATE)


def main():
    """Runs the demo."""
    parser = argparse.ArgumentParser(prog="dev/demo")
    parser.add_argument("--keep", action="store_true", help="leave cluster and pgshunt up")
    parser.add_argument("--stop", action="store_true", help="end what --keep left up")
    parser.add_argument("--seconds", type=int, default=6, help="how long each workload runs")
    chosen = parser.parse_args()
    if chosen.stop:
        stop_kept()
        return 0
    if os.path.exists(STATE):
        print("a demo is still up: dev/demo --stop ends it", file=sys.stderr)
        return 1
    demo = Demo(chosen.seconds)
    rows = []
    for workload in WORKLOADS:
        if workload[1] == "transaction":
            before = bank.balances(demo.cluster)  # lookups and updates alone do not keep them equal
        rows.append(demo.compare(*workload))
    counts = demo.many()
    agree = bank.balances_agree(demo.cluster, before)
    print()
    table(["workload", "direct/s", "pgshunt/s", "ratio", "routed", "the rest, because"], rows)
    print()
    table(["connections at most", "clients", *demo.cluster.nodes, "lookups/s"], counts)
    print(f"(a + b: b are those of the nodes among each other; max_node_connections = "
          f"{INI['pgshunt']['max_node_connections']})")
    print(f"\nbalances of branches, tellers, accounts and history agree: {'yes' if agree else 'NO'}")
    if chosen.keep:
        print(f"\npsql '{demo.pooler.dsn()}'\npsql '{demo.pooler.dsn('admin', database='pgshunt')}' -c 'SHOW NODES'\n"
              "dev/demo --stop ends it")
        demo.keep()
    else:
        print("\ndev/demo --keep leaves it up and prints how to connect with psql, such as\n"
              f"psql '{demo.pooler.dsn()}'")
        demo.stop()
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
