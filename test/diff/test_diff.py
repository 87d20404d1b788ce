"""The differential test: each statement of statements.sql on the reference and through pgshunt.

The reference of a native cluster is one plain server with the same rows; that of any other kind is the coordinator
of a second cluster like it, since what is written is written once on either side.

         reference ◄── the same bytes ──► pgshunt ──► c, w1, w2
             │                               │          │
             └────── rows, tags, SQLSTATEs ──┘     their logs: who got the client's text

What must be equal: every result's command tag, column names, types, rows (in order where there is an ORDER BY), and
SQLSTATE and message of an error; the transaction status afterwards; at the end all rows of all tables. Where the
statement went is read from the servers' own logs by a mark in a comment behind it, and must be what the list
expects; for the coordinator, the reason that SHOW REASONS counted, and EXPLAIN ROUTE must agree with both.

    pytest test/diff -k line120        one block by the number of its first line
"""

import json
import os
import re
import time

import pytest
from psycopg import pq

from cluster import Cluster, Pgshunt, Table, distribute, load_schema, node_of
from statements import read

BLOCKS = read()
MARK = "differential"
FIRST_USER_DEFINED = 16384  # types from here on have another OID on each server


def extra_tables(cluster):
    """Tables of types and kinds that need not be routed, and must not be routed wrongly."""
    cluster.sql_all("CREATE TYPE color AS ENUM ('red', 'green'); CREATE DOMAIN small AS int8 CHECK (VALUE < 1000); "
                    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                    ["c"] if cluster.kind == "citus" else None)
    distribute(cluster, *[Table(f"extra_{name}", f"k {kind}, v int", ["k"], modulus=4) for name, kind in (
        ("enum", "color"), ("domain", "small"), ("char", "char(8)"), ("numeric", "numeric"), ("bool", "bool"),
        ("bytea", "bytea"), ("loose", "text COLLATE loose")) if (cluster.kind, name) != ("citus", "loose")])
    # The hash of an enum is that of its label's OID, which differs from node to node: that table stays empty.
    rows = ["INSERT INTO extra_domain VALUES (7, 1), (8, 2)",
            "INSERT INTO extra_char VALUES ('abc', 1), ('x', 2)", "INSERT INTO extra_numeric VALUES (1.5, 1), (2, 2)",
            "INSERT INTO extra_bool VALUES (true, 1), (false, 2)", "INSERT INTO extra_bytea VALUES ('\\x0102', 1)"]
    if cluster.kind != "citus":
        rows.append("INSERT INTO extra_loose VALUES ('abc', 1), ('x', 2)")
    if cluster.kind == "native":
        cluster.sql_all(OTHER_KINDS)
        for node in cluster.nodes:
            cluster.sql(node, ";".join(other_parts(node)))
        rows += [f"INSERT INTO extra_{name} SELECT k, k FROM generate_series(0, 9) k" for name in ("range", "list")]
        rows.append("INSERT INTO extra_sub SELECT k, k % 2, k FROM generate_series(0, 9) k")
    for node in {"c", cluster.reference}:
        cluster.sql(node, ";".join(rows))


OTHER_KINDS = """
CREATE TABLE extra_range (k int8, v int) PARTITION BY RANGE (k); ALTER TABLE extra_range OWNER TO app;
CREATE TABLE extra_list (k int8, v int) PARTITION BY LIST (k); ALTER TABLE extra_list OWNER TO app;
CREATE TABLE extra_sub (k int8, at int, v int) PARTITION BY HASH (k); ALTER TABLE extra_sub OWNER TO app
"""


def other_parts(node):
    """The partitions of OTHER_KINDS as a node has them: the first on w1, the second on w2."""
    def part(name, bound, owner):
        if node in (owner, "ref"):
            yield f"CREATE TABLE {name} PARTITION OF {bound}"
        else:
            yield f"CREATE FOREIGN TABLE {name} PARTITION OF {bound} SERVER {owner} OPTIONS (table_name '{name}')"
        yield f"ALTER TABLE {name} OWNER TO app"

    yield from part("extra_range_a", "extra_range FOR VALUES FROM (MINVALUE) TO (5)", "w1")
    yield from part("extra_range_b", "extra_range FOR VALUES FROM (5) TO (MAXVALUE)", "w2")
    yield from part("extra_list_a", "extra_list FOR VALUES IN (0, 1, 2, 3, 4)", "w1")
    yield from part("extra_list_b", "extra_list DEFAULT", "w2")
    yield from part("extra_sub_0", "extra_sub FOR VALUES WITH (MODULUS 2, REMAINDER 0)", "w1")
    yield "CREATE TABLE extra_sub_1 PARTITION OF extra_sub FOR VALUES WITH (MODULUS 2, REMAINDER 1) " \
          "PARTITION BY LIST (at)"
    yield "ALTER TABLE extra_sub_1 OWNER TO app"
    yield from part("extra_sub_1_0", "extra_sub_1 FOR VALUES IN (0)", "w1")
    yield from part("extra_sub_1_1", "extra_sub_1 FOR VALUES IN (1)", "w2")


class Line:
    """A connection at the level of messages."""

    def __init__(self, dsn):
        self.connection = pq.PGconn.connect(dsn.encode() + f" application_name={MARK}".encode())
        assert self.connection.status == pq.ConnStatus.OK, self.connection.error_message
        # Notices are part of what the client sees, but their number may differ: they are not compared.
        self.connection.notice_handler = lambda result: None

    def close(self):
        """Ends it."""
        self.connection.finish()

    def simple(self, sql, lines=()):
        """A Query message; the results."""
        self.connection.send_query(sql.encode())
        return self.results(lines)

    def extended(self, sql, params, prepared):
        """Parse, Bind, Execute, Sync; with `prepared` a named statement, executed twice."""
        values = [param.value for param in params]
        oids = [param.oid for param in params]
        formats = [pq.Format(int(param.binary)) for param in params]
        if not prepared:
            self.connection.send_query_params(sql.encode(), values, oids, formats)
            return self.results()
        self.connection.send_prepare(b"named", sql.encode(), oids)
        found = self.results()
        for _ in range(2):
            self.connection.send_query_prepared(b"named", values, formats)
            found += self.results()
        return found

    def results(self, lines=()):
        """Everything up to ReadyForQuery, in a form that can be compared."""
        found = []
        while True:
            while self.connection.flush():
                time.sleep(0.001)
            result = self.connection.get_result()
            if result is None:
                break
            if result.status == pq.ExecStatus.COPY_IN:
                for line in lines:
                    self.connection.put_copy_data(line.encode() + b"\n")
                self.connection.put_copy_end()
            elif result.status == pq.ExecStatus.COPY_OUT:
                found.append({"copy": list(self.copied())})
            else:
                found.append(described(result))
        found.append({"transaction": pq.TransactionStatus(self.connection.transaction_status).name})
        return found

    def copied(self):
        """The rows of a COPY OUT."""
        while True:
            size, row = self.connection.get_copy_data(0)
            if size <= 0:
                return
            yield bytes(row).decode()


def described(result):
    """A result as a dictionary."""
    if result.status == pq.ExecStatus.FATAL_ERROR:
        return {"error": (result.error_field(pq.DiagnosticField.SQLSTATE) or b"?").decode(),
                "message": (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()}
    found = {"tag": (result.command_status or b"").decode()}
    if result.nfields:
        found["columns"] = [(result.fname(i).decode(), min(result.ftype(i), FIRST_USER_DEFINED))
                            for i in range(result.nfields)]
        found["rows"] = [tuple(None if result.get_value(r, c) is None else result.get_value(r, c).decode()
                               for c in range(result.nfields)) for r in range(result.ntuples)]
    return found


def comparable(results, block):
    """Results with what may differ taken out: the order of rows without ORDER BY, or rows themselves."""
    made = []
    for result in results:
        result = dict(result)
        for name in ("rows", "copy"):
            if name in result and block.rows_differ:
                result[name] = len(result[name]) if "EXPLAIN" not in block.sql else "a plan"
                result.pop("tag", None)
            elif name in result and "order by" not in block.sql.lower():
                result[name] = sorted(result[name], key=repr)
        if "message" in result:  # the name of a partition's constraint is the same; an internal address is not
            result["message"] = re.sub(r"0x[0-9a-f]+", "0x", result["message"])
        made.append(result)
    return made


class Bench:
    """The cluster, what it is compared with, and two pgshunts, with route_transactions = all and = off."""

    def __init__(self, cluster, twin):
        self.cluster, self.twin = cluster, twin
        self.poolers = {}
        for value in ("all", "off"):
            self.poolers[value] = Pgshunt(cluster, {"pgshunt": {"route_transactions": value, "default_pool_size": 4}})
            self.poolers[value].wait_map()
        # Maps are kept only while a database has clients.
        self.kept = [pooler.connect() for pooler in self.poolers.values()]
        self.offsets, self.places = {}, {}
        self.routed = self.declined = 0

    def right(self):
        """A connection to the reference."""
        return Line(self.twin.dsn("c") if self.twin else self.cluster.dsn("ref"))

    def place(self, table, key):
        """The node that holds a key."""
        if (table, key) not in self.places:
            self.places[table, key] = node_of(self.cluster, table, *key)
        return self.places[table, key]

    def stop(self):
        """Ends the pgshunts; the one on whose account something is wrong fails the run."""
        for connection in self.kept:
            connection.close()
        for pooler in self.poolers.values():
            status, lines = pooler.end(), pooler.sanitizer_lines()
            pooler.stop()
            assert status == 0 and not lines, (status, lines)

    def administer(self, commands):
        """Runs commands everywhere and waits until each pgshunt has read the map again."""
        before = {value: self.version(pooler) for value, pooler in self.poolers.items()}
        for command in commands:
            for cluster in filter(None, (self.cluster, self.twin)):
                cluster.sql_all(command, ["c"] if cluster.kind == "citus" else None)
        for value, pooler in self.poolers.items():
            pooler.wait(lambda p=pooler, v=value: self.version(p) != before[v], 15, "a new map")

    def version(self, pooler):
        """The version of the map of the cluster's database."""
        return [row["version"] for row in pooler.console("SHOW MAP") if row["database"] == self.cluster.database]

    def current(self, pooler):
        """Whether the map is known to be what the coordinator has."""
        return all(row["current"] in ("yes", "t", "true", "1") for row in pooler.console("SHOW MAP")
                   if row["database"] == self.cluster.database)

    def mark_logs(self):
        """Remembers where the servers' logs end."""
        for node in self.cluster.nodes:
            self.offsets[node] = len(self.cluster.log(node))

    def receivers(self, mark):
        """The nodes whose logs have the mark since mark_logs()."""
        return {node for node in self.cluster.nodes if node != "ref" and mark in self.cluster.log(node)[self.offsets[node]:]}


def start(kind):
    """A cluster whose servers log every statement, with all tables."""
    cluster = Cluster(kind, auth="scram-sha-256", reference=True,
                      settings={"log_statement": "all", "statement_timeout": "20s"})
    try:
        load_schema(cluster)
        extra_tables(cluster)
    except BaseException:
        cluster.stop()
        raise
    return cluster


@pytest.fixture(scope="module", name="cluster")
def cluster_fixture():
    """The cluster behind pgshunt."""
    with start(os.environ.get("PGSHUNT_CLUSTER", "native")) as cluster:
        yield cluster


@pytest.fixture(scope="module", name="bench")
def bench_fixture(cluster):
    """See Bench."""
    twin = None if cluster.kind == "native" else start(cluster.kind)
    bench = Bench(cluster, twin)
    yield bench
    print(f"\n{bench.routed} statements went to a worker, {bench.declined} that could have did not")
    bench.stop()
    if twin:
        twin.stop()


def run(line, block, mark):
    """Everything of a block on one connection; the results of all but the preparations, and of those."""
    sql = f"{block.sql}\n/* {mark} */"
    prepared = [line.simple(text) for text in block.before]
    yield prepared
    if block.params is None:
        yield line.simple(sql, block.input)
    else:
        yield line.extended(sql, block.params, block.prepared)
    yield [line.simple(text) for text in block.after]


@pytest.mark.parametrize("block", BLOCKS, ids=[block.name for block in BLOCKS])
def test_statement(bench, block):
    cluster = bench.cluster
    if block.kind and block.kind != cluster.kind:
        pytest.skip(f"for {block.kind} only")
    if block.admin:
        bench.administer(block.admin)
    pooler = bench.poolers["off" if block.off else "all"]
    pooler.wait(lambda: bench.current(pooler), 15, "a map that is current")  # a block before may have changed names
    mark = f"mark {block.name}"
    right, here = bench.right(), Line(pooler.dsn())
    try:
        wanted, got = run(right, block, mark), run(here, block, mark)
        assert flat(next(got), block) == flat(next(wanted), block), "what came before differs"
        bench.mark_logs()
        counted = pooler.reasons()
        results, answers = comparable(next(got), block), comparable(next(wanted), block)
        reasons = more(pooler.reasons(), counted)
        nodes = bench.receivers(mark)
        assert results == answers
        assert flat(next(got), block) == flat(next(wanted), block), "what comes after differs"
    finally:
        right.close()
        here.close()
    check_place(bench, pooler, block, nodes, reasons)


def flat(lists, block):
    """The results of several statements."""
    return [comparable(results, block) for results in lists]


def more(now, before):
    """Reasons that were counted meanwhile."""
    return {reason for reason, count in now.items() if count > before.get(reason, 0)}


def check_place(bench, pooler, block, nodes, reasons):
    """Where the statement went, by the logs, against the list, SHOW REASONS and EXPLAIN ROUTE."""
    if "retried" in reasons and "c" in nodes:
        nodes = {"c"}
    assert len(nodes) <= 1, f"sent to {nodes}"
    node = nodes.pop() if nodes else None
    allowed = [(bench.place(e.table, e.key), None) if e.table else ("c", e.reason) for e in block.expected]
    if node not in (None, "c"):
        assert (node, None) in allowed, f"sent to {node}; allowed: {allowed}"
        bench.routed += 1
    else:
        codes = [reason for place, reason in allowed if place == "c"]
        assert codes, f"sent to the coordinator for {reasons}; allowed: {allowed}"
        assert "any" in codes or reasons & set(codes), f"to the coordinator for {reasons}; allowed: {codes}"
        bench.declined += any(place != "c" for place, _ in allowed)
    if block.params is None and not block.before and not block.off and node is not None and "retried" not in reasons:
        told = pooler.explain(block.sql)
        where = pooler.node_name(told["node"]) or "c"
        assert where == node, f"EXPLAIN ROUTE says {told}, it went to {node}"


def test_tables_are_equal_at_the_end(bench):
    cluster = bench.cluster
    for table in cluster.tables.values():
        row = "(k, v)" if table.name == "counted" else "t"
        query = f"SELECT {row}::text FROM {table.qualified} t ORDER BY 1"
        right = bench.twin.sql("c", query) if bench.twin else cluster.sql("ref", query)
        assert cluster.sql("c", query) == right, table.name


def test_the_list_is_whole():
    assert len(BLOCKS) > 600
    assert all(block.expected for block in BLOCKS)
    json.dumps([block.sql for block in BLOCKS])
