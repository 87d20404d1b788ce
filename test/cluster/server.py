"""A PostgreSQL server of one's own: its folder, its start and its end.

    Template(folder)  initdb once
        |  copy
    Server(folder/c)  postgresql.conf, pg_hba.conf  ->  start  ->  kill / stop

Nothing here uses the system's own clusters: every server lives in one folder with
its socket, listens on 127.0.0.1 only and is ended by its process id. PostgreSQL
refuses to run as root, so root starts it as the user in PG_USER (postgres).
The programs are those of PG_BINDIR (/usr/lib/postgresql/15/bin).
"""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time

BINDIR = os.environ.get("PG_BINDIR", "/usr/lib/postgresql/15/bin")
ACCOUNT = os.environ.get("PG_USER", "postgres")

# Ports are taken from below the range that the kernel gives to outgoing
# connections, so that a server finds its port free again after a restart.
PORTS = range(10240, 32000)

# A small server that loses nothing when it is killed: fsync matters only when the
# machine dies, so it is off; synchronous_commit stays on.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "min_wal_size": "8MB",
    "max_prepared_transactions": "20",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    "logging_collector": "off",
    "unix_socket_permissions": "0777",
}


def account():
    """The arguments for subprocess that make a child run as a user whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(ACCOUNT)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(path):
    """Makes a file or folder belong to the user of account()."""
    if os.geteuid() == 0:
        entry = pwd.getpwnam(ACCOUNT)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def environment(**more):
    """An environment without the caller's PG* variables and locale."""
    env = {"PATH": f"{BINDIR}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
    env.update((name, value) for name, value in os.environ.items() if name in ("LD_LIBRARY_PATH", "LD_PRELOAD"))
    env.update(more)
    return env


def free_port():
    """A port of 127.0.0.1 on which nobody listens."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def children(pid):
    """The process ids of a process's children."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def alive(pid):
    """True if the process exists and is not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def template(folder):
    """Makes a data folder that every server starts from; returns its path. Once a folder."""
    path = os.path.join(folder, "template")
    if not os.path.isdir(path):
        command = [os.path.join(BINDIR, "initdb"), "-D", path, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=4"]
        done = subprocess.run(command, cwd=folder, env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, **account())
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}")
    return path


class Server:
    """One server. `folder` is the cluster's; the server's own files are in folder/name."""

    def __init__(self, folder, name, settings=None, hba=None, port=None):
        self.folder = folder
        self.name = name
        self.path = os.path.join(folder, name)
        self.log = os.path.join(folder, name + ".log")
        self.port = port or free_port()
        self.settings = {**SETTINGS, **(settings or {})}
        self.hba = hba or ["local all all trust", "host all all 127.0.0.1/32 trust"]
        self.process = None

    def make(self):
        """Makes the data folder."""
        subprocess.run(["cp", "-a", "--reflink=auto", template(self.folder), self.path], check=True)
        self.configure()

    def configure(self, **settings):
        """Writes the settings (further ones may be given) and pg_hba.conf; a restart or reload makes them count."""
        self.settings.update(settings)
        with open(os.path.join(self.path, "postgresql.auto.conf"), "w", encoding="utf-8") as file:
            for name, value in {**self.settings, "port": self.port, "unix_socket_directories": self.folder}.items():
                quoted = str(value).replace("'", "''")
                file.write(f"{name} = '{quoted}'\n")
        with open(os.path.join(self.path, "pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.hba) + "\n")

    def start(self):
        """Starts the server; wait() waits until it takes connections."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BINDIR, "postgres"), "-D", self.path], cwd=self.folder,
                env=environment(PGPASSFILE=os.path.join(self.folder, "pgpass")),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **account())

    def wait(self, seconds=60):
        """Waits until the server takes connections."""
        deadline = time.monotonic() + seconds
        while self.pid_file().get("status") != "ready" or self.pid_file().get("pid") != self.process.pid:
            if self.process.poll() is not None:
                raise RuntimeError(f"server {self.name} did not start:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"server {self.name} was not ready within {seconds} s:\n{self.tail()}")
            time.sleep(0.02)

    def pid_file(self):
        """What postmaster.pid says: pid, port, shared memory id, status; empty if there is none."""
        try:
            with open(os.path.join(self.path, "postmaster.pid"), encoding="utf-8") as file:
                lines = file.read().split("\n")
        except OSError:
            return {}
        if len(lines) < 8:
            return {}
        return {"pid": int(lines[0]), "memory": lines[6].split()[-1:], "status": lines[7].strip()}

    def tail(self, lines=20):
        """The end of the server's log."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    @property
    def pid(self):
        """The process id of the postmaster, None if it does not run."""
        if self.process is not None:
            return self.process.pid if self.process.poll() is None else None
        pid = self.pid_file().get("pid")  # started by somebody else (`cluster start`)
        if not pid or not alive(pid):
            return None
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                return pid if self.path in file.read().split("\0") else None
        except OSError:
            return None

    def kill(self, number=signal.SIGKILL):
        """Sends a signal: SIGKILL, SIGSTOP and SIGCONT to every process of the server, others to the postmaster.

        After SIGKILL it returns when all of them are gone."""
        pid = self.pid
        if pid is None:
            return
        everyone = [pid]
        if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT):
            if number != signal.SIGCONT:
                os.kill(pid, signal.SIGSTOP)  # no new children while they are counted
            everyone = children(pid) + [pid]
        for one in everyone:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                pass
        if number == signal.SIGKILL:
            self.gone(everyone, 10)

    def gone(self, pids, seconds):
        """Waits until the processes have ended; False if the time was not enough."""
        deadline = time.monotonic() + seconds
        while True:
            if self.process is not None:
                self.process.poll()
            if not any(alive(pid) for pid in pids):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)

    def stop(self):
        """Ends the server: fast, then at once, then by force. Harmless if it does not run."""
        pid = self.pid
        if pid is not None:
            self.kill(signal.SIGCONT)
            os.kill(pid, signal.SIGINT)
            if not self.gone([pid], 10):
                os.kill(pid, signal.SIGQUIT)
                if not self.gone([pid], 5):
                    self.kill(signal.SIGKILL)
        self.forget_memory()

    def forget_memory(self):
        """Removes the piece of System V memory that a killed server leaves behind."""
        for number in self.pid_file().get("memory", []):
            subprocess.run(["ipcrm", "-m", number], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def remove(self):
        """Removes the server's files."""
        shutil.rmtree(self.path, ignore_errors=True)
