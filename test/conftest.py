"""Fixtures of the system and the differential tests: a cluster for the session, a pgshunt for each test.

    cluster        the session's cluster (PGSHUNT_CLUSTER: native, citus, none, catalog), with load_schema's tables
    pgshunt        a fresh pgshunt in front of it; @pytest.mark.ini({...}) lays sections over its ini
    make_pgshunt   a function that starts further ones: make_pgshunt(ini, users=..., cluster=...)
    make_cluster   a function that starts further clusters: make_cluster("none", ...)
    client         an autocommit connection of psycopg through pgshunt
    direct         the same straight to the coordinator
    reference      the same to the node whose answers are right

After every test each pgshunt must still be the same process, have written no sanitizer line, hold no client and no
waiter, and answer a fresh client within a second. A test that ends it on purpose sets pooler.expect_end = True; one
after which its database cannot answer sets pooler.expect_answer = False.
"""

import os
import signal
import sys
import time

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cluster import Cluster, Pgshunt, load_schema  # pylint: disable=wrong-import-position

# Columns of SHOW POOLS that are 0 when nobody is there but the one who asks.
QUIET = ("cl_active", "cl_waiting", "cl_active_cancel_req", "cl_waiting_cancel_req", "sv_active", "sv_active_cancel",
         "sv_being_canceled")


def pytest_configure(config):  # pylint: disable=unused-argument
    """Ctrl-C, SIGTERM and SIGHUP end the run, and with it what was started."""
    def end(number, _frame):
        pytest.exit(f"signal {number}", 128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def pytest_collection_modifyitems(config, items):
    """Leaves out what is marked big unless it was asked for."""
    if "big" not in (config.option.markexpr or ""):
        skip = pytest.mark.skip(reason="full size: pytest -m big")
        for item in items:
            if item.get_closest_marker("big"):
                item.add_marker(skip)


@pytest.fixture(scope="session", name="cluster")
def cluster_fixture():
    """The session's cluster."""
    kind = os.environ.get("PGSHUNT_CLUSTER", "native")
    with Cluster(kind, auth="scram-sha-256", reference=True, max_connections=150) as cluster:
        load_schema(cluster)
        yield cluster


@pytest.fixture
def make_cluster():
    """Starts clusters that end with the test. The tables are the test's own affair."""
    made = []

    def make(kind="native", **options):
        made.append(Cluster(kind, **options))
        return made[-1]

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture
def make_pgshunt(request, cluster):
    """Starts pgshunts that are checked and ended after the test."""
    made = []

    def make(ini=None, **options):
        pooler = Pgshunt(options.pop("cluster", cluster), ini, **options)
        pooler.expect_end, pooler.expect_answer = False, True
        pooler.first_pid = pooler.pid
        made.append(pooler)
        return pooler

    yield make
    try:
        for pooler in made:
            check(pooler)
    finally:
        for pooler in made:
            status, lines, log = pooler.end(), pooler.sanitizer_lines(), pooler.log()
            pooler.stop()
            if lines or (failed(request.node) and log):
                print(f"\n---- log of pgshunt ----\n{log[-20000:]}")
            assert not lines, "a sanitizer wrote: " + "; ".join(lines)
            if not pooler.expect_end and pooler.process:
                assert status == 0, f"pgshunt ended with {status} on SIGTERM"


@pytest.fixture(name="pgshunt")
def pgshunt_fixture(request, make_pgshunt):
    """A pgshunt in front of the session's cluster."""
    ini = request.node.get_closest_marker("ini")
    users = request.node.get_closest_marker("users")
    return make_pgshunt(ini.args[0] if ini else None, users=users.args[0] if users else None)


@pytest.fixture
def client(pgshunt):
    """A connection through pgshunt."""
    with pgshunt.connect() as connection:
        yield connection


@pytest.fixture
def direct(cluster):
    """A connection straight to the coordinator."""
    with cluster.connect("c") as connection:
        yield connection


@pytest.fixture
def reference(cluster):
    """A connection to the node whose answers are right."""
    with cluster.connect(cluster.reference) as connection:
        yield connection


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remembers how the test went, for its fixtures."""
    outcome = yield
    setattr(item, "report_" + call.when, outcome.get_result())


def failed(item):
    """Whether the test itself failed."""
    report = getattr(item, "report_call", None)
    return report is not None and report.failed


def check(pooler):
    """What holds of every pgshunt after every test."""
    if pooler.expect_end or pooler.process is None:
        return
    assert pooler.pid == pooler.first_pid, f"pgshunt ended with {pooler.process.returncode}"
    pooler.wait(lambda: not noise(pooler), 5, "SHOW POOLS to be quiet")
    if pooler.expect_answer:
        began = time.monotonic()
        with pooler.connect(connect_timeout=5) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        took = time.monotonic() - began
        assert took < 1, f"a fresh client waited {took:.2f} s"


def noise(pooler):
    """The counters of SHOW POOLS that are not 0, the console's own pool aside."""
    return [(row["database"], row["user"], name, row[name]) for row in pooler.console("SHOW POOLS")
            if row["database"] not in ("pgshunt", "pgbouncer") for name in QUIET if int(row.get(name) or 0)]
