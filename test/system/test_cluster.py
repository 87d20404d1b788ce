"""The clusters of test/cluster themselves: nothing else can be believed if they cannot."""

import os
import signal
import subprocess
import time

import psycopg
import pytest

from cluster import Table, distribute, node_of

COMMAND = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cluster", "cluster")


def test_rows_live_where_node_of_says(make_cluster):
    cluster = make_cluster("native")
    distribute(cluster, Table("t", "k int8, v int", ["k"], modulus=4))
    cluster.sql("c", "INSERT INTO t SELECT g, g FROM generate_series(1, 12) g")
    for worker in cluster.workers:
        local = cluster.sql(worker, "SELECT oid::regclass::text FROM pg_class WHERE relname ~ '^t_p' AND relkind = 'r'")
        for (partition,) in local:
            for (key,) in cluster.sql(worker, f"SELECT k FROM {partition}"):
                assert node_of(cluster, "t", key) == worker
    assert {node_of(cluster, "t", key) for key in range(1, 13)} == set(cluster.workers)


def test_a_killed_node_comes_back_with_what_was_committed(make_cluster):
    cluster = make_cluster("none")
    cluster.sql("c", "CREATE TABLE t AS SELECT 1 AS a")
    cluster.kill_node("c")
    with pytest.raises(psycopg.OperationalError):
        cluster.sql("c", "SELECT 1")
    cluster.restart_node("c")
    assert cluster.sql("c", "SELECT a FROM t") == [(1,)]
    cluster.kill_node("c", signal.SIGSTOP)
    with pytest.raises(psycopg.OperationalError):
        cluster.connect("c", connect_timeout=2)
    cluster.kill_node("c", signal.SIGCONT)
    assert cluster.sql("c", "SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_nothing_behind(number):
    words = [COMMAND, "run", "--kind", "none", "--", "sh", "-c", "echo $PGS_DIR; exec sleep 60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        folder = process.stdout.readline().strip()
        with open(os.path.join(folder, "c", "postmaster.pid"), encoding="utf-8") as file:
            pid = int(file.readline())
        os.killpg(process.pid, number)
        process.wait(30)
    deadline = time.monotonic() + 10
    while (os.path.exists(folder) or os.path.exists(f"/proc/{pid}/exe")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(folder) and not os.path.exists(f"/proc/{pid}/exe")


def test_started_and_stopped_by_command():
    folder = f"/tmp/pgs.{os.getpid()}"
    try:
        started = subprocess.run([COMMAND, "start", "--kind", "none", "--dir", folder], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        dsn = started.splitlines()[1].split(" ", 2)[2]
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        subprocess.run([COMMAND, "stop", "--dir", folder], check=True)
    assert not os.path.exists(folder)
