"""The protocol as a peer may speak it, well or badly: what comes back is what PostgreSQL would send."""

import struct
import time

import psycopg
import pytest

from cluster import raw
from cluster.raw import (Raw, bind, brief, close, copy_data, copy_done, copy_fail, describe, execute, extended, fields,
                         flush, kinds, message, packet, parse, query, rows, sqlstates, startup, sync, terminate, text)

TRUST = {"pgshunt": {"auth_type": "trust"}}
QUICK = {"pgshunt": {"auth_type": "trust", "client_login_timeout": 1}}


def opened(pgshunt, user="app", **parameters):
    """A session through pgshunt."""
    return Raw(pgshunt.port).login(user, pgshunt.users[user], pgshunt.cluster.database, **parameters)


def straight(cluster, user="app", **parameters):
    """The same on the coordinator."""
    return Raw(cluster.port("c")).login(user, cluster.password(user), cluster.database, **parameters)


def answers(side, steps):
    """What one side says to each step."""
    result = []
    with side:
        for step in steps:
            data, until = step if isinstance(step, tuple) else (step, 1)
            side.send(data)
            result.append(brief(side.until(until) if isinstance(until, str) else side.until_ready(until)))
    return result


def compare(pgshunt, *steps):
    """Has the same conversation with PostgreSQL and with pgshunt; both must answer the same. A step is bytes, or a pair
    of bytes and the number of ReadyForQuery that they are answered by (1), or a text of types to read up to."""
    expected = answers(straight(pgshunt.cluster), steps)
    given = answers(opened(pgshunt), steps)
    for step, right, ours in zip(steps, expected, given):
        assert ours == right, f"after {step!r}"[:400]


# ---- before the login

LENGTHS = [0, 3, 4, 7, 8, 9, 10000, 10001, 2 ** 16, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]


@pytest.mark.ini(QUICK)
def test_first_bytes_of_every_kind(pgshunt):
    """Whatever comes first, whole or in pieces: an error 08P01 or silence, an end in time, never an echo."""
    tried = []
    for first in range(0, 256, 5):
        for length in LENGTHS:
            data = bytes([first]) + struct.pack("!I", length) + b"echo" * 8
            tried.append((data, Raw(pgshunt.port)))
            tried[-1][1].send(data)
        data = struct.pack("!I", LENGTHS[first % len(LENGTHS)]) + bytes([first]) * 9
        tried.append((data, Raw(pgshunt.port).send_split(data)))
    for data, peer in tried:
        answer = peer.until_closed()
        assert all(kind == "E" for kind, _ in answer), (data, answer)
        assert sqlstates(answer) in ([], ["08P01"]), (data, answer)
        assert all(b"echo" not in body for _, body in answer)
        peer.close()


@pytest.mark.ini(QUICK)
def test_messages_before_the_startup_packet(pgshunt):
    for kind in "QPBDECHSFXdcfp":
        with Raw(pgshunt.port) as peer:
            answer = peer.send(message(kind, b"\0" * 8)).until_closed()
            assert sqlstates(answer) in ([], ["08P01"]), kind


def startup_bodies(user, database):
    """Bodies of startup packets, good and bad."""
    pair = text("user") + text(user)
    base = text("database") + text(database)
    return [
        pair + base + b"\0", pair + base, pair, b"", b"\0", pair + b"\0", base + b"\0",
        pair + b"\0" + base + b"\0", text("user") + b"\0", pair + text("database") + b"\0",
        text("user") + text("") + base + b"\0", pair + text("database") + text("") + b"\0",
        pair + base + text("application_name") + text("x") + b"\0",
        pair + base + text("application_name") + b"\0", pair + base + text("options") + text("-c work_mem=1MB") + b"\0",
        pair + base + text("no_such_setting") + text("1") + b"\0",
        pair + base + text("datestyle") + text("bad") + b"\0",
        pair + base + text("options") + text("work_mem=1MB") + b"\0", pair + base + b"\0\0", b"user", b"user\0app",
        pair + base + text("client_encoding") + text("LATIN1") + b"\0",
        pair + base + text("client_encoding") + text("nothing") + b"\0",
    ]


def outcome(port, data, password):
    """How a startup packet ends: the SQLSTATE, or "in"."""
    with Raw(port) as peer:
        scram = raw.Scram(password)
        peer.send(data)
        for kind, body in iter(lambda: (peer.until("RZE") or [("", b"")])[-1], None):
            if kind == "R":
                answer = scram.answer(body, "app")
                if answer is not None:
                    peer.send(message("p", answer))
            elif kind == "E":
                return fields(body)["C"]
            else:
                return "in" if kind == "Z" else "closed"
    return None


@pytest.mark.ini({"pgshunt": {"client_login_timeout": 3}})
def test_startup_packets_end_as_on_postgresql(pgshunt, cluster):
    """A packet that PostgreSQL refuses is refused, one that it takes is taken. The first query is part of it, since
    settings are only looked at by a server."""
    password = cluster.password("app")
    for body in startup_bodies("app", cluster.database):
        data = packet(raw.V3, body)
        ours, theirs = (outcome(port, data, password) for port in (pgshunt.port, cluster.port("c")))
        if body.startswith(text("user") + text("app") + b"\0") or b"bad" in body or b"no_such" in body \
                or b"nothing" in body or b"\0\0\0" in body:
            continue
        assert (ours == "in") == (theirs == "in"), (body, ours, theirs)
        if theirs == "08P01":
            assert ours == "08P01", body


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("size,good", [(10000, True), (10001, False)])
def test_the_longest_startup_packet(pgshunt, size, good):
    def sized(length):
        base = text("user") + text("app") + text("database") + text(pgshunt.cluster.database)
        return base + text("application_name") + text("x" * length) + b"\0"

    body = sized(size - 8 - len(sized(0)))
    with Raw(pgshunt.port) as peer:
        peer.send(packet(raw.V3, body))
        answer = peer.until("ZE")
        assert answer[-1][0] == ("Z" if good else "E")
        assert good or sqlstates(answer) == ["08P01"]


@pytest.mark.ini(TRUST)
def test_a_refused_startup_setting_is_told(pgshunt):
    """pgshunt learns it from a server; the client must learn it, too, and others must not be harmed."""
    with opened(pgshunt) as other:
        for name, value in (("no_such_setting", "1"), ("datestyle", "bad"), ("client_encoding", "nothing")):
            with Raw(pgshunt.port) as peer:
                peer.send(startup(user="app", database=pgshunt.cluster.database, **{name: value}))
                answer = peer.until("ZE")
                if answer[-1][0] == "Z":
                    answer = peer.ask(query("SELECT 1"))
                assert sqlstates(answer) in (["42704"], ["22023"]), (name, answer)
        assert other.simple("SELECT 1") == [("1",)]


@pytest.mark.ini(TRUST)
def test_requests_for_encryption(pgshunt):
    """One of each kind is answered N; the second of a kind, and bytes ahead of their time, end the connection."""
    ssl, gss = packet(raw.SSL_REQUEST), packet(raw.GSS_REQUEST)
    with Raw(pgshunt.port) as peer:
        assert peer.send(ssl).read(1) == b"N"
        assert peer.send(gss).read(1) == b"N"
        assert sqlstates(peer.send(ssl).until_closed()) == ["08P01"]
    for request in (ssl, gss):
        with Raw(pgshunt.port) as peer:
            assert peer.send(request).read(1) == b"N"
            assert peer.login("app", None, pgshunt.cluster.database).simple("SELECT 1") == [("1",)]
        with Raw(pgshunt.port) as peer:
            peer.send(request + startup(user="app", database=pgshunt.cluster.database))
            answer = peer.until_closed()
            assert kinds(answer) == "E" and sqlstates(answer) == ["08P01"]
    with Raw(pgshunt.port) as peer:
        peer.send((ssl + gss) * 10000)
        try:
            peer.until_closed()
        except (struct.error, OSError):
            pass


@pytest.mark.ini(TRUST)
def test_a_startup_packet_byte_by_byte(pgshunt):
    with Raw(pgshunt.port) as peer:
        peer.send_split(packet(raw.SSL_REQUEST))
        assert peer.read(1) == b"N"
        peer.send_split(startup(user="app", database=pgshunt.cluster.database))
        assert peer.until_ready()[-1] == ("Z", b"I")


@pytest.mark.ini(TRUST)
def test_a_newer_protocol_is_negotiated_down(pgshunt):
    with Raw(pgshunt.port) as peer:
        peer.send(startup((3 << 16) + 2, user="app", database=pgshunt.cluster.database, **{"_pq_.option": "1"}))
        answer = peer.until_ready()
        assert answer[0] == ("v", struct.pack("!ii", raw.V3, 1) + text("_pq_.option"))
        assert [len(body) for kind, body in answer if kind == "K"] == [8]
        assert peer.simple("SELECT 1") == [("1",)]
    for version in (2 << 16, 4 << 16, 1234 << 16):
        with Raw(pgshunt.port) as peer:
            answer = peer.send(startup(version, user="app")).until_closed()
            assert sqlstates(answer) == ["08P01"]


@pytest.mark.ini({"pgshunt": {"client_login_timeout": 2}})
def test_messages_in_the_midst_of_the_login(pgshunt):
    for kind in "QPBDECHSFdcf":
        with Raw(pgshunt.port) as peer:
            peer.send(startup(user="app", database=pgshunt.cluster.database)).until("R")
            assert sqlstates(peer.send(message(kind, b"x\0")).until_closed()) == ["08P01"], kind
    bad = [b"", text("SCRAM-SHA-256"), text("SCRAM-SHA-256") + b"\xff\xff\xff\xff", text("") + struct.pack("!i", 0),
           text("SCRAM-SHA-256") + struct.pack("!i", 500) + b"n,,n=,r=x", text("SCRAM-SHA-256") + b"\0\0\0\5n,,n=",
           text("OTHER") + b"\0\0\0\5n,,n=", text("SCRAM-SHA-256-PLUS") + b"\0\0\0\x0bn,,n=,r=abc",
           text("SCRAM-SHA-256") + struct.pack("!i", 11) + b"y,,n=,r=abc" + b"more", text("password")]
    for body in bad:
        with Raw(pgshunt.port) as peer:
            peer.send(startup(user="app", database=pgshunt.cluster.database)).until("R")
            answer = peer.send(message("p", body)).until_closed()
            assert sqlstates(answer) in (["08P01"], ["28P01"]), body


# ---- after the login: messages that are wrong

MALFORMED = {
    "unknown type": message("z"),
    "type NUL": message("\0"),
    "a server's message": message("R", b"\0\0\0\0"),
    "length 0": b"Q\0\0\0\0",
    "length 3": b"S\0\0\0\3",
    "negative length": b"Q\xff\xff\xff\xff",
    "Query without its end": message("Q", b"SELECT 1"),
    "Query with a tail": message("Q", b"SELECT 1\0more"),
    "Query of nothing": message("Q"),
    "Parse of nothing": message("P"),
    "Parse with one string": message("P", b"a\0"),
    "Parse with too many types": message("P", b"a\0SELECT 1\0\xff\xff"),
    "Parse with a tail": message("P", b"\0SELECT 1\0\0\0more"),
    "Bind of nothing": message("B"),
    "Bind with a long value": message("B", b"\0\0\0\0\0\1\x7f\xff\xff\xffx\0\0"),
    "Bind with a negative length": message("B", b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"),
    "Bind with a tail": message("B", b"\0\0\0\0\0\0\0\0x"),
    "Describe of nothing": message("D"),
    "Describe of another kind": message("D", b"X\0"),
    "Close of another kind": message("C", b"X\0"),
    "Execute without a count": message("E", b"\0"),
    "Sync with a body": message("S", b"x"),
    "Flush with a body": message("H", b"x"),
    "password": message("p", b"x\0"),
}


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_messages(pgshunt, data):
    """FATAL 08P01, at rest and in a transaction, and nobody else is harmed."""
    with opened(pgshunt) as other:
        for before in ("", "BEGIN; SELECT 1"):
            with opened(pgshunt) as peer:
                if before:
                    peer.ask(query(before))
                answer = peer.send(data + sync()).until_closed()
                assert brief(answer) in ([("E", "FATAL", "08P01")],), answer
        assert other.simple("SELECT 2") == [("2",)]


@pytest.mark.ini({"pgshunt": {"auth_type": "trust", "pool_mode": "session"}})
def test_malformed_messages_in_session_mode(pgshunt):
    """What has a length and a type is the server's to judge; whoever comes next is not harmed."""
    for data in MALFORMED.values():
        with opened(pgshunt) as ours, straight(pgshunt.cluster) as right:
            given, expected = (sqlstates(side.send(data + sync() + terminate()).until_closed())
                               for side in (ours, right))
            assert given in (["08P01"], expected), data
    with pgshunt.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.ini(TRUST)
def test_messages_out_of_order(pgshunt):
    """Where PostgreSQL forgives, so does pgshunt."""
    compare(pgshunt, sync(), flush() + sync(), execute() + sync(), describe() + sync(), describe("S", "none") + sync(),
            close("S", "none") + close("P", "none") + sync(), bind() + sync(), bind(name="none") + sync(),
            copy_data(b"x") + copy_done() + copy_fail() + query("SELECT 1"),
            copy_done() + sync(), execute("none") + sync(), parse("") + bind() + execute() + sync(), query(""),
            query(";"), query(";;SELECT 1;;"), parse("SELECT 1") + parse("SELECT 2") + bind() + execute() + sync())


@pytest.mark.ini(TRUST)
def test_a_packet_over_the_limit(make_pgshunt):
    pgshunt = make_pgshunt({"pgshunt": {"auth_type": "trust", "max_packet_size": 100000}})
    with opened(pgshunt) as peer:
        assert peer.simple(f"SELECT length('{'x' * 90000}')") == [("90000",)]
        assert brief(peer.send(query("x" * 100001)).until_closed()) == [("E", "FATAL", "54000")]


# ---- framing

CONVERSATION = [
    (query("SELECT 1; SELECT 'two'"), 1),
    (extended("SELECT $1::int + 1", ["41"]), 1),
    (parse("SELECT $1::text, $2::int8", "s1") + describe("S", "s1") + sync(), 1),
    (bind(["a", None], "s1", "p1") + execute("p1") + close("P", "p1") + close("S", "s1") + sync(), 1),
    (query("BEGIN") + query("CREATE TEMP TABLE split (a int, b text) ON COMMIT DROP"), 2),
    (query("COPY split FROM STDIN"), "GE"),
    (copy_data(b"1\tone\n") + copy_data(b"2\ttwo\n3\t") + copy_data(b"three\n") + copy_done(), 1),
    (query("COPY split TO STDOUT"), 1),
    (extended("COPY split TO STDOUT"), 1),
    (parse("COPY split FROM STDIN") + bind() + execute() + copy_data(b"4\tfour\n") + copy_done() + sync(), 1),
    (query("SELECT count(*) FROM split") + query("SELECT 1 / 0") + query("ROLLBACK"), 3),
    (query("SELECT error") + sync(), 2),
]


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("step", [1, 2, 5, 7, 1000000])
def test_messages_split_anywhere(pgshunt, step):
    """The whole conversation, in pieces of every size, is answered as it is by PostgreSQL in one piece."""
    with opened(pgshunt) as peer, straight(pgshunt.cluster) as other:
        for data, until in CONVERSATION:
            ours, right = (brief(side.until(until) if isinstance(until, str) else side.until_ready(until))
                           for side in (peer.send_split(data, step), other.send(data)))
            assert ours == right


@pytest.mark.ini(TRUST)
def test_messages_split_in_two(pgshunt):
    """The split at every byte, with a pause that lets the first part arrive alone."""
    data = query("SELECT 1") + extended("SELECT $1::text", ["x"], "named") + close("S", "named") + sync()
    with opened(pgshunt) as peer:
        expected = brief(peer.ask(data, 3))
        for at in range(1, len(data)):
            peer.send(data[:at])
            time.sleep(0.002)
            assert brief(peer.ask(data[at:], 3)) == expected, at


@pytest.mark.ini(TRUST)
def test_many_messages_in_one_write(pgshunt):
    with opened(pgshunt) as peer:
        answer = peer.ask(b"".join(query(f"SELECT {n}") for n in range(500)), 500)
        assert rows(answer) == [(str(n),) for n in range(500)]
        answer = peer.ask(b"".join(extended("SELECT $1::int", [str(n)]) for n in range(500)), 500)
        assert rows(answer) == [(str(n),) for n in range(500)]


@pytest.mark.ini(TRUST)
def test_a_thousand_syncs(pgshunt):
    with opened(pgshunt) as peer:
        answer = peer.ask(sync() * 1000, 1000)
        assert answer == [("Z", b"I")] * 1000
        peer.send_split(sync())
        assert peer.until_ready() == [("Z", b"I")]
        peer.ask(query("BEGIN"))
        peer.ask(query("SELECT 1"))
        assert peer.ask(sync() * 1000, 1000) == [("Z", b"T")] * 1000
        peer.ask(query("ROLLBACK"))


KB = 1024
SIZES = [1, 64 * KB - 1, 64 * KB, 64 * KB + 1, 256 * KB - 1, 256 * KB, 256 * KB + 1, 20 * KB * KB]


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("size", SIZES)
def test_large_messages(pgshunt, size):
    """As a literal, as a parameter, of a named statement, in a transaction; and back."""
    value = "x" * size
    with opened(pgshunt) as peer:
        assert peer.simple(f"SELECT length('{value}')") == [(str(size),)]
        assert rows(peer.ask(extended("SELECT length($1)", [value]))) == [(str(size),)]
        peer.ask(parse("SELECT $1::text", "echo") + sync())
        assert rows(peer.ask(bind([value], "echo") + execute() + sync())) == [(value,)]
        peer.ask(query("BEGIN"))
        assert rows(peer.ask(bind([value], "echo") + execute() + sync())) == [(value,)]
        assert peer.simple(f"SELECT length('{value}')") == [(str(size),)]
        assert peer.ask(query("COMMIT"))[-1] == ("Z", b"I")
        assert peer.simple(f"SELECT repeat('y', {size})") == [("y" * size,)]
        answer = peer.ask(parse(f"SELECT 1 /* {value} */", "long") + bind((), "long") + execute() + sync())
        assert rows(answer) == [("1",)]


# ---- errors in pipelines

def wrong(at, end):
    """A pipeline of four statements of which one fails, with something between them."""
    parts = []
    for n in range(4):
        sql = "SELECT 1 / 0" if n == at else f"SELECT {n}"
        parts.append(parse(sql, f"w{n}" if n % 2 else "") + bind((), f"w{n}" if n % 2 else "") + describe() + execute())
        parts.append(end)
    return b"".join(parts)


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("end", ["sync", "flush", "two syncs", "query", "nothing"])
def test_an_error_in_a_pipeline(pgshunt, at, end):
    """Skips to the Sync as PostgreSQL does; as many ReadyForQuery as Syncs and Queries."""
    between, count = {"sync": (sync(), 5), "flush": (flush(), 1), "two syncs": (sync() * 2, 9),
                      "query": (sync() + query("SELECT 'q'"), 9), "nothing": (b"", 1)}[end]
    forget = b"".join(close("S", f"w{n}") for n in range(4)) + sync()
    compare(pgshunt, (wrong(at, between) + sync(), count), forget, query("SELECT 'fine'"))


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("bad", [parse("SELECT syntax error here"), bind(name="unknown"), describe("S", "unknown"),
                                 parse("SELECT 1", "taken") + parse("SELECT 1", "taken"), execute("unknown"),
                                 parse("SELECT $1::int") + bind(["no number"]), parse("SELECT 1") + bind(["1", "2"])],
                         ids=["parse", "bind", "describe", "taken", "execute", "value", "count"])
def test_an_error_of_each_message(pgshunt, bad):
    for block in (False, True):
        start = [query("BEGIN"), query("SELECT 0")] if block else []
        compare(pgshunt, *start, parse("SELECT 1") + bind() + execute() + bad + parse("SELECT 2") + bind() + execute()
                + sync(), sync(), query("SELECT 'after'"), query("ROLLBACK"), close("S", "taken") + sync(),
                extended("SELECT 'end'"))


@pytest.mark.ini(TRUST)
def test_a_failed_pipeline_undoes_what_was_before(pgshunt, direct):
    with opened(pgshunt) as peer:
        peer.ask(parse("INSERT INTO notes VALUES (800, 'x')") + bind() + execute() + parse("SELECT 1 / 0") + bind()
                 + execute() + sync())
        peer.ask(query("INSERT INTO notes VALUES (801, 'x'); SELECT 1 / 0"))
    assert direct.execute("SELECT count(*) FROM notes WHERE id >= 800").fetchone() == (0,)


@pytest.mark.ini(TRUST)
def test_transactions_in_pipelines(pgshunt):
    begin, commit, rollback = (parse(word) + bind() + execute() for word in ("BEGIN", "COMMIT", "ROLLBACK"))
    one, bad = (parse(sql) + bind() + execute() for sql in ("SELECT 1", "SELECT 1 / 0"))
    compare(pgshunt, begin + one + commit + sync(), begin + sync() + commit + sync(), (begin + sync(), 1),
            one + sync(), commit + sync(), begin + bad + commit + sync(), commit + sync(),
            (begin + sync() + one + sync() + bad + sync() + one + sync() + rollback + sync(), 5),
            (query("BEGIN") + query("SELECT 1") + query("COMMIT"), 3), query("BEGIN; SELECT 1; COMMIT"),
            query("BEGIN; SELECT 1"), query("SELECT 1; COMMIT; SELECT 2"), query("BEGIN"), query("BEGIN"),
            query("COMMIT"), query("COMMIT"), query("ROLLBACK"), query("BEGIN"), query("SELECT 1 / 0"),
            query("SELECT 1"), query("COMMIT AND CHAIN"), query("ROLLBACK"),
            query("START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY"), query("SHOW transaction_isolation"),
            query("SHOW transaction_read_only"), query("COMMIT"), query("BEGIN READ ONLY"),
            query("INSERT INTO notes VALUES (805, 'x')"), query("COMMIT"), query("SHOW transaction_isolation"))


@pytest.mark.ini(TRUST)
def test_suspended_portals(pgshunt):
    series = parse("SELECT generate_series(1, 5)") + bind((), portal="p")
    compare(pgshunt, query("BEGIN"), series + execute("p", 2) + sync(), execute("p", 2) + sync(),
            execute("p", 2) + sync(), execute("p", 2) + sync(), query("COMMIT"), execute("p", 2) + sync(),
            (series + execute("p", 2) + flush(), "s"), (execute("p", 1) + flush(), "s"), execute("p") + sync())


# ---- COPY

def lines(count, width=200):
    """Data for COPY."""
    return b"".join(b"%d\t%s\n" % (n, b"c" * width) for n in range(count))


@pytest.fixture(name="copied")
def copied_fixture(cluster):
    """A table of the coordinator to copy to and from."""
    cluster.sql("c", "CREATE TABLE copied (a int, b text)", user="app")
    yield cluster
    cluster.sql("c", "DROP TABLE copied", user="app")


@pytest.mark.ini(TRUST)
@pytest.mark.parametrize("way", ["simple", "extended"])
def test_a_big_copy_in_and_out(pgshunt, copied, way):
    data = lines(50000)
    into, out = "COPY copied FROM STDIN", "COPY copied TO STDOUT"
    with opened(pgshunt) as peer:
        if way == "simple":
            peer.send(query(into))
            assert peer.until("GE")[-1][0] == "G"
        else:
            peer.send(parse(into) + bind() + execute() + flush())
            assert kinds(peer.until("GE")) == "12G"
        for at in range(0, len(data), 100001):
            peer.send(copy_data(data[at:at + 100001]))
        answer = peer.ask(copy_done() + (sync() if way == "extended" else b""))
        assert brief(answer) == [("C", b"COPY 50000\0"), ("Z", b"I")]
        answer = peer.ask(query(out) if way == "simple" else extended(out))
        assert b"".join(body for kind, body in answer if kind == "d") == data
        assert peer.simple("SELECT count(*) FROM copied") == [("50000",)]


@pytest.mark.ini(TRUST)
def test_copies_that_fail(pgshunt, copied):  # pylint: disable=unused-argument
    """By the client, by a bad line early and late, by a constraint, by a wrong message; in and out of transactions."""
    into = parse("COPY copied FROM STDIN") + bind() + execute()
    good, bad = copy_data(b"1\tone\n"), copy_data(b"not a number\tx\n")
    for block in (False, True):
        compare(pgshunt, *([query("BEGIN"), query("SELECT 1")] if block else []),
                (query("COPY copied FROM STDIN"), "GE"), good + copy_fail(),
                *([query("ROLLBACK"), query("BEGIN")] if block else []),
                (query("COPY copied FROM STDIN"), "GE"), good + bad + good * 1000 + copy_done(),
                *([query("ROLLBACK"), query("BEGIN")] if block else []),
                query("COPY copied FROM STDIN; SELECT 1") + bad + copy_done(),
                *([query("ROLLBACK")] if block else []),
                into + good + copy_fail() + sync(), into + bad + good + copy_done() + sync(),
                (into + flush(), "G"), good + copy_done() + sync(),
                (into + sync() + good + sync() + copy_done() + sync(), 1),
                query("SELECT count(*) FROM copied"),
                query("COPY (SELECT 1 / (n - 3000) FROM generate_series(1, 5000) n) TO STDOUT"),
                extended("COPY (SELECT 1 / (n - 3000) FROM generate_series(1, 5000) n) TO STDOUT"),
                query("COPY copied FROM STDIN (FORMAT nothing)"), query("TRUNCATE copied"))


@pytest.mark.ini(TRUST)
def test_several_copies_in_one_query(pgshunt, copied):  # pylint: disable=unused-argument
    compare(pgshunt, (query("COPY copied FROM STDIN; COPY copied FROM STDIN; SELECT count(*) FROM copied"), "G"),
            (copy_data(b"1\tone\n") + copy_done(), "G"), copy_data(b"2\ttwo\n") + copy_done(),
            query("COPY copied TO STDOUT; COPY copied TO STDOUT; SELECT 1"), query("TRUNCATE copied"))


@pytest.mark.ini({"pgshunt": {"auth_type": "trust", "default_pool_size": 1}})
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_gone_in_the_midst_of_a_copy(pgshunt, copied, how):
    """Nothing of it stays, and the one slot of the pool is free within a second."""
    for sql in ("COPY copied FROM STDIN", "COPY (SELECT generate_series(1, 3000000)) TO STDOUT"):
        peer = opened(pgshunt)
        peer.send(query(sql)).until("GH")
        if "FROM" in sql:
            peer.send(copy_data(b"1\tone\n"))
        getattr(peer, how)()
        began = time.monotonic()
        with opened(pgshunt) as other:
            assert other.simple("SELECT count(*) FROM copied") == [("0",)]
        assert time.monotonic() - began < 1.5
    assert copied.sql("c", "SELECT count(*) FROM copied") == [(0,)]


@pytest.mark.ini(TRUST)
def test_a_reader_that_stops_reading(pgshunt):
    """pgshunt holds little for it, and the others go on."""
    with opened(pgshunt) as peer, opened(pgshunt) as other:
        before = pgshunt.memory()
        peer.send(query("SELECT repeat('x', 10000) FROM generate_series(1, 20000)"))
        for _ in range(10):
            time.sleep(0.05)
            assert other.simple("SELECT 1") == [("1",)]
        assert pgshunt.memory() - before < 40 * KB * KB
        assert len(rows(peer.until_ready())) == 20000


@pytest.mark.ini(TRUST)
def test_terminate_while_a_query_runs(pgshunt, cluster):
    """Behind a query it is heard after the query, as PostgreSQL does; neither the query nor its answer is lost."""
    with opened(pgshunt) as peer:
        answer = peer.send(query("INSERT INTO notes SELECT 810, pg_sleep(0.2)::text") + terminate()).until_closed()
        assert brief(answer) == [("C", b"INSERT 0 1\0"), ("Z", b"I")]
    assert cluster.sql("c", "SELECT count(*) FROM notes WHERE id = 810") == [(1,)]
    cluster.sql("c", "DELETE FROM notes WHERE id = 810")
    with opened(pgshunt) as peer:
        answer = peer.send(query("SELECT repeat('x', 1000000)") + terminate()).until_closed()
        assert rows(answer) == [("x" * 1000000,)]


@pytest.mark.ini(TRUST)
def test_function_calls(pgshunt, direct):
    """The old FunctionCall message."""
    oid = direct.execute("SELECT 'int4pl(int4,int4)'::regprocedure::oid").fetchone()[0]
    call = message("F", struct.pack("!ihhhihihh", oid, 1, 0, 2, 1, ord("3") << 8 >> 8, 1, 0, 0))
    good = message("F", struct.pack("!ihh", oid, 0, 2) + struct.pack("!i", 1) + b"3" + struct.pack("!i", 1) + b"4"
                   + struct.pack("!h", 0))
    compare(pgshunt, good, query("BEGIN"), good, query("COMMIT"), call[:0] + good, query("SELECT 1"))


@pytest.mark.ini(TRUST)
def test_notices_come_through(pgshunt):
    notices = []
    with pgshunt.connect() as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        connection.execute("DO $$ BEGIN RAISE NOTICE 'hear %', 'this'; END $$")
    assert notices == ["hear this"]


@pytest.mark.ini(TRUST)
def test_psycopg_pipelines(pgshunt):
    with pgshunt.connect() as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int", [n]) for n in range(200)]
            assert [cursor.fetchone()[0] for cursor in cursors] == list(range(200))
        with pytest.raises(psycopg.errors.DivisionByZero), connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT 1 / 0")
            connection.execute("SELECT 2")
        assert connection.execute("SELECT 3").fetchone() == (3,)
