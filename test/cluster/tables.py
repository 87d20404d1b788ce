"""Distributed tables, the same on either kind of cluster.

    Table("orders", "tenant_id int8, id int8, note text", key=["tenant_id"], primary_key=["tenant_id", "id"])

        native   a parent PARTITION BY HASH on every node; partition p_i is a table on worker i mod n and a foreign
                 table of the same name elsewhere. The coordinator has no rows. On the reference server all are tables.
        citus    create_distributed_table by the first key column, with `modulus` shards
        none, catalog   a plain table

node_of() asks the cluster itself where a key lives: the oracle for whoever routes.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field


@dataclass
class Table:
    """A table to be distributed. `columns` is what stands between the parentheses of CREATE TABLE."""

    name: str
    columns: str
    key: list
    modulus: int = 8
    primary_key: list = field(default_factory=list)  # on each partition, since foreign ones can have none
    schema: str = "public"
    colocate_with: str = "none"  # citus only: a group of its own, or that of another table
    owner: str = "app"

    @property
    def qualified(self):
        """schema.name, as SQL has it"""
        return f"{self.schema}.{quote(self.name)}"

    def partition(self, remainder):
        """The name of a native partition, without its schema."""
        return f"{self.name}_p{remainder}"


def quote(name):
    """An identifier as SQL has it."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def columns(names):
    """Column names as SQL lists them."""
    return ", ".join(quote(name) for name in names)


def distribute(cluster, *tables):
    """Makes the tables on every node of the cluster and of its reference; remembers them in cluster.tables."""
    for table in tables:
        cluster.tables[table.qualified] = table
    if cluster.kind == "native":
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: cluster.sql(node, ";".join(native_ddl(cluster, t, node) for t in tables)),
                          cluster.nodes))
    elif cluster.kind == "citus":
        for table in tables:
            cluster.sql("c", plain_ddl(table))
            shards = f", shard_count => {table.modulus}" if table.colocate_with == "none" else ""
            cluster.sql("c", f"SELECT create_distributed_table(%s, %s, colocate_with => %s{shards})",
                        [table.qualified, table.key[0], table.colocate_with])
    else:
        for table in tables:
            cluster.sql_all(plain_ddl(table))


def reference_table(cluster, name, ddl, schema="public", owner="app"):
    """A reference table on Citus; elsewhere a table that the coordinator (and the reference) alone has."""
    if cluster.kind == "citus":
        cluster.sql("c", f"CREATE TABLE {schema}.{name} ({ddl}); ALTER TABLE {schema}.{name} OWNER TO {owner}")
        cluster.sql("c", "SELECT create_reference_table(%s)", [f"{schema}.{name}"])
    else:
        local_table(cluster, name, ddl, schema, owner)


def local_table(cluster, name, ddl, schema="public", owner="app"):
    """A table that only the coordinator (and the reference) has."""
    cluster.sql_all(f"CREATE TABLE {schema}.{name} ({ddl}); ALTER TABLE {schema}.{name} OWNER TO {owner}",
                    {"c", cluster.reference})


def plain_ddl(table):
    """CREATE TABLE without any distribution."""
    primary = f", PRIMARY KEY ({columns(table.primary_key)})" if table.primary_key else ""
    return (f"CREATE TABLE {table.qualified} ({table.columns}{primary}); "
            f"ALTER TABLE {table.qualified} OWNER TO {table.owner}")


def native_owner(cluster, remainder):
    """The worker that has a partition."""
    return cluster.workers[remainder % len(cluster.workers)]


def native_ddl(cluster, table, node):
    """The parent and its partitions as one node of a native cluster has them."""
    lines = [f"CREATE TABLE {table.qualified} ({table.columns}) PARTITION BY HASH ({columns(table.key)})",
             f"ALTER TABLE {table.qualified} OWNER TO {table.owner}"]
    for remainder in range(table.modulus):
        part = f"{table.schema}.{quote(table.partition(remainder))}"
        bound = (f"PARTITION OF {table.qualified} "
                 f"FOR VALUES WITH (MODULUS {table.modulus}, REMAINDER {remainder})")
        owner = native_owner(cluster, remainder)
        if node in (owner, "ref"):
            lines.append(f"CREATE TABLE {part} {bound}")
            if table.primary_key:
                lines.append(f"ALTER TABLE {part} ADD PRIMARY KEY ({columns(table.primary_key)})")
        else:
            lines.append(f"CREATE FOREIGN TABLE {part} {bound} SERVER {owner} "
                         f"OPTIONS (schema_name '{table.schema}', table_name '{table.partition(remainder)}')")
        lines.append(f"ALTER TABLE {part} OWNER TO {table.owner}")
    return ";".join(lines)


def node_of(cluster, name, *values):
    """The name of the node that holds the rows of a key, as the cluster's own functions say. None on kind none.

    Values are texts or numbers; they are cast to the key columns' types by the server."""
    table = next(t for t in cluster.tables.values() if name in (t.name, t.qualified))
    qualified = table.qualified
    texts = [None if value is None else str(value) for value in values]
    if cluster.kind == "native":
        types = dict(cluster.sql("c", "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
                                 "WHERE attrelid = %s::regclass AND attnum > 0", [qualified]))
        casts = ", ".join(f"%s::{types[column]}" for column in table.key)
        rows = cluster.sql("c", f"SELECT r FROM generate_series(0, {table.modulus - 1}) r WHERE "
                           f"satisfies_hash_partition('{qualified}'::regclass, {table.modulus}, r, {casts})", texts)
        return native_owner(cluster, rows[0][0])
    if cluster.kind in ("citus", "catalog"):
        rows = cluster.sql("c", "SELECT nodeport FROM pg_dist_placement JOIN pg_dist_node USING (groupid) WHERE "
                           "shardid = get_shard_id_for_distribution_column(%s::regclass, %s::text) AND shardstate = 1",
                           [qualified, texts[0]])
        return next(node for node in cluster.nodes if cluster.port(node) == rows[0][0])
    return None


def values_on(cluster, name, node, candidates):
    """Those of the candidate key values that live on a node: for tests that need several on one, or on two."""
    return [value for value in candidates if node_of(cluster, name, value) == node]


# ---- the tables that the system tests and the differential test use

KEYS = {  # table -> key type and values
    "k_int2": ("int2", [-32768, -7, -1, 0, 1, 2, 3, 42, 1000, 32767]),
    "k_int4": ("int4", [-2147483648, -7, -1, 0, 1, 2, 3, 42, 100000, 2147483647]),
    "k_int8": ("int8", [-9223372036854775808, -7, -1, 0, 1, 2, 3, 42, 5000000000, 9223372036854775807]),
    "k_text": ("text", ["", "a", "A", "it's", "acme", "globex", "42", "é", "x y ", "null", "\\n"]),
    "k_varchar": ("varchar(40)", ["", "a", "A", "it's", "acme", "globex", "42", "é", "x y ", "null", "\\n"]),
    "k_uuid": ("uuid", ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                        "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12", "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13",
                        "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    "k_date": ("date", ["2000-01-01", "1999-12-31", "2024-02-29", "2026-01-15", "2026-11-22", "infinity"]),
    "k_timestamptz": ("timestamptz", ["2000-01-01 00:00:00+00", "1999-12-31 23:59:59.999999+00",
                                      "2024-02-29 12:00:00+00", "2026-01-15 08:30:00.5+02", "infinity"]),
}


def schema_tables():
    """One table for each key type, one of two keys, and a few that are joined."""
    tables = [Table(name, f"k {kind}, v int, note text", ["k"]) for name, (kind, _) in KEYS.items()]
    tables += [
        Table("k_two", "a int8, b text, v int, note text", ["a", "b"]),
        Table("orders", "tenant_id int8 NOT NULL, id int8 NOT NULL, total int, note text DEFAULT 'new', "
              "at timestamptz DEFAULT '2026-01-01 00:00:00+00'", ["tenant_id"], primary_key=["tenant_id", "id"]),
        Table("items", "tenant_id int8 NOT NULL, order_id int8 NOT NULL, id int8 NOT NULL, price int",
              ["tenant_id"], primary_key=["tenant_id", "order_id", "id"], colocate_with="orders"),
        Table("Odd Name", '"Key" int8, "select" text', ["Key"]),
        Table("counted", "k int8, id serial, v text", ["k"]),
    ]
    return tables


def load_schema(cluster):
    """Makes the tables and gives them their rows, here and on the reference: what system and differential tests use.

    Besides them: countries (reference table on Citus, else the coordinator's own), notes (the coordinator's own),
    s2.orders (the coordinator's own, empty: it hides public.orders when search_path begins with s2)."""
    distribute(cluster, *schema_tables())
    reference_table(cluster, "countries", "code text PRIMARY KEY, name text")
    local_table(cluster, "notes", "id int PRIMARY KEY, body text")
    local_table(cluster, "orders", "tenant_id int8, id int8, total int, note text, at timestamptz", schema="s2")
    views = ("CREATE VIEW v_orders AS SELECT * FROM orders; ALTER VIEW v_orders OWNER TO app; "
             "CREATE FUNCTION double(x int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * x'; "
             "CREATE FUNCTION orders_of(t int8) RETURNS bigint STABLE LANGUAGE sql AS "
             "'SELECT count(*) FROM public.orders WHERE tenant_id = t'")
    cluster.sql_all(views, ["c"] if cluster.kind == "citus" else None)
    for node in {"c", cluster.reference}:
        cluster.sql(node, ";".join(rows_sql()))


def rows_sql():
    """INSERTs of the rows that load_schema gives the tables."""
    def literal(value):
        return "'" + str(value).replace("'", "''") + "'"

    lines = []
    for name, (_, values) in KEYS.items():
        rows = ", ".join(f"({literal(value)}, {n}, 'row {n}')" for n, value in enumerate(values))
        lines.append(f"INSERT INTO {name} VALUES {rows}")
    lines.append("INSERT INTO k_two SELECT a, b, a + length(b), 'two' FROM generate_series(1, 20) a, "
                 "unnest(array['x', 'yy', '']) b")
    lines.append("INSERT INTO orders SELECT t, i, 10 * t + i, 'order ' || i, "
                 "'2026-01-01 00:00:00+00'::timestamptz + t * interval '1 hour' "
                 "FROM generate_series(1, 40) t, generate_series(1, 3) i")
    lines.append("INSERT INTO items SELECT t, o, i, t + o + i FROM generate_series(1, 40) t, "
                 "generate_series(1, 3) o, generate_series(1, 2) i")
    lines.append("""INSERT INTO "Odd Name" SELECT k, 'odd ' || k FROM generate_series(1, 20) k""")
    lines.append("INSERT INTO counted SELECT k, 1000 + k, 'c' || k FROM generate_series(1, 20) k")
    lines.append("INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'), ('jp', 'Japan')")
    lines.append("INSERT INTO notes VALUES (1, 'one'), (2, 'two')")
    return lines
