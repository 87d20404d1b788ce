"""A cancel ends the statement that its client is running, and nothing else."""

import os
import struct
import subprocess
import threading
import time

import psycopg
import pytest

from cluster import raw
from cluster.raw import Raw, bind, execute, packet, parse, query, sqlstates, sync
from cluster.server import BINDIR


def opened(pgshunt):
    """A session through pgshunt."""
    return Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database)


def cancel(pgshunt, key):
    """Sends a cancel request; waits until pgshunt has taken it."""
    with Raw(pgshunt.port) as peer:
        assert peer.send(packet(raw.CANCEL_REQUEST, key)).until_closed() == []


def test_a_running_statement(pgshunt):
    for sql in ("SELECT pg_sleep(20)", "BEGIN; SELECT pg_sleep(20)"):
        with opened(pgshunt) as peer:
            peer.send(query(sql))
            time.sleep(0.2)
            began = time.monotonic()
            cancel(pgshunt, peer.key)
            assert sqlstates(peer.until_ready()) == ["57014"]
            assert time.monotonic() - began < 2
            peer.ask(query("ROLLBACK"))
            assert peer.simple("SELECT 1") == [("1",)]


def test_by_psycopg_and_by_psql(pgshunt):
    with pgshunt.connect() as connection:
        timer = threading.Timer(0.2, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(20)")
        timer.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pipeline_goes_on_behind_its_sync(pgshunt):
    with opened(pgshunt) as peer:
        peer.send(parse("SELECT pg_sleep(20)") + bind() + execute() + sync() + parse("SELECT 1") + bind() + execute()
                  + sync())
        time.sleep(0.2)
        cancel(pgshunt, peer.key)
        answer = peer.until_ready(2)
        assert [kind for kind, _ in answer].count("D") == 1 and sqlstates(answer) == ["57014"]


def test_on_a_worker(pgshunt, cluster):
    """A statement that was routed is cancelled where it runs."""
    pgshunt.wait_map()
    with opened(pgshunt) as peer:
        peer.send(query("SELECT pg_sleep(20) FROM orders WHERE tenant_id = 7"))
        time.sleep(0.3)
        began = time.monotonic()
        cancel(pgshunt, peer.key)
        assert sqlstates(peer.until_ready()) == ["57014"]
        assert time.monotonic() - began < 2
    running = ("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND pid <> pg_backend_pid() "
               "AND state = 'active'")
    assert all(cluster.sql(node, running) == [(0,)] for node in ["c"] + cluster.workers)


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1}})
def test_a_waiting_client(pgshunt):
    """It is told 57014, keeps its session, and the one that runs is not touched."""
    with opened(pgshunt) as runs, opened(pgshunt) as waits:
        runs.send(query("SELECT pg_sleep(0.8), 'done'"))
        time.sleep(0.2)
        waits.send(query("SELECT 'waited'"))
        time.sleep(0.2)
        cancel(pgshunt, waits.key)
        assert sqlstates(waits.until_ready()) == ["57014"]
        assert sqlstates(runs.until_ready()) == []
        assert waits.simple("SELECT 2") == [("2",)]


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1}})
def test_clients_that_run_nothing(pgshunt):
    """At rest, idle in a transaction, just finished, gone: nobody notices, above all not the one who has the server."""
    with opened(pgshunt) as idle, opened(pgshunt) as works:
        idle.simple("SELECT 1")
        works.send(query("SELECT pg_sleep(0.5), 'done'"))
        time.sleep(0.1)
        for _ in range(10):
            cancel(pgshunt, idle.key)
        assert sqlstates(works.until_ready()) == []
        idle.ask(query("BEGIN"))
        idle.ask(query("SELECT 1"))
        cancel(pgshunt, idle.key)
        time.sleep(0.1)
        assert idle.simple("SELECT 2") == [("2",)]
        idle.ask(query("COMMIT"))
        gone = opened(pgshunt)
        key = gone.key
        gone.close()
        works.send(query("SELECT pg_sleep(0.3), 'again'"))
        time.sleep(0.1)
        cancel(pgshunt, key)
        assert sqlstates(works.until_ready()) == []


def test_wrong_keys(pgshunt):
    """They are closed without a word, and hit nobody."""
    with opened(pgshunt) as peer:
        peer.send(query("SELECT pg_sleep(0.7), 'done'"))
        number, secret = struct.unpack("!II", peer.key)
        for key in ([struct.pack("!II", number, secret ^ 1 << bit) for bit in range(0, 32, 3)]
                    + [struct.pack("!II", number + n, secret) for n in range(1, 20)]
                    + [struct.pack("!I", number) + os.urandom(n) for n in (5, 8, 32, 100, 256)]
                    + [peer.key + b"\0", b"\xff" * 8, b"\0" * 8]):
            cancel(pgshunt, key)
        assert sqlstates(peer.until_ready()) == []
    for size in (0, 3, 4, 7, 261, 500):
        with Raw(pgshunt.port) as peer:
            answer = peer.send(packet(raw.CANCEL_REQUEST, b"k" * size)).until_closed()
            assert sqlstates(answer) in ([], ["08P01"])


def test_cancels_beside_others(make_pgshunt, cluster):
    """Sleepers are cancelled all the time while pgbench runs on the same few servers: not one of its errors."""
    pgshunt = make_pgshunt({"pgshunt": {"default_pool_size": 4, "log_connections": 0, "log_disconnections": 0},
                            "databases": {cluster.database: {"cluster": "none", "host": "127.0.0.1",
                                                             "port": cluster.port("c")}}})
    script = os.path.join(pgshunt.folder, "one.sql")
    pgshunt.write(script, "\\set n random(1, 100)\nSELECT :n;\n")
    with subprocess.Popen(
            [os.path.join(BINDIR, "pgbench"), "-n", "-f", script, "-M", "prepared", "-c", "6", "-T", "4", "-h",
             "127.0.0.1", "-p", str(pgshunt.port), "-U", "app", cluster.database],
            env={**os.environ, "PGPASSWORD": pgshunt.users["app"]}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT) as bench:
        wrong, cancelled, stop = [], [], time.monotonic() + 4

        def sleeper():
            with opened(pgshunt) as peer:
                while time.monotonic() < stop:
                    peer.send(query("SELECT pg_sleep(10)"))
                    time.sleep(0.02)
                    while not peer_ready(peer):
                        cancel(pgshunt, peer.key)
                        time.sleep(0.01)
                    states = sqlstates(peer.until_ready())
                    (cancelled if states == ["57014"] else wrong).append(states)

        sleepers = [threading.Thread(target=sleeper, daemon=True) for _ in range(3)]
        for thread in sleepers:
            thread.start()
        output = bench.communicate(timeout=60)[0]
        for thread in sleepers:
            thread.join(20)
    print(f"{len(cancelled)} cancelled; {output}")
    assert bench.returncode == 0 and "failed transactions: 0 " in output, output
    assert not wrong and len(cancelled) > 30


def peer_ready(peer):
    """Whether something has come for a client."""
    import select  # pylint: disable=import-outside-toplevel
    return bool(peer.held) or bool(select.select([peer.socket], [], [], 0)[0])


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1}})
def test_a_late_cancel_does_not_hit_the_next(pgshunt):
    """The cancel is sent just as its statement ends; another client's statement follows on the same server."""
    with opened(pgshunt) as one, opened(pgshunt) as other:
        for number in range(40):
            one.send(query("SELECT pg_sleep(0.005)"))
            time.sleep(0.0001 * (number * 3))
            other.send(query("SELECT pg_sleep(0.01), 'mine'"))
            cancel(pgshunt, one.key)
            assert sqlstates(one.until_ready()) in ([], ["57014"])
            assert sqlstates(other.until_ready()) == [], number


@pytest.mark.ini({"pgshunt": {"pool_mode": "session"}})
def test_in_session_mode(pgshunt):
    with opened(pgshunt) as peer:
        for _ in range(3):
            peer.send(query("SELECT pg_sleep(20)"))
            time.sleep(0.1)
            cancel(pgshunt, peer.key)
            assert sqlstates(peer.until_ready()) == ["57014"]
        assert peer.simple("SELECT 1") == [("1",)]


def test_through_other_threads(make_pgshunt):
    """The request comes in on any loop; the client is on another."""
    pgshunt = make_pgshunt({"pgshunt": {"threads": 4}})
    peers = [opened(pgshunt) for _ in range(8)]
    for peer in peers:
        peer.send(query("SELECT pg_sleep(20)"))
    time.sleep(0.3)
    for peer in peers:
        cancel(pgshunt, peer.key)
    for peer in peers:
        assert sqlstates(peer.until_ready()) == ["57014"]
        peer.close()
