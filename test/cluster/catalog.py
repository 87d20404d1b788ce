"""Citus' metadata on plain servers, for tests of whoever reads it where Citus is not installed.

citus-catalog/ holds the catalogs of a real Citus 13.2 coordinator, one CSV a table, their columns (columns.csv) and
the user's schema (schema.sql). install() makes the same tables in pg_catalog of every node of a cluster of kind
`catalog`, with the ports of its nodes for those of the original, and stands in for the functions that a reader of
the metadata calls: column_to_column_name, worker_hash, get_shard_id_for_distribution_column, citus_version.

The user's tables are plain and empty on every node; nothing is moved or distributed.
"""

import csv
import os
from concurrent.futures import ThreadPoolExecutor

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "citus-catalog")

# Tables whose rows the CSVs have; the other ones of columns.csv are left out.
TABLES = ["pg_dist_node", "pg_dist_local_group", "pg_dist_colocation", "pg_dist_partition", "pg_dist_shard",
          "pg_dist_placement", "pg_dist_object", "pg_dist_schema"]

ENUMS = "CREATE TYPE pg_catalog.noderole AS ENUM ('primary', 'secondary', 'unavailable')"

FUNCTIONS = """
CREATE FUNCTION pg_catalog.column_to_column_name(table_name regclass, column_var_text text) RETURNS text
	LANGUAGE sql STABLE STRICT AS $$
	SELECT attname::text FROM pg_attribute
	WHERE attrelid = table_name AND attnum = substring(column_var_text FROM ':varattno (-?[0-9]+)')::int $$;

CREATE FUNCTION pg_catalog.worker_hash(value anyelement) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	CASE pg_typeof(value)::text
		WHEN 'smallint' THEN RETURN hashint2(value::text::int2);
		WHEN 'integer' THEN RETURN hashint4(value::text::int4);
		WHEN 'bigint' THEN RETURN hashint8(value::text::int8);
		WHEN 'text' THEN RETURN hashtext(value::text);
		WHEN 'character varying' THEN RETURN hashtext(value::text);
		WHEN 'character' THEN RETURN hashbpchar(value::text::bpchar);
		WHEN 'uuid' THEN RETURN uuid_hash(value::text::uuid);
		WHEN 'date' THEN
			IF isfinite(value::text::date) THEN
				RETURN hashint4(value::text::date - date '2000-01-01');
			END IF;
			RETURN hashint4(CASE value::text WHEN 'infinity' THEN 2147483647 ELSE -2147483648 END);
		WHEN 'timestamp without time zone' THEN RETURN timestamp_hash(value::text::timestamp);
		WHEN 'timestamp with time zone' THEN RETURN timestamp_hash(value::text::timestamptz AT TIME ZONE 'UTC');
		WHEN 'numeric' THEN RETURN hash_numeric(value::text::numeric);
		WHEN 'boolean' THEN RETURN hashchar(value::text::boolean::int::"char");
		WHEN 'name' THEN RETURN hashname(value::text::name);
		WHEN 'oid' THEN RETURN hashoid(value::text::oid);
	END CASE;
END $$;

CREATE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass, distribution_value text)
	RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
	key record;
	hash int;
BEGIN
	SELECT partmethod, format_type(atttypid, NULL) AS type INTO key FROM pg_dist_partition
		LEFT JOIN pg_attribute ON attrelid = logicalrelid AND attname = column_to_column_name(logicalrelid, partkey)
		WHERE logicalrelid = table_name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'relation is not distributed' USING ERRCODE = 'invalid_table_definition';
	END IF;
	IF key.partmethod = 'n' THEN
		RETURN (SELECT shardid FROM pg_dist_shard WHERE logicalrelid = table_name);
	END IF;
	EXECUTE format('SELECT worker_hash(%L::%s)', distribution_value, key.type) INTO hash;
	RETURN (SELECT shardid FROM pg_dist_shard WHERE logicalrelid = table_name
		AND hash BETWEEN shardminvalue::int AND shardmaxvalue::int);
END $$;

CREATE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name regclass, distribution_value anyelement)
	RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT pg_catalog.get_shard_id_for_distribution_column(table_name, distribution_value::text) $$;

CREATE FUNCTION pg_catalog.citus_version() RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT 'Citus 13.2.2 (catalogs on a plain server)'::text $$;

INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
	SELECT 4294960000, 'citus', 10, 11, false, '13.2-1';
"""

# Functions that Citus delegates by an argument, as pg_dist_object has them: name and arguments.
DELEGATED = "public.add_event(text, jsonb)"


def rows(name):
    """The rows of a CSV, each a dictionary; an empty field is NULL."""
    with open(os.path.join(FOLDER, name + ".csv"), newline="", encoding="utf-8") as file:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]


def table_ddl(name):
    """CREATE TABLE of one catalog."""
    types = {'"char"': '"char"', '"""char"""': '"char"', "ARRAY": "text[]"}
    columns = [f"{row['column_name']} {types.get(row['data_type'], row['data_type'])}"
               + (" NOT NULL" if row["is_nullable"] == "NO" else "")
               for row in rows("columns") if row["table_name"] == name]
    return f"CREATE TABLE pg_catalog.{name} ({', '.join(columns)}); GRANT SELECT ON pg_catalog.{name} TO PUBLIC"


def install(cluster):
    """Gives every node of a cluster the tables, their rows and the functions."""
    with open(os.path.join(FOLDER, "schema.sql"), encoding="utf-8") as file:
        schema = file.read().replace("CREATE SCHEMA public;", "")
    ports = {row["nodeport"]: cluster.port(node) for row, node in zip(rows("pg_dist_node"), cluster.nodes)}
    grants = "".join(f"GRANT USAGE ON SCHEMA {name} TO PUBLIC; GRANT SELECT, INSERT, UPDATE, DELETE "
                     f"ON ALL TABLES IN SCHEMA {name} TO PUBLIC;" for name in ("public", "acme", "globex"))

    def make(node):
        with cluster.connect(node, "postgres", autocommit=False) as connection:
            connection.execute("SET LOCAL check_function_bodies = off")
            connection.execute(schema)
            connection.execute(grants)
            connection.execute(ENUMS)
            for name in TABLES:
                connection.execute(table_ddl(name))
                fill(connection, name, ports)
            connection.execute("UPDATE pg_dist_local_group SET groupid = %s", [list(cluster.nodes).index(node)])
            connection.execute(FUNCTIONS)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, cluster.nodes))


def fill(connection, name, ports):
    """Loads one catalog's rows; what was an OID on the original is looked up here by its name."""
    statement, batch = None, []
    for number, row in enumerate(rows(name)):
        if name == "pg_dist_node":
            row["nodeport"] = ports[row["nodeport"]]
        if name == "pg_dist_schema":  # acme and globex, in the order of their OIDs
            row["schemaid"] = ["acme", "globex"][number]
        if name == "pg_dist_object":
            if row["distribution_argument_index"] is None:
                continue
            row["objid"] = DELEGATED
        casts = {"logicalrelid": "regclass", "schemaid": "regnamespace", "objid": "regprocedure"}
        values = ", ".join(f"%s::text::{casts[key]}" if key in casts else "%s" for key in row)
        statement = f"INSERT INTO pg_catalog.{name} ({', '.join(row)}) VALUES ({values})"
        batch.append(list(row.values()))
    if batch:
        connection.cursor().executemany(statement, batch)
