"""What one client leaves behind is never seen by another, and what it set follows it wherever it runs."""

import time

import psycopg
import pytest

from cluster.raw import Raw, bind, execute, kinds, parse, query, rows, sqlstates, sync

ONE = {"pgshunt": {"default_pool_size": 1}}
THREE = {"pgshunt": {"default_pool_size": 3}}

# Settings that an ordinary user may set, each with a value that is not the default.
SETTINGS = {
    "work_mem": "7MB", "maintenance_work_mem": "33MB", "temp_buffers": "999kB", "search_path": "s2, public",
    "statement_timeout": "59s", "lock_timeout": "58s", "idle_in_transaction_session_timeout": "57s",
    "datestyle": "German, DMY", "intervalstyle": "iso_8601", "timezone": "Asia/Tokyo", "client_encoding": "LATIN1",
    "extra_float_digits": "0", "bytea_output": "escape", "standard_conforming_strings": "off",
    "backslash_quote": "off", "escape_string_warning": "off", "quote_all_identifiers": "on", "xmlbinary": "hex",
    "xmloption": "document", "lc_numeric": "C", "lc_time": "C", "lc_monetary": "C",
    "application_name": "it's a name", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
    "enable_nestloop": "off", "random_page_cost": "1.25", "seq_page_cost": "1.5", "cpu_tuple_cost": "0.02",
    "effective_cache_size": "123MB", "default_statistics_target": "77", "constraint_exclusion": "on",
    "cursor_tuple_fraction": "0.5", "from_collapse_limit": "3", "join_collapse_limit": "4", "geqo": "off",
    "geqo_seed": "0.5", "default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on", "default_tablespace": "", "temp_tablespaces": "", "check_function_bodies":
    "off", "array_nulls": "off", "transform_null_equals": "on", "vacuum_cost_delay": "5", "commit_delay": None,
    "synchronous_commit": "off", "client_min_messages": "warning", "debug_print_plan": "on", "plan_cache_mode":
    "force_custom_plan", "row_security": "off", "force_parallel_mode": "on", "parallel_tuple_cost": "0.5",
    "max_parallel_workers_per_gather": "0", "gin_fuzzy_search_limit": "5", "tcp_keepalives_idle": "0",
    "default_text_search_config": "pg_catalog.simple", "session_replication_role": None, "local_preload_libraries":
    None, "password_encryption": "md5", "default_toast_compression": "pglz",
}
CUSTOM = ["app.tenant", "app.account", "a.b", "myapp.flag", "x.y", '"Odd".name']

# What a session may see that is not its own doing.
OWN = ("application_name", "client_encoding", "transaction_isolation", "transaction_read_only",
       "transaction_deferrable", "seed")


def settings_of(connection):
    """The settings of a session that are not the default, and its custom ones, NULL told from ''."""
    found = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
    found = {name: value for name, value in found.items() if name not in OWN and not name.startswith("tcp_")}
    for name in CUSTOM:
        found["custom " + name] = connection.execute(
            "SELECT current_setting(%s, true)", [name.replace('"', "")]).fetchone()[0]
    found["who"] = connection.execute("SELECT current_user::text, session_user::text").fetchone()
    return found


def same_as_fresh(pgshunt, user="app"):
    """A new client has what a new session of PostgreSQL has."""
    with pgshunt.connect(user) as connection, pgshunt.cluster.connect("c", user) as fresh:
        ours, right = settings_of(connection), settings_of(fresh)
        both = set(ours) & set(right)  # plpgsql adds its own when it is loaded
        wrong = {name: (ours[name], right[name]) for name in both if ours[name] != right[name]}
        assert not wrong and len(both) > 300


def try_all(connection, statements):
    """Runs each; those that this server does not allow are left out."""
    done = 0
    for text in statements:
        try:
            connection.execute(text)
            done += 1
        except psycopg.Error as error:
            assert error.sqlstate in ("42501", "42704", "55P02", "22023", "0A000"), (text, error)
    return done


@pytest.mark.ini(ONE)
def test_settings_are_not_seen_by_others(pgshunt):
    """All of them at once, then one by one; and while the client that has them is still there."""
    with pgshunt.connect() as one:
        values = {name: value.replace("'", "''") for name, value in SETTINGS.items() if value is not None}
        count = try_all(one, [f"SET {name} = '{value}'" if name != "search_path" else f"SET search_path = {value}"
                              for name, value in values.items()])
        assert count > 45
        try_all(one, [f"SET {name} = 'secret'" for name in CUSTOM])
        same_as_fresh(pgshunt)
        assert one.execute("SHOW work_mem").fetchone() == ("7MB",)
        assert one.execute("SHOW search_path").fetchone() == ("s2, public",)
        assert one.execute("SELECT current_setting('app.tenant')").fetchone() == ("secret",)
        same_as_fresh(pgshunt)
    same_as_fresh(pgshunt)


@pytest.mark.ini(ONE)
def test_a_setting_is_kept_as_it_was_given(pgshunt):
    """Each comes back as PostgreSQL would show it, although other clients run in between."""
    with pgshunt.connect() as one, pgshunt.connect() as other, pgshunt.cluster.connect("c") as direct:
        for name, value in SETTINGS.items():
            if value is None or name in ("client_encoding", "standard_conforming_strings"):
                continue
            quoted = value.replace("'", "''")
            text = f"SET {name} = {value}" if name == "search_path" else f"SET {name} = '{quoted}'"
            shown = []
            for connection in (one, direct):
                try:
                    connection.execute(text)
                except psycopg.Error as error:
                    shown.append(error.sqlstate)
                    continue
                other.execute("SELECT 1")
                shown.append(connection.execute(f"SHOW {name}").fetchone())
                connection.execute(f"RESET {name}")
                shown[-1] += connection.execute(f"SHOW {name}").fetchone()
            if name != "application_name":
                assert shown[0] == shown[1], name


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1, "query_wait_timeout": 1}})
@pytest.mark.parametrize("statements", [
    ["SET ROLE reader"], ["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
    ["SELECT set_config('app.tenant', 'secret', false)"], ["SELECT set_config('work_mem', '5MB', false)"],
    ["SELECT set_config('app.' || 'account', 'secret', false)"],
    ["SET app.tenant = ''"], ["SET app.tenant = 'x'", "RESET app.tenant"], ["SET app.tenant = 'x'", "RESET ALL"],
    ["SET LOCAL work_mem = '5MB'"], ["BEGIN", "SET LOCAL app.tenant = 'x'", "COMMIT"],
    ["BEGIN", "SET work_mem = '5MB'", "ROLLBACK"], ["BEGIN", "SET app.tenant = 'x'", "ROLLBACK"],
    ["BEGIN", "SET work_mem = '5MB'", "COMMIT"], ["SET work_mem = '5MB'", "DISCARD ALL"],
    ["DO $$ BEGIN PERFORM set_config('work_mem', '5MB', false); END $$"],
    ["SELECT set_it()"], ["CALL set_it_too()"],
    ["SET NAMES 'LATIN1'"], ["SET TIME ZONE 'Asia/Tokyo'"], ["SET SCHEMA 's2'"], ["SET SEED TO 0.5"],
    ["BEGIN; SET work_mem = '5MB'; SET ROLE reader; COMMIT"], ["SET work_mem = '5MB'; SET app.account = 'z'"],
    ["UPDATE pg_settings SET setting = '5MB' WHERE name = 'work_mem'"],
], ids=lambda statements: statements[0][:40] + f" +{len(statements) - 1}")
def test_ways_to_set_something(pgshunt, functions, statements):
    """Whatever the way, another client sees nothing of it, with the first still there and after it left."""
    with pgshunt.connect() as one:
        for text in statements:
            one.execute(text)
        try:
            same_as_fresh(pgshunt)
        except psycopg.OperationalError as error:  # it is pinned and has the only server
            assert "query_wait_timeout" in str(error)
    same_as_fresh(pgshunt)
    assert functions


@pytest.fixture(name="functions")
def functions_fixture(cluster):
    """A role that app may become, and functions that set something."""
    exists = cluster.sql("c", "SELECT count(*) FROM pg_roles WHERE rolname = 'reader'")[0][0]
    if not exists:
        cluster.sql_all("CREATE ROLE reader; GRANT reader TO app")
        cluster.sql("c", "CREATE FUNCTION set_it() RETURNS text LANGUAGE sql AS "
                    "'SELECT set_config(''lock_timeout'', ''5s'', false)';"
                    "CREATE PROCEDURE set_it_too() LANGUAGE plpgsql AS "
                    "'BEGIN SET work_mem = ''5MB''; PERFORM set_config(''lock_timeout'', ''6s'', false); END'")
    return cluster


@pytest.mark.ini({"pgshunt": {"default_pool_size": 1, "query_wait_timeout": 3}})
def test_a_custom_setting_is_null_for_others(pgshunt):
    """Not even an empty string is left of it."""
    for undo in (None, "RESET app.tenant", "RESET ALL", "SET app.tenant = ''", "SET app.tenant TO DEFAULT"):
        with pgshunt.connect() as one:
            one.execute("SET app.tenant = '42'")
            if undo:
                one.execute(undo)
            with pgshunt.connect() as other:
                assert other.execute("SELECT current_setting('app.tenant', true)").fetchone() == (None,)
        with pgshunt.connect() as third:
            assert third.execute("SELECT current_setting('app.tenant', true)").fetchone() == (None,)
    with pgshunt.connect() as one, one.transaction():
        one.execute("SET LOCAL app.tenant = '43'")
    with pgshunt.connect() as third:
        assert third.execute("SELECT current_setting('app.tenant', true)").fetchone() in ((None,),)


@pytest.mark.ini(THREE)
def test_settings_follow_their_client(pgshunt):
    """To whichever server it is given next: many clients on three servers, each asks for its own."""
    clients = [pgshunt.connect() for _ in range(9)]
    for number, connection in enumerate(clients):
        connection.execute(f"SET work_mem = '{number + 1}MB'")
        connection.execute(f"SET app.tenant = 'tenant {number}'")
        connection.execute(f"SET search_path = s2, \"a b\", public{', pg_catalog' if number % 2 else ''}")
        connection.execute(f"SET application_name = 'client \"{number}\" ''x'''")
    for _ in range(3):
        busy = [pgshunt.connect() for _ in range(2)]
        for connection in busy:
            connection.execute("BEGIN")
            connection.execute("SELECT 1")
        for number, connection in enumerate(clients):
            row = connection.execute("SELECT current_setting('work_mem'), current_setting('app.tenant'), "
                                     "current_setting('search_path'), current_setting('application_name')").fetchone()
            assert row == (f"{number + 1}MB", f"tenant {number}",
                           "s2, \"a b\", public" + (", pg_catalog" if number % 2 else ""), f"client \"{number}\" 'x'")
        for connection in busy:
            connection.close()
    for connection in clients:
        connection.close()


@pytest.mark.ini(ONE)
def test_rolled_back_settings_are_gone(pgshunt):
    """As PostgreSQL keeps and forgets them: with transactions, savepoints, SET LOCAL, COMMIT AND CHAIN."""
    script = """
        SET work_mem = '1MB' | BEGIN | SET work_mem = '2MB' | ROLLBACK | ?
        BEGIN | SET work_mem = '3MB' | SAVEPOINT a | SET work_mem = '4MB' | ? | ROLLBACK TO a | ? | COMMIT | ?
        BEGIN | SAVEPOINT a | SET work_mem = '5MB' | RELEASE a | COMMIT | ?
        BEGIN | SET LOCAL work_mem = '6MB' | ? | COMMIT | ?
        BEGIN | SET work_mem = '7MB' | SET LOCAL work_mem = '8MB' | ? | COMMIT | ?
        BEGIN | SAVEPOINT a | SET work_mem = '9MB' | SAVEPOINT a | SET work_mem = '10MB' | ROLLBACK TO a | ? | RELEASE a
        ? | ROLLBACK TO a | ? | COMMIT | ?
        BEGIN | SET work_mem = '11MB' | COMMIT AND CHAIN | ? | SET work_mem = '12MB' | ROLLBACK AND CHAIN | ?
        COMMIT | ?
        BEGIN | SET work_mem = '13MB' | ! | COMMIT | ?
        BEGIN | SET work_mem = '13MB' | SAVEPOINT a | SET work_mem = '14MB' | ! | ROLLBACK TO a | ? | COMMIT | ?
        SET work_mem = '15MB'; SELECT 1 / 0 | ?
        SET work_mem = '16MB'; SELECT 1 | ?
        BEGIN; SET work_mem = '17MB'; COMMIT; SET work_mem = '18MB'; SELECT 1 / 0 | ?
        BEGIN | RESET work_mem | ? | ROLLBACK | ? | BEGIN | RESET ALL | COMMIT | ?
        SET work_mem = '19MB' | BEGIN | DISCARD PLANS | RESET ALL | ROLLBACK | ? | DISCARD ALL | ?
        SET work_mem TO '20MB' | SET work_mem TO DEFAULT | ? | SET SESSION work_mem = 21000 | ?
        BEGIN | SET LOCAL app.tenant = 'l' | SET app.tenant = 's' | SET LOCAL app.tenant = 'm' | ? | COMMIT | ?
        BEGIN READ ONLY | SET work_mem = '22MB' | COMMIT | ?
        BEGIN | SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY | ROLLBACK | ?
    """
    ask = ("SELECT current_setting('work_mem'), coalesce(current_setting('app.tenant', true), ''), "
           "current_setting('default_transaction_read_only')")
    with pgshunt.connect() as one, pgshunt.connect() as other, pgshunt.cluster.connect("c") as direct:
        for line in script.strip().splitlines():
            for step in line.strip().split(" | "):
                answers = []
                for connection in (one, direct):
                    try:
                        cursor = connection.execute({"?": ask, "!": "SELECT 1 / 0"}.get(step, step))
                        answers.append(cursor.fetchone() if step == "?" else cursor.statusmessage)
                    except psycopg.Error as error:
                        answers.append(error.sqlstate)
                    if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                        other.execute("SELECT 1")
                assert answers[0] == answers[1], (line, step)


@pytest.mark.ini(ONE)
def test_roles(pgshunt, functions):
    """SET ROLE is the client's own, and NONE and RESET end it; another user's server is never shared."""
    with pgshunt.connect() as one, pgshunt.connect() as other, pgshunt.connect("bob") as bob:
        one.execute("SET ROLE reader")
        who = "SELECT current_user::text, session_user::text"
        for _ in range(2):
            assert other.execute(who).fetchone() == ("app", "app")
            assert one.execute(who).fetchone() == ("reader", "app")
            assert bob.execute(who).fetchone() == ("bob", "bob")
        one.execute("SET ROLE NONE")
        assert one.execute(who).fetchone() == ("app", "app")
        one.execute("SET ROLE reader")
        other.execute("SELECT 1")
        one.execute("RESET ROLE")
        assert one.execute(who).fetchone() == ("app", "app")
        with pytest.raises(psycopg.Error):
            bob.execute("SET ROLE reader")
    assert functions


# ---- startup parameters and ParameterStatus

@pytest.mark.ini(ONE)
def test_startup_parameters(pgshunt):
    """By name and by options=-c, for this client alone; RESET goes back to them."""
    options = "-c work_mem=3MB -c search_path=s2,public --statement_timeout=55s -c app.tenant=a\\ b"
    with pgshunt.connect(options=options, application_name="mine", client_encoding="LATIN1") as one, \
            pgshunt.connect() as other:
        ask = ("SELECT current_setting('work_mem'), current_setting('search_path'), "
               "current_setting('statement_timeout'), current_setting('application_name'), "
               "current_setting('app.tenant', true)")
        for _ in range(2):
            assert one.execute(ask).fetchone() == ("3MB", "s2,public", "55s", "mine", "a b")
            assert other.execute(ask).fetchone()[0] != "3MB"
        one.execute("SET work_mem = '9MB'")
        one.execute("RESET work_mem")
        assert one.execute("SHOW work_mem").fetchone() == ("3MB",)
        one.execute("SET work_mem = '9MB'")
        one.execute("RESET ALL")
        assert one.execute(ask).fetchone()[:3] == ("3MB", "s2,public", "55s")
        one.execute("DISCARD ALL")
        assert one.execute(ask).fetchone()[:3] == ("3MB", "s2,public", "55s")
        assert one.info.encoding == "iso8859-1"
        assert one.execute("SELECT 'é'").fetchone() == ("é",)
        assert other.execute("SELECT 'é'").fetchone() == ("é",)
    same_as_fresh(pgshunt)


def test_parameter_status_as_postgresql_gives_it(pgshunt):
    """The same names, in the same spelling, with the same values; and the same changes later. What PostgreSQL makes of
    a value that was given at startup is known with the first statement, and again after a RESET."""
    cluster = pgshunt.cluster
    more = {"application_name": "mine", "datestyle": "German", "timezone": "Asia/Tokyo"}
    for extra in ({}, more):
        sides = [Raw(port).login("app", pgshunt.users["app"], cluster.database, **extra)
                 for port in (pgshunt.port, cluster.port("c"))]
        assert set(sides[0].parameters) == set(sides[1].parameters)
        assert extra or sides[0].parameters == sides[1].parameters
        for text in ("SELECT 1", "SET datestyle = 'SQL, DMY'", "SET timezone = 'UTC'", "SET application_name = 'x'",
                     "SET client_encoding = 'LATIN1'", "BEGIN; SET intervalstyle = 'iso_8601'; ROLLBACK", "RESET ALL",
                     "SET standard_conforming_strings = off", "DISCARD ALL"):
            for side in sides:
                for kind, body in side.ask(query(text)) + side.ask(query("SELECT 1")):
                    if kind == "S":
                        side.parameters.update([body[:-1].decode().split("\0")])
            assert sides[0].parameters == sides[1].parameters, text
        for side in sides:
            side.close()


@pytest.mark.ini(ONE)
def test_parameter_status_when_servers_change(pgshunt):
    """A client is only told of its own changes."""
    with Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database) as one, \
            Raw(pgshunt.port).login("app", pgshunt.users["app"], pgshunt.cluster.database) as other:
        answer = one.ask(query("SET timezone = 'Asia/Tokyo'"))
        assert ("S", b"TimeZone\0Asia/Tokyo\0") in answer
        for _ in range(3):
            assert [kind for kind, _ in other.ask(query("SHOW timezone"))] == ["T", "D", "C", "Z"]
            answer = one.ask(query("SHOW timezone"))
            assert [kind for kind, _ in answer] == ["T", "D", "C", "Z"] and rows(answer) == [("Asia/Tokyo",)]


# ---- what cannot be carried

LEFT = [
    ("CREATE TEMP TABLE mine (a int)", "SELECT to_regclass('mine')", None),
    ("CREATE TEMP TABLE mine AS SELECT 1 AS a", "SELECT to_regclass('mine')", None),
    ("SELECT 1 AS a INTO TEMP mine", "SELECT to_regclass('mine')", None),
    ("CREATE TEMP VIEW mine AS SELECT 1 AS a", "SELECT to_regclass('mine')", None),
    ("CREATE TEMP SEQUENCE mine", "SELECT to_regclass('mine')", None),
    ("LISTEN somewhere", "SELECT count(*) FROM pg_listening_channels()", 0),
    ("SELECT pg_advisory_lock(4711)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
     "pg_backend_pid()", 0),
    ("SELECT pg_catalog.pg_try_advisory_lock_shared(4711)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
     "AND pid = pg_backend_pid()", 0),
    ("DO $$ BEGIN PERFORM pg_advisory_lock(4711); END $$", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
     "AND pid = pg_backend_pid()", 0),
    ("BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT 1; COMMIT", "SELECT count(*) FROM pg_cursors", 0),
    ("PREPARE mine AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine'", 0),
    ("LOAD 'auto_explain'", None, None),
]


@pytest.mark.parametrize("mode", ["on", "refuse"])
@pytest.mark.parametrize("leave,look,clean", LEFT, ids=[text[:40] for text, _, _ in LEFT])
def test_what_cannot_be_carried(make_pgshunt, mode, leave, look, clean):
    """The client keeps its server, or is refused with 0A000 and goes on; another client never sees it."""
    pgshunt = make_pgshunt({"pgshunt": {"default_pool_size": 2, "pinning": mode}})
    with pgshunt.connect() as one, pgshunt.connect() as other:
        try:
            one.execute(leave)
        except psycopg.errors.FeatureNotSupported as error:
            assert mode == "refuse" and error.diag.message_hint
        except psycopg.errors.InsufficientPrivilege:
            return
        first = one.execute("SELECT pg_backend_pid()").fetchone()
        if look:
            for _ in range(3):
                assert other.execute(look).fetchone() == (clean,)
                if mode == "on" and not leave.startswith("DO"):  # after a DO the server is reset
                    assert other.execute("SELECT pg_backend_pid()").fetchone() != first
                    assert one.execute("SELECT pg_backend_pid()").fetchone() == first
        one.close()
        with pgshunt.connect() as third, pgshunt.connect() as fourth:
            for connection in (third, fourth):
                connection.execute("BEGIN")
            if look:
                assert third.execute(look).fetchone() == (clean,)
                assert fourth.execute(look).fetchone() == (clean,)


@pytest.mark.ini(ONE)
def test_prepare_execute_deallocate_in_sql(pgshunt):
    with pgshunt.connect() as one:
        one.execute("PREPARE sum (int, int) AS SELECT $1 + $2")
        assert one.execute("EXECUTE sum (1, 2)").fetchone() == (3,)
        one.execute("DEALLOCATE sum")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            one.execute("EXECUTE sum (1, 2)")
        one.execute("PREPARE sum AS SELECT 1")
        one.execute("DEALLOCATE ALL")
    with pgshunt.connect() as other, pytest.raises(psycopg.errors.InvalidSqlStatementName):
        other.execute("EXECUTE sum (1, 2)")


@pytest.mark.ini({"pgshunt": {"default_pool_size": 4}})
def test_notifications_reach_who_listens(pgshunt):
    """And nobody else, now or later."""
    heard = {"listener": [], "other": [], "bob": [], "later": []}
    with pgshunt.connect() as listener, pgshunt.connect() as other, pgshunt.connect("bob") as bob:
        for name, connection in (("listener", listener), ("other", other), ("bob", bob)):
            connection.add_notify_handler(lambda note, name=name: heard[name].append((note.channel, note.payload)))
        listener.execute("LISTEN news")
        other.execute("NOTIFY news, 'from app'")
        bob.execute("NOTIFY news, 'from bob'")
        deadline = time.monotonic() + 3
        while len(heard["listener"]) < 2 and time.monotonic() < deadline:
            for connection in (listener, other, bob):
                connection.execute("SELECT 1")
        with pgshunt.connect() as later:
            listener.close()
            later.add_notify_handler(lambda note: heard["later"].append(note))
            for _ in range(5):
                other.execute("NOTIFY news, 'again'")
                later.execute("SELECT 1")
    assert sorted(heard.pop("listener")) == [("news", "from app"), ("news", "from bob")]
    assert not any(heard.values()), heard


@pytest.mark.ini(ONE)
def test_advisory_locks_end_with_their_client(pgshunt, cluster):
    """Within a second, whether it leaves politely or not."""
    for how in ("close", "reset"):
        peer = Raw(pgshunt.port).login("app", pgshunt.users["app"], cluster.database)
        peer.ask(parse("SELECT pg_advisory_lock($1)") + bind(["99"]) + execute() + sync())
        assert cluster.sql("c", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(1,)]
        getattr(peer, how)()
        pgshunt.wait(lambda: cluster.sql("c", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)], 1,
                     "the lock to be free")
    with pgshunt.connect() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(99)")
    assert cluster.sql("c", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


@pytest.mark.ini(THREE)
def test_sequences(pgshunt, cluster):
    """currval is one's own, or an error, never another client's."""
    cluster.sql("c", "DROP SEQUENCE IF EXISTS numbers; CREATE SEQUENCE numbers; GRANT ALL ON SEQUENCE numbers TO app")
    with pgshunt.connect() as one, pgshunt.connect() as other:
        with one.transaction():
            assert one.execute("SELECT nextval('numbers')").fetchone() == (1,)
            assert one.execute("SELECT currval('numbers')").fetchone() == (1,)
        for text in ("SELECT currval('numbers')", "SELECT lastval()"):
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
                other.execute(text)
    cluster.sql("c", "DROP SEQUENCE numbers")


# ---- how a client may go

@pytest.mark.ini({"pgshunt": {"default_pool_size": 1, "auth_type": "trust"}})
@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("state", ["open", "aborted", "copy in", "copy out", "suspended", "pipeline", "query"])
def test_a_client_that_dies(pgshunt, cluster, state, how):
    """In the midst of anything: what it did is undone, its server is not given on as it is."""
    peer = Raw(pgshunt.port).login("app", None, cluster.database)
    peer.ask(query("BEGIN; INSERT INTO notes VALUES (720, 'x'); SET work_mem = '5MB'"))
    steps = {"open": (query("SELECT 1"), "Z"), "aborted": (query("SELECT 1 / 0"), "Z"),
             "copy in": (query("COPY notes FROM STDIN"), "G"),
             "copy out": (query("COPY (SELECT generate_series(1, 1000000)) TO STDOUT"), "H"),
             "suspended": (parse("SELECT generate_series(1, 9)") + bind() + execute("", 2) + sync(), "Z"),
             "pipeline": (parse("SELECT 1") + bind(), ""), "query": (query("SELECT pg_sleep(0.4)"), "")}
    data, until = steps[state]
    peer.send(data)
    if until:
        peer.until(until)
    getattr(peer, how)()
    began = time.monotonic()
    with pgshunt.connect() as other:
        assert other.execute("SELECT count(*) FROM notes WHERE id = 720").fetchone() == (0,)
        assert other.execute("SELECT pg_current_xact_id_if_assigned() IS NULL").fetchone() == (True,)
        assert other.execute("SHOW work_mem").fetchone() != ("5MB",)
    assert time.monotonic() - began < 1.5
    pgshunt.wait(lambda: cluster.sql("c", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state LIKE "
                                     "'idle in transaction%'") == [(0,)], 2, "the transaction to be rolled back")


# ---- the unnamed statement

@pytest.mark.ini(ONE)
def test_the_unnamed_statement_is_ones_own(pgshunt):
    """It lasts over transactions and other clients, and a simple query ends it, as on PostgreSQL."""
    cluster = pgshunt.cluster
    for side in (pgshunt.port, cluster.port("c")):
        with Raw(side).login("app", pgshunt.users["app"], cluster.database) as one, \
                Raw(side).login("app", pgshunt.users["app"], cluster.database) as other:
            assert kinds(one.ask(parse("SELECT 'mine'") + sync())) == "1Z"
            other.ask(parse("SELECT 'other'") + sync())
            assert rows(one.ask(bind() + execute() + sync())) == [("mine",)]
            other.ask(query("SELECT 1"))
            assert rows(one.ask(bind() + execute() + sync())) == [("mine",)]
            assert rows(other.ask(parse("SELECT 'new'") + bind() + execute() + sync())) == [("new",)]
            one.ask(query("SELECT 1"))
            answer = one.ask(bind() + execute() + sync())
            assert kinds(answer) == "EZ" and sqlstates(answer) == ["26000"]


@pytest.mark.ini(ONE)
def test_set_local_in_each_transaction_keeps_the_server(pgshunt):
    """Row security by SET LOCAL app.tenant: who sets it itself may share a server that has seen it, also for the first
    time and with a BEGIN of its own; who never does gets another one."""
    who = "SELECT current_setting('app.tenant'), pg_backend_pid()"
    with pgshunt.connect() as one, pgshunt.connect() as other, pgshunt.connect(prepare_threshold=0) as third:
        used = set()
        for number in range(5):
            for name, connection in (("one", one), ("other", other), ("third", third)):
                with connection.transaction():
                    connection.execute(f"SET LOCAL app.tenant = '{name} {number}'")
                    value, pid = connection.execute(who).fetchone()
                    assert value == f"{name} {number}"
                    used.add(pid)
        assert len(used) == 1
        with pgshunt.connect() as stranger:
            assert stranger.execute("SELECT current_setting('app.tenant', true)").fetchone() == (None,)
