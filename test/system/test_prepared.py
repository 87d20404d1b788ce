"""Prepared statements: a client's names are its own, on whichever server it runs."""

import psycopg
import pytest

from cluster.raw import (Raw, bind, brief, close, describe, execute, kinds, parse, query, rows, sqlstates, sync)

ONE = {"pgshunt": {"default_pool_size": 1}}
THREE = {"pgshunt": {"default_pool_size": 3}}


def opened(pgshunt, user="app"):
    """A session through pgshunt."""
    return Raw(pgshunt.port).login(user, pgshunt.users[user], pgshunt.cluster.database)


def straight(pgshunt, user="app"):
    """The same on the coordinator."""
    return Raw(pgshunt.cluster.port("c")).login(user, pgshunt.users[user], pgshunt.cluster.database)


def run(name, *values):
    """Bind, Execute, Sync of a named statement."""
    return bind(values, name) + execute() + sync()


@pytest.fixture(name="busy")
def busy_fixture(pgshunt):
    """Makes servers busy, so that a client is given another one than before."""
    held = []

    def occupy(count):
        while len(held) < count:
            held.append(pgshunt.connect())
            held[-1].execute("BEGIN")
            held[-1].execute("SELECT 1")
        while len(held) > count:
            held.pop().close()

    yield occupy
    occupy(0)


@pytest.mark.ini(THREE)
def test_named_statements_on_every_server(pgshunt, busy):
    """The same name with another text for each client; each runs its own, wherever it is."""
    clients = [opened(pgshunt) for _ in range(8)]
    for number, client in enumerate(clients):
        assert kinds(client.ask(parse(f"SELECT {number}, $1::text", "mine") + sync())) == "1Z"
    for round_ in range(4):
        busy(round_ % 3)
        for number, client in enumerate(clients):
            assert rows(client.ask(run("mine", f"r{round_}"))) == [(str(number), f"r{round_}")]
            answer = client.ask(describe("S", "mine") + sync())
            assert kinds(answer) == "tTZ"
    for client in clients:
        client.close()


@pytest.mark.ini(THREE)
def test_conversations_as_on_postgresql(pgshunt, busy):
    """Describe before Bind, Close, names that are taken or unknown, texts that are wrong: all as PostgreSQL has it, and
    the session goes on."""
    steps = [
        (parse("SELECT $1::int AS a, $2::text AS b", "s") + describe("S", "s") + sync(), 1), (run("s", "1", "x"), 1),
        (parse("SELECT 2", "s") + sync(), 1), (run("s", "1", "x"), 1), (close("S", "s") + sync(), 1),
        (run("s", "1", "x"), 1), (parse("SELECT 2", "s") + sync(), 1), (run("s"), 1),
        (parse("SELECT wrong", "bad") + sync(), 1), (run("bad"), 1), (parse("SELECT 3", "bad") + sync(), 1),
        (run("bad"), 1), (parse("SELECT 4", "t") + close("S", "t") + sync(), 1), (run("t"), 1),
        (parse("SELECT 4", "t") + parse("nonsense") + sync(), 1), (run("t"), 1),
        (parse("SELECT 5", "u") + bind((), "u") + execute() + parse("SELECT 1 / 0", "v") + bind((), "v") + execute()
         + parse("SELECT 6", "w") + sync(), 1), (run("u"), 1), (run("v"), 1), (run("w"), 1),
        (close("S", "s") + bind((), "s") + sync(), 1), (run("s"), 1), (close("S", "never") + sync(), 1),
        (query("DEALLOCATE u"), 1), (run("u"), 1), (query("DEALLOCATE nothing"), 1), (query("DEALLOCATE ALL"), 1),
        (run("bad"), 1), (run("v"), 1), (parse("SELECT 7", "x") + sync() + run("x") + close("S", "x") + sync()
                                         + run("x"), 4),
        (query("BEGIN"), 1), (parse("SELECT 8", "y") + sync(), 1), (run("y"), 1), (query("SELECT 1 / 0"), 1),
        (run("y"), 1), (query("ROLLBACK"), 1), (run("y"), 1),
        (query("BEGIN"), 1), (parse("SELECT 9", "z") + sync(), 1), (query("ROLLBACK"), 1), (run("z"), 1),
        (query("DISCARD ALL"), 1), (run("z"), 1), (run("y"), 1), (parse("SELECT 10", "y") + sync(), 1), (run("y"), 1),
        (parse("DEALLOCATE y", "d") + bind((), "d") + execute() + sync(), 1), (run("y"), 1), (run("d"), 1),
        (parse("DISCARD ALL") + bind() + execute() + sync(), 1), (run("d"), 1),
        (parse("SELECT $1", "types", (25,)) + describe("S", "types") + sync(), 1), (run("types", "text"), 1),
        (parse("SELECT $1 + 1", "typed", (20,)) + describe("S", "typed") + sync(), 1), (run("typed", "41"), 1),
        (run("typed", "no number"), 1), (run("typed"), 1), (run("typed", "1", "2"), 1),
        (parse("", "empty") + run("empty"), 1), (run("empty"), 1),
        (parse("INSERT INTO notes VALUES ($1, 'p')", "ins") + describe("S", "ins") + sync(), 1),
        (parse("x" * 70, "y" * 300) + sync(), 1), (parse("SELECT 1", "y" * 300) + run("y" * 300), 1),
        (parse("SELECT 1", "Quoted \"name\" é") + run("Quoted \"name\" é"), 1),
    ]
    with opened(pgshunt) as ours, straight(pgshunt) as right:
        for number, (data, count) in enumerate(steps):
            if ours and number % 5 == 0:
                busy(number // 5 % 2)
            given, expected = (brief(side.ask(data, count)) for side in (ours, right))
            assert given == expected, (number, data[:100])


@pytest.mark.ini(THREE)
def test_psycopg_prepares_for_itself(pgshunt, busy):
    """It names statements _pg3_0 and so on, and deallocates what it has too many of."""
    clients = [pgshunt.connect(prepare_threshold=2) for _ in range(4)]
    for client in clients:
        client.prepared_max = 5
    for round_ in range(6):
        busy(round_ % 3)
        for number, client in enumerate(clients):
            for text in range(8):
                row = client.execute(f"SELECT %s::int, {text}, {number}", [round_]).fetchone()
                assert row == (round_, text, number)
    for client in clients:
        client.close()


@pytest.mark.ini(THREE)
def test_deallocate_all_of_one_client_is_not_of_another(pgshunt, busy):
    with opened(pgshunt) as one, opened(pgshunt) as other:
        for client, value in ((one, "one"), (other, "other")):
            client.ask(parse(f"SELECT '{value}'", "s") + sync())
        one.ask(query("DEALLOCATE ALL"))
        assert sqlstates(one.ask(run("s"))) == ["26000"]
        for count in (0, 1, 2):
            busy(count)
            assert rows(other.ask(run("s"))) == [("other",)]
        one.ask(query("DISCARD ALL"))
        busy(0)
        assert rows(other.ask(run("s"))) == [("other",)]


@pytest.mark.ini(ONE)
def test_a_failed_parse_leaves_nothing(pgshunt):
    """Neither for its client nor for another one with the same text later."""
    with opened(pgshunt) as one, opened(pgshunt) as other, pgshunt.connect() as owner:
        assert sqlstates(one.ask(parse("SELECT * FROM not_there_yet", "s") + sync())) == ["42P01"]
        assert sqlstates(one.ask(run("s"))) == ["26000"]
        assert sqlstates(other.ask(parse("SELECT * FROM not_there_yet", "s") + sync())) == ["42P01"]
        owner.execute("CREATE TABLE not_there_yet AS SELECT 1 AS a")
        try:
            assert kinds(other.ask(parse("SELECT * FROM not_there_yet", "s") + sync())) == "1Z"
            assert rows(other.ask(run("s"))) == [("1",)]
            assert sqlstates(one.ask(run("s"))) == ["26000"]
        finally:
            owner.execute("DROP TABLE not_there_yet")


@pytest.mark.ini(ONE)
def test_a_statement_that_ddl_changed(pgshunt):
    """As on PostgreSQL: 0A000 when its columns change, 42P01 when its table is gone, and well again afterwards."""
    with pgshunt.connect() as owner, opened(pgshunt) as ours, straight(pgshunt) as right:
        owner.execute("DROP TABLE IF EXISTS changing; CREATE TABLE changing AS SELECT 1 AS a")
        for ddl in ("SELECT 1", "ALTER TABLE changing ADD b int", "ALTER TABLE changing DROP b", "DROP TABLE changing",
                    "CREATE TABLE changing AS SELECT 2 AS a", "ALTER TABLE changing ALTER a TYPE text"):
            if ddl == "SELECT 1":
                for side in (ours, right):
                    side.ask(parse("SELECT * FROM changing", "s") + sync())
            owner.execute(ddl)
            given, expected = (brief(side.ask(run("s"))) for side in (ours, right))
            assert given == expected, ddl
            given, expected = (brief(side.ask(close("S", "t") + parse("SELECT * FROM changing", "t") + run("t")))
                               for side in (ours, right))
            assert given == expected, ddl
        owner.execute("DROP TABLE changing")


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1, "max_prepared_statements": 5}})
def test_a_server_keeps_the_latest(pgshunt):
    """No more than max_prepared_statements on a server, yet none is lost to its client."""
    with opened(pgshunt) as one, pgshunt.connect() as other:
        for number in range(30):
            one.ask(parse(f"SELECT {number}, $1::int", f"s{number}") + sync())
        for number in list(range(30)) + [7, 7, 29, 0, 15]:
            assert rows(one.ask(run(f"s{number}", "5"))) == [(str(number), "5")]
        count = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0]
        assert 0 < count <= 6
        answer = one.ask(b"".join(bind(["1"], f"s{n}") + execute() for n in range(30)) + sync())
        assert [row[0] for row in rows(answer)] == [str(n) for n in range(30)]
        count = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0]
        assert count <= 6


@pytest.mark.ini(ONE)
def test_the_same_text_means_another_table(pgshunt):
    """Under another search_path or role it is another statement."""
    with pgshunt.connect() as one, pgshunt.connect() as other, pgshunt.connect("bob") as bob:
        one.execute("CREATE SCHEMA IF NOT EXISTS p1; CREATE SCHEMA IF NOT EXISTS p2; "
                    "DROP TABLE IF EXISTS p1.here, p2.here; CREATE TABLE p1.here AS SELECT 'p1' AS a; "
                    "CREATE TABLE p2.here AS SELECT 'p2' AS a; GRANT USAGE ON SCHEMA p1 TO bob")
        one.execute("SET search_path = p1")
        other.execute("SET search_path = p2")
        bob.execute("SET search_path = p1")
        for _ in range(4):
            for client, value in ((one, "p1"), (other, "p2")):
                assert client.execute("SELECT a FROM here WHERE a <> %s", ["z"], prepare=True).fetchone() == (value,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                bob.execute("SELECT a FROM here WHERE a <> %s", ["z"], prepare=True)
        one.execute("SET search_path = p2")
        assert one.execute("SELECT a FROM here WHERE a <> %s", ["z"], prepare=True).fetchone() == ("p2",)
        with one.transaction(force_rollback=True):
            one.execute("SET LOCAL search_path = p1")
            assert one.execute("SELECT a FROM here WHERE a <> %s", ["z"], prepare=True).fetchone() == ("p1",)
        assert one.execute("SELECT a FROM here WHERE a <> %s", ["z"], prepare=True).fetchone() == ("p2",)
        other.execute("DROP TABLE p1.here, p2.here")


@pytest.mark.ini(ONE)
def test_constants_are_read_under_ones_own_settings(pgshunt):
    """A server reads them when it parses: what it made of them for one client is nothing for another."""
    stamp = "SELECT extract(epoch FROM '2020-01-02 00:00'::timestamptz)::int, '01/02/2020'::date, length('a\\\\b')"
    settings = [[], ["SET timezone = 'Asia/Tokyo'"], ["SET datestyle = 'ISO, DMY'"],
                ["SET standard_conforming_strings = off", "SET escape_string_warning = off"]]
    pairs = [(opened(pgshunt), straight(pgshunt)) for _ in settings]
    for (ours, right), texts in zip(pairs, settings):
        for text in texts:
            ours.ask(query(text))
            right.ask(query(text))
    for _ in range(2):
        for ours, right in pairs:
            data = close("S", "s") + parse(stamp, "s") + run("s")
            assert brief(ours.ask(data)) == brief(right.ask(data))
    for ours, right in pairs:  # and when it changes its mind
        for side in (ours, right):
            side.ask(query("SET timezone = 'America/New_York'"))
        assert brief(ours.ask(data)) == brief(right.ask(data))
    for ours, right in pairs:
        ours.close()
        right.close()


def test_prepared_and_routed(pgshunt, cluster, reference):
    """A named statement whose key differs at each Bind runs where the row is."""
    pgshunt.wait_map()
    with pgshunt.connect(prepare_threshold=0) as client, opened(pgshunt) as peer:
        text = "SELECT count(*), min(total) FROM orders WHERE tenant_id = "
        peer.ask(parse(text + "$1", "s") + describe("S", "s") + sync())
        for tenant in range(1, 41):
            right = reference.execute(text + "%s", [tenant]).fetchone()
            assert client.execute(text + "%s", [tenant]).fetchone() == right
            assert rows(peer.ask(run("s", str(tenant)))) == [tuple(map(str, right))]
    if cluster.kind == "native":
        assert pgshunt.reasons()["key"] >= 60


@pytest.mark.ini(THREE)
def test_pipelines_that_prepare_and_use(pgshunt, busy):
    """Parse, Bind and Close of one name again and again in one write."""
    data = b"".join(parse(f"SELECT {n}", "s") + bind((), "s") + execute() + close("S", "s") for n in range(50)) + sync()
    with opened(pgshunt) as peer:
        for count in range(3):
            busy(count)
            assert [row[0] for row in rows(peer.ask(data))] == [str(n) for n in range(50)]
        assert sqlstates(peer.ask(run("s"))) == ["26000"]


@pytest.mark.ini({"pgshunt": {"pool_mode": "session"}})
def test_session_mode_leaves_statements_alone(pgshunt):
    with pgshunt.connect(prepare_threshold=0) as one:
        for n in range(3):
            assert one.execute("SELECT %s::int", [n]).fetchone() == (n,)
        assert one.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '_pg3%'").fetchone()[0] >= 1
