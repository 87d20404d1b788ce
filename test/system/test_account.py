"""Sequences of messages, right and wrong ones, get the same answers through pgshunt as from PostgreSQL itself.

A sequence is made from a seed: Parse, Bind, Describe, Execute, Close, Flush, Sync, Query, FunctionCall and COPY, with
names that are not there, texts that fail, transactions left open. It is sent in one piece or in several, straight to a
server, through pgshunt in transaction mode and through pgshunt in session mode. What came back must be equal: each
type, tag, status, row, and the SQLSTATE of each error.
"""

import random
import struct
import time

import psycopg
import pytest

from cluster.raw import (Closed, Raw, bind, brief, close, copy_data, copy_done, copy_fail, describe, execute, flush,
                         message, parse, query, sync)

INT4PL, MISSING_FUNCTION = 177, 999999
MARKER, READY, FAILED, SECONDS = b"the end of the sequence", ("Z", b"I"), ("Z", b"E"), 5

# Each does the same whenever it runs, given the ones before it.
STATEMENTS = [
    "SELECT 1", "SELECT generate_series(1, 5)", "SELECT 1 / 0", "SELEC 1", "SELECT * FROM account_missing",
    "INSERT INTO account_rows VALUES (1)", "INSERT INTO account_rows SELECT generate_series(10, 20)",
    "DELETE FROM account_rows", "SELECT count(*) FROM account_rows", "UPDATE account_rows SET id = id",
    "INSERT INTO account_later VALUES (7)", "SHOW work_mem", "SET work_mem = '3MB'", "SET LOCAL work_mem = '5MB'", "",
    "COPY (SELECT generate_series(1, 3)) TO STDOUT", "COPY account_missing FROM STDIN", "DEALLOCATE s1",
    "DEALLOCATE missing", "DEALLOCATE ALL", "DECLARE c CURSOR FOR SELECT generate_series(1, 5)", "FETCH 2 FROM c",
]
CONTROL = ["BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "START TRANSACTION",
           "BEGIN ISOLATION LEVEL SERIALIZABLE", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"]
SEVERAL = ["SELECT 1; SELECT 2", "SELECT 1; SELECT 1 / 0; SELECT 2", "BEGIN; SELECT 1", "COMMIT; BEGIN", ";",
           "SELECT 1; COMMIT", "INSERT INTO account_rows VALUES (2); SELECT 1 / 0", "BEGIN; COMMIT; SELECT 3",
           "INSERT INTO account_rows VALUES (3); ROLLBACK; SELECT 4"]
PARAMETERS = ["SELECT $1::int4 + 1", "INSERT INTO account_rows VALUES ($1)", "SELECT $1::text, $2::int4"]
COPY = "COPY account_rows FROM STDIN"
COPY_SEVERAL = ["SELECT 1; " + COPY, COPY + "; SELECT 2", COPY + "; " + COPY]


class Sequence:
    """A list of messages that is made of a seed. Each is (its name for people, its bytes)."""

    def __init__(self, seed):
        """Makes it."""
        self.random = random.Random(seed)
        self.messages = []
        for _ in range(self.random.randint(1, 12)):
            self.random.choices(
                [self.add_parse, self.add_bind, self.add_execute, self.add_describe, self.add_close, self.add_sync,
                 self.add_flush, self.add_query, self.add_function, self.add_round, self.add_copy_simple,
                 self.add_copy_extended, self.add_stray],
                [4, 4, 4, 3, 2, 6, 2, 6, 1, 8, 1, 1, 1])[0]()

    def add(self, name, data):
        """Appends one message."""
        self.messages.append((name, data))

    def one(self, *choices):
        """One of them."""
        return self.random.choice(choices)

    def statement(self):
        """The text of one statement."""
        return self.random.choices([self.one(*STATEMENTS), self.one(*CONTROL), self.one(*PARAMETERS)], [5, 3, 3])[0]

    def add_parse(self, name=None, sql=None):
        """Parse; two statements in one are refused by the server."""
        name = self.one("", "s1", "s2") if name is None else name
        sql = sql or (self.statement() if self.random.random() < 0.95 else self.one(*SEVERAL))
        self.add(f"P {name!r} {sql!r}", parse(sql, name))

    def add_bind(self, portal=None, name=None, count=None):
        """Bind, with the number of values that the server expects or another."""
        portal = self.one("", "", "p1") if portal is None else portal
        name = self.one("", "s1", "s2", "s2", "missing") if name is None else name
        values = [self.one("1", "41", "x", None) for _ in range(self.one(0, 0, 0, 1, 1, 2) if count is None else count)]
        self.add(f"B {portal!r} {name!r} {values}", bind(values, name, portal))

    def add_execute(self, portal=None):
        """Execute, of all rows or of some."""
        portal = self.one("", "", "p1", "missing") if portal is None else portal
        rows = self.one(0, 0, 2)
        self.add(f"E {portal!r} {rows}", execute(portal, rows))

    def add_describe(self):
        """Describe"""
        kind, name = self.one(("S", ""), ("S", "s1"), ("S", "s2"), ("S", "missing"), ("P", ""), ("P", "p1"))
        self.add(f"D {kind} {name!r}", describe(kind, name))

    def add_close(self):
        """Close"""
        kind, name = self.one(("S", ""), ("S", "s1"), ("S", "s2"), ("S", "missing"), ("P", ""), ("P", "p1"))
        self.add(f"C {kind} {name!r}", close(kind, name))

    def add_sync(self):
        """Sync"""
        self.add("S", sync())

    def add_flush(self):
        """Flush"""
        self.add("H", flush())

    def add_query(self):
        """Query"""
        sql = self.statement() if self.random.random() < 0.7 else self.one(*SEVERAL)
        self.add(f"Q {sql!r}", query(sql))

    def add_function(self):
        """FunctionCall"""
        oid = self.one(INT4PL, INT4PL, MISSING_FUNCTION)
        self.add(f"F {oid}", function_call(oid, "1", "2"))

    def add_round(self):
        """What drivers send: Parse, Bind, Describe, Execute, Sync."""
        name, sql = self.one("", "s1", "s2"), self.statement()
        count = sql.count("$")
        if self.random.random() < 0.7:
            self.add_parse(name, sql)
        self.add_bind("", name, count)
        if self.random.random() < 0.6:
            self.add("D P ''", describe())
        self.add_execute("")
        if self.random.random() < 0.9:
            self.add_sync()

    def add_rows(self):
        """CopyData, good and bad, and the end of it."""
        for _ in range(self.random.randint(0, 3)):
            data = self.one(b"100\n", b"101\n102\n", b"10", b"3\n", b"x\n", b"100\n", b"\\.\n", b"")
            self.add(f"d {data}", copy_data(data))
        if self.random.random() < 0.7:
            self.add("c", copy_done())
        else:
            self.add("f", copy_fail())

    def add_copy_simple(self):
        """COPY FROM STDIN by Query."""
        sql = self.one(COPY, COPY, *COPY_SEVERAL)
        self.add(f"Q {sql!r}", query(sql))
        for _ in range(sql.count("COPY")):
            self.add_rows()

    def add_copy_extended(self):
        """COPY FROM STDIN by Parse, Bind, Execute; as libpq does it there is a Sync in between, which nobody answers."""
        self.add_parse("", COPY)
        self.add_bind("", "", 0)
        self.add("E ''", execute())
        if self.random.random() < 0.5:
            self.add_sync()
        self.add_rows()
        self.add_sync()

    def add_stray(self):
        """COPY messages outside of COPY, which are ignored."""
        self.add(*self.one(("d", copy_data(b"1\n")), ("c", copy_done()), ("f", copy_fail())))


def function_call(oid, *values):
    """FunctionCall with text arguments."""
    arguments = b"".join(struct.pack("!i", len(value)) + value.encode() for value in values)
    return message("F", struct.pack("!ihh", oid, 0, len(values)) + arguments + struct.pack("!h", 0))


def send(raw, messages, cuts):
    """Sends a sequence, in one piece or cut at those places."""
    data, start = b"".join(data for _, data in messages), 0
    for cut in cuts:
        raw.send(data[start:cut])
        start = cut
        time.sleep(0.001)
    raw.send(data[start:])


def until_marker(raw):
    """Ends a sequence whatever state it is in, and reads to the end of that: the answers in a form that can be compared.
    ("closed",) or ("silent",) stands at the end if the connection ended or nothing came."""
    found, answer = [], (None, b"")
    try:
        raw.send(copy_fail() + sync() + query("ROLLBACK") + query(f"SELECT '{MARKER.decode()}'"))
        while answer != ("Z", b"I") or MARKER not in b"".join(body for kind, body in found[-4:] if kind == "D"):
            answer = raw.one()
            found.append(answer)
    except (Closed, ConnectionError):
        return comparable(found) + [("closed",)]
    except TimeoutError:
        return comparable(found) + [("silent",)]
    return comparable(found)


def comparable(found):
    """Answers as they are compared. A FATAL says no more than that the connection ends."""
    return [answer if answer[0] != "E" or answer[1] != "FATAL" else answer[:2] for answer in brief(found)]


class Side:
    """Where sequences are sent: one connection, opened again when it broke."""

    def __init__(self, name, port, database, password):
        """Does not connect yet."""
        self.name, self.raw = name, None
        self.place = port, database, password

    def open(self):
        """Logs in."""
        port, database, password = self.place
        self.raw = Raw(port, timeout=SECONDS).login("app", password, database)

    def run(self, messages, cuts):
        """The answers to a sequence; the tables are empty and no statement is known before it."""
        if self.raw is None:
            self.open()
        self.raw.send(query("DELETE FROM account_rows; DELETE FROM account_later") + query("DEALLOCATE ALL"))
        before = until_marker(self.raw)
        assert before[-1] == READY, f"{self.name}: {before}"
        try:
            send(self.raw, messages, cuts)
        except ConnectionError:
            pass  # what came before the end is read all the same
        return until_marker(self.raw)

    def close(self):
        """Forgets the connection."""
        if self.raw:
            self.raw.close()
        self.raw = None


def cuts_of(seed, messages):
    """Where a sequence is cut: nowhere, at each message, or anywhere."""
    rand = random.Random(seed)
    length = sum(len(data) for _, data in messages)
    how = rand.randint(0, 2)
    if how == 0:
        return []
    if how == 1:
        places, at = [], 0
        for _, data in messages:
            at += len(data)
            places.append(at)
        return places[:-1]
    return sorted(rand.sample(range(1, length), min(3, length - 1)))


def alike(answers, right):
    """Whether answers are right. In a failed transaction a statement that this server has not met cannot be prepared
    any more: 25P02 is right then, whatever PostgreSQL would say of the statement, and what follows may be skipped. A
    client that breaks into its own COPY with other messages is cut off by PostgreSQL, and need not be by pgshunt; a
    connection that is cut off may take the last answers with it."""
    before = []
    if answers[-1] == right[-1] == ("closed",):
        return True
    for one, other in zip(split(answers), split(right)):
        failed = before[-1:] == [FAILED]
        if one != other:
            refused = failed and one[-1:] == [FAILED] and ("E", "ERROR", "25P02") in one
            broke_in = other[-1:] == [("closed",)] and ("G", b"\0\0\1\0\0") in other
            return answers[-1] == READY and (refused or broke_in)
        before = other
    return len(answers) == len(right)


def split(answers):
    """Answers in lists that each end with a ReadyForQuery."""
    found = [[]]
    for answer in answers:
        found[-1].append(answer)
        if answer[0] == "Z":
            found.append([])
    return found


def differences(sides, messages, seed):
    """(name, its answers, the right answers) of each side that differs from the first one."""
    cuts = cuts_of(seed, messages)
    answers = {side: side.run(messages, cuts) for side in sides}
    if any(each[-1] != READY for each in answers.values()):
        for side in sides:
            side.close()  # what was set in one session is to be set in all
    right = answers[sides[0]]
    return [(side.name, each, right) for side, each in answers.items() if not alike(each, right)]


def shortest(sides, messages, seed):
    """A sequence that still differs, with nothing in it that is not needed."""
    index = 0
    while index < len(messages):
        fewer = messages[:index] + messages[index + 1:]
        if fewer and differences(sides, fewer, seed):
            messages = fewer
        else:
            index += 1
    return messages


def story(sides, messages, seed, found):
    """What to print about a difference."""
    fewer = shortest(sides, messages, seed)
    again = differences(sides, fewer, seed)
    if again:
        messages, found = fewer, again
    lines = [f"seed {seed}, cut at {cuts_of(seed, messages)}:"] + ["    " + name for name, _ in messages]
    for name, answers, right in found:
        lines += [f"  {name:12}: {line(answers)}", f"  {'right':12}: {line(right)}"]
    return "\n".join(lines)


def line(answers):
    """Answers on one line."""
    return " ".join(answer[0] if answer[0] in "TtG123n" else " ".join(str(part) for part in answer) for answer in answers)


def make_tables(dsn):
    """The tables of the statements: one with a key, and one whose key is checked at COMMIT."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS account_later, account_rows")
        connection.execute("CREATE TABLE account_rows (id int4 PRIMARY KEY)")
        connection.execute("CREATE TABLE account_later (id int4 REFERENCES account_rows DEFERRABLE INITIALLY DEFERRED)")


def compare(sides, seeds, stop_after=3):
    """Runs sequences on the sides, the first of which is right; the stories of the first differences."""
    stories = []
    try:
        for seed in seeds:
            messages = Sequence(seed).messages
            found = differences(sides, messages, seed)
            if found:
                stories.append(story(sides, messages, seed, found))
                if len(stories) >= stop_after:
                    break
    finally:
        for side in sides:
            side.close()
    return stories


@pytest.fixture(name="sides")
def sides_fixture(make_pgshunt, cluster):
    """A server, and two ways to it."""
    place = {"host": "127.0.0.1", "port": cluster.port("c"), "dbname": cluster.database, "cluster": "none"}
    pgshunt = make_pgshunt({"databases": {"plain": place, "session": {**place, "pool_mode": "session"}},
                            "pgshunt": {"max_prepared_statements": 3}})
    make_tables(cluster.dsn("c", "app"))
    return [Side("direct", cluster.port("c"), cluster.database, cluster.password("app")),
            Side("transaction", pgshunt.port, "plain", pgshunt.users["app"]),
            Side("session", pgshunt.port, "session", pgshunt.users["app"])]


def test_sequences(sides):
    stories = compare(sides, range(300))
    assert not stories, "\n\n".join(stories)


def test_parse_behind_deallocate_all_in_one_pipeline(sides):
    """The server knows the statement afterwards, and so does pgshunt."""
    again = [("B", bind(name="s3")), ("E", execute()), ("S", sync())]
    pipeline = [("P", parse("DEALLOCATE ALL")), ("B", bind()), ("E", execute()), ("P", parse("SELECT 3", "s3")), *again]
    other = [("C", close("S", "s3")), ("P", parse("SELECT 3", "s3")), *again]
    for _ in range(3):
        for messages in (pipeline + again, other + again):
            assert differences(sides, messages, 0) == []
    for side in sides:
        side.close()


def test_a_client_that_breaks_into_its_copy_hears_why_it_is_cut_off(sides):
    copy = parse("COPY account_rows FROM STDIN") + bind() + execute() + flush()
    heard = []
    for side in sides:
        side.open()
        side.raw.send(copy)
        found = side.raw.until("G")
        side.raw.send(execute())
        heard.append(brief(found + side.raw.until_closed()))
        side.close()
    assert heard[0][-2:] == [("E", "ERROR", "08P01"), ("E", "FATAL", "08P01")]
    assert heard[1] == heard[0]


@pytest.mark.big
@pytest.mark.timeout(1800)
def test_many_sequences(sides):
    stories = compare(sides, range(1000, 21000))
    assert not stories, "\n\n".join(stories)
