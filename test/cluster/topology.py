"""Clusters for tests and demonstrations: several servers that know each other.

    kind      nodes        what they are
    none      c            one plain server
    native    c w1 w2 ...  plain servers in a full mesh of postgres_fdw: hash-partitioned parents everywhere,
                           each partition a table on its own worker and a foreign table elsewhere
    citus     c w1 w2 ...  coordinator and workers with the Citus extension
    catalog   c w1 w2 ...  plain servers whose pg_catalog has the tables of citus-catalog/: for whoever reads
                           Citus' metadata where Citus is not installed

With `reference`, a native cluster gets one more server, `ref`: plain, the same tables without foreign ones. It is
what a statement through pgshunt is compared with. The other kinds are their own reference: their coordinator.

    with Cluster("native", reference=True) as cluster:
        distribute(cluster, Table("orders", "tenant_id int8, note text", key=["tenant_id"]))
        cluster.sql("c", "INSERT INTO orders VALUES (1, 'x')")
        psycopg.connect(cluster.dsn("c"))

A Cluster ends its servers and removes its folder at stop(), at the end of `with`, and when the program exits, is
interrupted or terminated.
"""

import atexit
import hashlib
import hmac
import json
import base64
import os
import shutil
import signal
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg

from . import catalog
from .guard import Guard
from .server import BINDIR, Server, give

DATABASE = "test"

# Ordinary logins, the same on every node: who owns the tables, somebody else, and the one that reads the map.
ROLES = {"app": "app-secret", "bob": "bob-secret", "mapper": "mapper-secret"}
SUPERUSER, SUPERUSER_PASSWORD = "postgres", "postgres-secret"

KINDS = ("none", "native", "citus", "catalog")


def citus_available():
    """True if the servers of PG_BINDIR have the Citus extension."""
    pg_config = os.path.join(BINDIR, "pg_config")
    if os.path.exists(pg_config):
        with os.popen(f"'{pg_config}' --sharedir") as pipe:
            share = pipe.read().strip()
    else:
        share = os.path.join(BINDIR, "..", "share")
    return os.path.exists(os.path.join(share, "extension", "citus.control"))


def scram_verifier(password, salt=b"pgshunt-test-salt", iterations=4096):
    """The SCRAM-SHA-256 secret of a password as pg_authid has it; one salt, so that it is the same on every node."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{text[0]}${text[1]}:{text[2]}"


def md5_secret(user, password):
    """The md5 secret of a password as pg_authid has it."""
    return "md5" + hashlib.md5((password + user).encode()).hexdigest()


def end_on_signals():
    """Makes SIGTERM and SIGHUP end the program as Ctrl-C does, so that what it started is stopped."""
    def end(number, _frame):
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


class Cluster:
    """A running cluster. Nodes are named c (the coordinator), w1, w2, ... and ref (the reference of `native`)."""

    def __init__(self, kind="native", workers=2, auth="trust", hba=None, max_connections=100, settings=None,
                 database=DATABASE, roles=None, reference=False, keep=False, folder=None):
        """Starts one.

        auth: trust, scram-sha-256, md5 or password, over TCP and the socket; `postgres` is trusted on the socket.
        hba: lines of pg_hba.conf instead of those.
        settings: further lines of postgresql.conf, for every node.
        roles: {name: password} of ordinary logins besides ROLES.
        folder: made if missing; default: a new one, /tmp/pgs.XXXX. keep: stop() leaves the folder.
        """
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind}")
        if kind == "citus" and not citus_available():
            raise RuntimeError(f"the servers of {BINDIR} do not have the extension citus")
        end_on_signals()
        self.kind, self.auth, self.database, self.keep = kind, auth, database, keep
        self.roles = {**ROLES, **(roles or {})}
        self.made_folder = folder is None or not os.path.exists(folder)
        self.folder = self.make_folder(folder)
        self.lent = False  # whether detach() was called: others end it
        self.tables = {}  # name -> Table, as distribute() made them
        self.guard = Guard(self.folder)
        atexit.register(self.stop)
        try:
            names = ["c"] + ([] if kind == "none" else [f"w{n + 1}" for n in range(workers)])
            if reference and kind == "native":
                names.append("ref")
            # A native worker may meet one backend of every other node for each of its own clients.
            self.nodes = {name: self.server(name, hba, max_connections, settings) for name in names}
            self.start_all()
            self.introduce()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def make_folder(folder):
        """The folder, made if missing; short, since a socket's path has room for 107 bytes."""
        if folder is None:
            folder = tempfile.mkdtemp(prefix="pgs.", dir="/tmp")
        else:
            folder = os.path.abspath(folder)
            os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)
        give(folder)
        return folder

    def server(self, name, hba, max_connections, settings):
        """A Server as this kind of cluster needs it."""
        own = {"max_connections": max_connections}
        if self.kind == "citus":
            own.update({"shared_preload_libraries": "citus", "wal_level": "logical",
                        "max_prepared_transactions": 2 * max_connections,
                        "max_replication_slots": 20, "max_wal_senders": 20,
                        "citus.enable_statistics_collection": "off"})
        if self.kind == "catalog":
            own["allow_system_table_mods"] = "on"
        lines = hba or [f"local all {SUPERUSER} trust", f"local all all {self.auth}",
                        f"host all all 127.0.0.1/32 {self.auth}"]
        return Server(self.folder, name, {**own, **(settings or {})}, lines)

    def start_all(self):
        """Makes the folders and starts all servers at once."""
        path = os.path.join(self.folder, "pgpass")
        with open(path, "w", encoding="utf-8") as file:  # Citus' nodes log in to each other with it
            for role, password in {**self.roles, SUPERUSER: SUPERUSER_PASSWORD}.items():
                file.write(f"*:*:*:{role}:{password}\n")
        os.chmod(path, 0o600)
        give(path)
        for server in self.nodes.values():
            server.make()
            server.start()
        for server in self.nodes.values():
            server.wait()

    # ---- what a test calls

    @property
    def coordinator(self):
        """The coordinator's name."""
        return "c"

    @property
    def workers(self):
        """The workers' names."""
        return [name for name in self.nodes if name.startswith("w")]

    @property
    def reference(self):
        """The node whose answers are right."""
        return "ref" if "ref" in self.nodes else "c"

    def port(self, node):
        """A node's port on 127.0.0.1; its socket is in self.folder under the same number."""
        return self.nodes[node].port

    def password(self, user):
        """A role's password."""
        return SUPERUSER_PASSWORD if user == SUPERUSER else self.roles[user]

    def dsn(self, node, user="app", database=None, host="127.0.0.1"):
        """A connection string for libpq."""
        return (f"host={host} port={self.port(node)} dbname={database or self.database} user={user} "
                f"password={self.password(user)}")

    def connect(self, node, user="app", database=None, **options):
        """An autocommit connection of psycopg to a node."""
        options.setdefault("autocommit", True)
        return psycopg.connect(self.dsn(node, user, database), **options)

    def sql(self, node, text, parameters=None, user=SUPERUSER, database=None):
        """Runs SQL on a node, as superuser unless said; returns the last statement's rows ([] if it has none)."""
        host = self.folder if user == SUPERUSER else "127.0.0.1"
        with psycopg.connect(self.dsn(node, user, database, host), autocommit=True,
                             application_name="cluster") as connection:
            cursor = connection.execute(text, parameters)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def sql_all(self, text, nodes=None, user=SUPERUSER, database=None):
        """Runs SQL on every node (the reference too) or on those given, at the same time; {node: rows}."""
        names = list(nodes or self.nodes)
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(lambda name: self.sql(name, text, user=user, database=database), names)))

    def kill_node(self, node, number=signal.SIGKILL):
        """Sends a signal to a node's server; see Server.kill."""
        self.nodes[node].kill(number)

    def stop_node(self, node):
        """Ends a node's server as an operator would (fast shutdown)."""
        self.nodes[node].stop()

    def restart_node(self, node, **settings):
        """Starts a node's server again on its port, after ending it if it runs; settings may change."""
        server = self.nodes[node]
        server.stop()
        if settings:
            server.configure(**settings)
        server.start()
        server.wait()

    def log(self, node):
        """The text of a node's log."""
        with open(self.nodes[node].log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connections(self, node, application=None, database=None):
        """How many clients a node's server has, of one application if given; those of this library not counted."""
        query = ("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                 "AND application_name IS DISTINCT FROM 'cluster' AND datname = %s")
        values = [database or self.database]
        if application is not None:
            query, values = query + " AND application_name = %s", values + [application]
        return self.sql(node, query, values)[0][0]

    def stop(self):
        """Ends the servers and removes the folder. May be called more than once."""
        if self.lent:
            return
        atexit.unregister(self.stop)
        for server in getattr(self, "nodes", {}).values():
            server.stop()
        if self.guard:
            self.guard.dismiss()
        if self.keep:
            print(f"kept: {self.folder}", file=sys.stderr)
        elif self.made_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            for server in getattr(self, "nodes", {}).values():
                server.remove()
            shutil.rmtree(os.path.join(self.folder, "template"), ignore_errors=True)
        self.lent = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- clusters that outlive the program that started them

    def detach(self):
        """Leaves the servers running when the program ends; attach(folder) finds them again."""
        state = {"kind": self.kind, "auth": self.auth, "database": self.database, "roles": self.roles,
                 "made_folder": self.made_folder, "nodes": {name: s.port for name, s in self.nodes.items()}}
        with open(os.path.join(self.folder, "cluster.json"), "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
        atexit.unregister(self.stop)
        self.guard.dismiss()
        self.lent = True

    @classmethod
    def attach(cls, folder):
        """The cluster that detach() left in a folder. Its stop() ends it."""
        folder = os.path.abspath(folder)
        with open(os.path.join(folder, "cluster.json"), encoding="utf-8") as file:
            state = json.load(file)
        self = cls.__new__(cls)
        self.guard = None
        self.kind, self.auth, self.database, self.roles = (state[k] for k in ("kind", "auth", "database", "roles"))
        self.folder, self.made_folder, self.keep, self.lent, self.tables = folder, state["made_folder"], False, False, {}
        self.nodes = {name: Server(folder, name, port=port) for name, port in state["nodes"].items()}
        return self

    # ---- how the nodes get to know each other

    def introduce(self):
        """Roles, database and, by kind, what makes a cluster of the servers."""
        self.sql_all(self.roles_sql(), database="postgres")
        self.sql_all(f'CREATE DATABASE "{self.database}" OWNER app', database="postgres")
        self.sql_all("GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE SCHEMA s2 AUTHORIZATION app; "
                     "GRANT USAGE ON SCHEMA s2 TO PUBLIC")
        for number, name in enumerate(self.nodes):  # as in life, the same object has another OID on each node
            self.sql(name, "SELECT lo_unlink(lo_create(0)) FROM generate_series(1, %s)", [7 * number])
        if self.kind == "native":
            self.introduce_native()
        elif self.kind == "citus":
            self.introduce_citus()
        elif self.kind == "catalog":
            catalog.install(self)

    def roles_sql(self):
        """The ordinary logins and the superuser's password."""
        def secret(role, password):
            return md5_secret(role, password) if self.auth == "md5" else scram_verifier(password)

        lines = [f"ALTER ROLE {SUPERUSER} PASSWORD '{secret(SUPERUSER, SUPERUSER_PASSWORD)}'"]
        lines += [f"CREATE ROLE {role} LOGIN PASSWORD '{secret(role, password)}'"
                  for role, password in self.roles.items()]
        return ";".join(lines)

    def introduce_native(self):
        """A foreign server on each node for each other one, and user mappings for every login."""
        def mesh(name):
            lines = ["CREATE EXTENSION postgres_fdw"]
            for other in [self.coordinator] + self.workers:
                if other == name:
                    continue
                lines.append(f"CREATE SERVER {other} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', "
                             f"port '{self.port(other)}', dbname '{self.database}')")
                lines.append(f"GRANT USAGE ON FOREIGN SERVER {other} TO PUBLIC")
                for role in [SUPERUSER, *self.roles]:
                    lines.append(f"CREATE USER MAPPING FOR {role} SERVER {other} OPTIONS (user '{role}', "
                                 f"password '{self.password(role)}', password_required 'false')")
            self.sql(name, ";".join(lines))

        with ThreadPoolExecutor() as pool:
            list(pool.map(mesh, [self.coordinator] + self.workers))

    def introduce_citus(self):
        """The extension on every node, and the workers known to the coordinator."""
        self.sql_all("CREATE EXTENSION citus")
        self.sql("c", "SELECT citus_set_coordinator_host('127.0.0.1', %s)", [self.port("c")])
        for name in self.workers:
            self.sql("c", "SELECT citus_add_node('127.0.0.1', %s)", [self.port(name)])
