"""A pgshunt of one's own in front of a cluster: its ini, its process, its console.

    with Pgshunt(cluster, {"pgshunt": {"pool_mode": "transaction"}}) as pooler:
        psycopg.connect(pooler.dsn())
        pooler.console("SHOW POOLS")

The binary is that of PGSHUNT (else build/src/pgshunt or src/pgshunt of the tree). It is copied into the temporary
folder, since the user whom it runs as may not be able to read the tree.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg

from .guard import Guard
from .server import account, alive, environment, free_port, give
from .topology import SUPERUSER, end_on_signals

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ADMIN = ("admin", "admin-secret")
MONITOR = ("monitor", "monitor-secret")
SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|runtime error:)")


def binary():
    """The path of the pgshunt to test."""
    if os.environ.get("PGSHUNT"):
        return os.path.abspath(os.environ["PGSHUNT"])
    for place in ("build/src/pgshunt", "src/pgshunt"):
        if os.access(os.path.join(TREE, place), os.X_OK):
            return os.path.join(TREE, place)
    raise RuntimeError("there is no src/pgshunt: build it, or set PGSHUNT to its path")


def default_threads():
    """How many threads pgshunt is tested with."""
    return int(os.environ.get("PGSHUNT_THREADS", "1"))


def ini_text(sections):
    """The text of an ini file. {section: {key: value}}; a value that is a dictionary is a connect string; a section
    that is a text stands as it is; a value None leaves the key out."""
    lines = []
    for section, entries in sections.items():
        lines.append(f"[{section}]")
        if isinstance(entries, str):
            lines += [entries, ""]
            continue
        for key, value in entries.items():
            if isinstance(value, dict):
                value = " ".join(f"{name}={connect_value(text)}" for name, text in value.items() if text is not None)
            if value is not None:
                lines.append(f"{key} = {value}")
        lines.append("")
    return "\n".join(lines)


def connect_value(text):
    """A value of a connect string, quoted where it has to be."""
    text = str(text)
    return text if re.fullmatch(r"[^\s']+", text) else "'" + text.replace("'", "''") + "'"


def userlist_text(users):
    """The text of an auth_file: {name: password or secret}."""
    return "".join('"{}" "{}"\n'.format(*(part.replace('"', '""') for part in pair)) for pair in users.items())


def merged(base, more):
    """Sections of `more` laid over those of `base`, key by key. A section None is left out."""
    result = {name: dict(entries) if isinstance(entries, dict) else entries for name, entries in base.items()}
    for name, entries in (more or {}).items():
        if entries is None:
            result.pop(name, None)
        elif isinstance(entries, str) or not isinstance(result.get(name), dict):
            result[name] = entries
        else:
            result[name].update(entries)
    return result


class Pgshunt:
    """A running pgshunt."""

    def __init__(self, cluster, ini=None, users=None, threads=None, keep=False, start=True, env=None):
        """Starts one in front of a cluster's coordinator and waits until it takes connections.

        ini: sections laid over the default ones (see default_ini); users: {name: password} added to the userlist.
        env: further environment variables of the process."""
        end_on_signals()
        self.cluster, self.keep, self.env, self.process = cluster, keep, env or {}, None
        program = binary()
        self.folder = tempfile.mkdtemp(prefix="pgs.", dir="/tmp")
        os.chmod(self.folder, 0o755)
        give(self.folder)
        self.guard = Guard(self.folder)
        atexit.register(self.stop)
        self.port = free_port()
        self.ini_path = os.path.join(self.folder, "pgshunt.ini")
        self.userlist_path = os.path.join(self.folder, "userlist.txt")
        self.log_path = os.path.join(self.folder, "log")
        self.binary = os.path.join(self.folder, "pgshunt")
        shutil.copy(program, self.binary)
        self.users = {**cluster.roles, SUPERUSER: cluster.password(SUPERUSER), ADMIN[0]: ADMIN[1],
                      MONITOR[0]: MONITOR[1], **(users or {})}
        self.ini = merged(self.default_ini(threads or default_threads()), ini)
        self.configure()
        if start:
            try:
                self.start()
            except BaseException:
                self.stop()
                raise

    def default_ini(self, threads):
        """A small, complete ini: the cluster's database in transaction mode, console for ADMIN and MONITOR."""
        cluster = self.cluster
        return {
            "databases": {cluster.database: {"host": "127.0.0.1", "port": cluster.port("c"),
                                             "dbname": cluster.database}},
            "pgshunt": {
                "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": self.folder,
                "threads": threads, "pool_mode": "transaction", "default_pool_size": 10, "max_client_conn": 1000,
                "auth_type": "scram-sha-256", "auth_file": self.userlist_path,
                "admin_users": ADMIN[0], "stats_users": MONITOR[0],
                "map_user": "mapper", "map_password": cluster.password("mapper"),
            },
        }

    def configure(self, ini=None):
        """Writes the ini (sections of `ini` laid over it) and the userlist. reload() makes them count."""
        self.ini = merged(self.ini, ini)
        self.write(self.ini_path, ini_text(self.ini))
        self.write(self.userlist_path, userlist_text(self.users))

    @staticmethod
    def write(path, text):
        """Writes a file that the process may read and others may not."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        give(path)

    def spawn(self, *arguments, **options):
        """Runs the binary with arguments of the caller's choice, as the right user; returns the CompletedProcess."""
        return subprocess.run([self.binary, *arguments], cwd=self.folder, env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=options.pop("timeout", 30), **options, **account())

    def environment(self):
        """The process's environment; the sanitizers' reports end it."""
        asan = "detect_leaks=0:abort_on_error=0:exitcode=99:halt_on_error=1"
        suppressions = os.path.join(TREE, "test", "tsan.supp")
        tsan = "exitcode=99:second_deadlock_stack=1" + (f":suppressions={suppressions}"
                                                       if os.path.exists(suppressions) else "")
        return environment(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", asan),
                           UBSAN_OPTIONS=os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"),
                           TSAN_OPTIONS=os.environ.get("TSAN_OPTIONS", tsan), **self.env)

    def start(self, seconds=20):
        """Starts the process and waits until its port answers."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, self.ini_path], cwd=self.folder, env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, **account())
        with open(os.path.join(self.folder, "pid"), "w", encoding="ascii") as file:
            file.write(f"{self.process.pid}\n")
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"pgshunt ended with {self.process.returncode}:\n{self.log()}")
            try:
                psycopg.connect(self.dsn(*ADMIN, database="pgshunt"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"pgshunt does not answer: {error}\n{self.log()}") from error
            time.sleep(0.03)

    # ---- what a test calls

    @property
    def pid(self):
        """The process id, None if it has ended."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def log(self):
        """Everything it has written to stdout and stderr."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def dsn(self, user="app", password=None, database=None, host="127.0.0.1"):
        """A connection string to pgshunt. host = self.folder: by its socket."""
        password = self.users.get(user, "") if password is None else password
        return (f"host={host} port={self.port} dbname={database or self.cluster.database} user={user}"
                + (f" password={password}" if password else ""))

    def connect(self, user="app", database=None, **options):
        """An autocommit connection of psycopg through pgshunt."""
        options.setdefault("autocommit", True)
        return psycopg.connect(self.dsn(user, database=database), **options)

    def console(self, command, user=ADMIN[0]):
        """Runs a console command; its rows as dictionaries."""
        with self.connect(user, "pgshunt", prepare_threshold=None) as connection:
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            cursor.execute(command)
            return cursor.fetchall() if cursor.description else []

    def console_connection(self, user=ADMIN[0]):
        """An open connection to the console; it speaks simple queries only, so execute() without parameters."""
        return self.connect(user, "pgshunt", prepare_threshold=None)

    def reasons(self):
        """SHOW REASONS as {reason: count}."""
        return {row["reason"]: int(row["count"]) for row in self.console("SHOW REASONS")}

    def explain(self, statement, user="app", database=None):
        """EXPLAIN ROUTE of a statement as one dictionary (template, tables, key, shard, node, reason, change)."""
        return explain_route(self, database or self.cluster.database, user, statement)

    def node_name(self, address):
        """The cluster's name (c, w1, ...) of a node as pgshunt shows it: any text that has its port."""
        for name in self.cluster.nodes:
            if str(self.cluster.port(name)) in str(address):
                return name
        return None

    def reload(self, ini=None):
        """Writes the ini anew and sends SIGHUP."""
        self.configure(ini)
        os.kill(self.process.pid, signal.SIGHUP)

    def wait(self, condition, seconds=10, what="a condition"):
        """Waits until condition() is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s in vain for {what}")
            time.sleep(0.02)

    def wait_map(self, seconds=15):
        """Waits until the shard map of the cluster's database is loaded. It is only read while there are clients."""
        with self.connect() as connection:
            connection.execute("SELECT 1")
            self.wait(self.has_map, seconds, "the shard map")

    def has_map(self):
        """Whether SHOW MAP shows a loaded map of the cluster's database."""
        return any(row.get("database") == self.cluster.database and str(row.get("version") or "0") != "0"
                   for row in self.console("SHOW MAP"))

    def descriptors(self):
        """How many file descriptors the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """The resident memory of the process, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))

    def sanitizer_lines(self):
        """Lines of its output that a sanitizer wrote."""
        return [line for line in self.log().splitlines() if SANITIZER.search(line)]

    def stop(self):
        """Ends the process (SIGTERM twice, then SIGKILL) and removes the folder; returns the exit status."""
        atexit.unregister(self.stop)
        status = self.end()
        self.guard.dismiss()
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def detach(self):
        """Leaves the process running when the program ends."""
        atexit.unregister(self.stop)
        self.guard.dismiss()

    def end(self):
        """Ends the process only; its files stay. Returns the exit status, negative if a signal ended it."""
        if self.process is None:
            return None
        for number, seconds in ((signal.SIGTERM, 2), (signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            if self.process.poll() is None and alive(self.process.pid):
                self.process.send_signal(number)
                try:
                    self.process.wait(seconds)
                except subprocess.TimeoutExpired:
                    continue
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def explain_route(pooler, database, user, statement):
    """What the console's EXPLAIN ROUTE says of a statement; the one place that knows how it is asked."""
    with pooler.connect(user, database):  # a map is kept only while the database has clients
        rows = pooler.console(f'EXPLAIN ROUTE ON "{database}" {statement}')
    return rows[0] if rows else {}
