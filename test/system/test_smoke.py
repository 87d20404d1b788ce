"""The first things that a user tries."""

import os
import subprocess

import psycopg
import pytest

from cluster.server import BINDIR


def program(pgshunt, *words, user="app", database=None, **more):
    """Runs one of PostgreSQL's own programs against pgshunt."""
    env = {**os.environ, "PGPASSWORD": pgshunt.users[user], "PGHOST": "127.0.0.1", "PGPORT": str(pgshunt.port),
           "PGUSER": user, "PGDATABASE": database or pgshunt.cluster.database}
    return subprocess.run([os.path.join(BINDIR, words[0]), *words[1:]], env=env, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60, **more)


def test_select_1(client):
    assert client.execute("SELECT 1").fetchone() == (1,)


def test_parameters_text_and_binary(client):
    for binary in (False, True):
        row = client.execute("SELECT %b::int8 + 1, %t::text || '!'", [41, "x"], binary=binary).fetchone()
        assert row == (42, "x!")


def test_a_row_found_by_its_key(client, reference):
    query = "SELECT tenant_id, id, total FROM orders WHERE tenant_id = 7 ORDER BY id"
    assert client.execute(query).fetchall() == reference.execute(query).fetchall()


def test_an_error_keeps_the_session(client):
    with pytest.raises(psycopg.errors.DivisionByZero):
        client.execute("SELECT 1 / 0")
    assert client.execute("SELECT 2").fetchone() == (2,)


def test_a_transaction_rolls_back(client):
    with client.transaction(force_rollback=True):
        client.execute("UPDATE orders SET total = -1 WHERE tenant_id = 7")
        assert client.execute("SELECT DISTINCT total FROM orders WHERE tenant_id = 7").fetchall() == [(-1,)]
    assert client.execute("SELECT count(*) FROM orders WHERE total = -1").fetchone() == (0,)


def test_psql(pgshunt):
    done = program(pgshunt, "psql", "-XAtc", "SELECT count(*) FROM orders", "-c", "SELECT current_user")
    assert (done.returncode, done.stdout, done.stderr) == (0, "120\napp\n", "")


def test_psql_describes(pgshunt):
    done = program(pgshunt, "psql", "-Xc", "\\d notes")
    assert done.returncode == 0 and "body" in done.stdout


def test_psql_copies_in_and_out(pgshunt):
    done = program(pgshunt, "psql", "-XAtc", "COPY notes FROM STDIN", input="901\tnine\n902\tten\n")
    assert (done.returncode, done.stderr) == (0, "")
    done = program(pgshunt, "psql", "-XAtc", "COPY (SELECT * FROM notes WHERE id > 900 ORDER BY 1) TO STDOUT",
                   "-c", "DELETE FROM notes WHERE id > 900")
    assert done.stdout == "901\tnine\n902\tten\nDELETE 2\n"


@pytest.fixture(scope="module", name="bank")
def bank_fixture(cluster):
    """pgbench's own tables on the coordinator."""
    cluster.sql("c", 'CREATE DATABASE bank OWNER app')
    env = {**os.environ, "PGPASSWORD": cluster.password("app")}
    subprocess.run([os.path.join(BINDIR, "pgbench"), "-i", "-q", "-h", "127.0.0.1", "-p", str(cluster.port("c")),
                    "-U", "app", "bank"], env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield {"databases": {"bank": {"host": "127.0.0.1", "port": cluster.port("c"), "cluster": "none"}}}
    cluster.sql("c", "DROP DATABASE bank WITH (FORCE)")


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
@pytest.mark.parametrize("script", ["select-only", "tpcb-like"])
def test_pgbench(make_pgshunt, bank, mode, script):
    pgshunt = make_pgshunt(bank)
    done = program(pgshunt, "pgbench", "-n", "-b", script, "-M", mode, "-c", "4", "-t", "50", database="bank")
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 200/200" in done.stdout
    assert "number of failed transactions: 0 " in done.stdout


def test_wrong_password(pgshunt):
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "app"'):
        psycopg.connect(pgshunt.dsn(password="wrong"))


def test_unknown_user_reads_the_same(pgshunt):
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "nobody"'):
        psycopg.connect(pgshunt.dsn("nobody", password="wrong"))


def test_unknown_database(pgshunt):
    with pytest.raises(psycopg.OperationalError, match="nowhere"):
        psycopg.connect(pgshunt.dsn(database="nowhere"))


def test_two_databases(make_pgshunt, cluster, bank):
    pgshunt = make_pgshunt(bank)
    with pgshunt.connect() as one, pgshunt.connect(database="bank") as two:
        assert one.execute("SELECT current_database()").fetchone() == (cluster.database,)
        assert two.execute("SELECT current_database()").fetchone() == ("bank",)


def test_by_unix_socket(pgshunt):
    with psycopg.connect(pgshunt.dsn(host=pgshunt.folder)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_console_answers_by_both_names(pgshunt):
    for name in ("pgshunt", "pgbouncer"):
        with pgshunt.connect("admin", name, prepare_threshold=None) as console:
            assert "pgshunt" in console.execute("SHOW VERSION").fetchone()[0].lower()


@pytest.mark.parametrize("auth_type", ["trust", "md5", "scram-sha-256"])
def test_ways_to_log_in(make_pgshunt, auth_type):
    pgshunt = make_pgshunt({"pgshunt": {"auth_type": auth_type}})
    with pgshunt.connect() as connection:
        assert connection.execute("SELECT current_user::text").fetchone() == ("app",)


def test_a_good_configuration_checks(pgshunt):
    done = pgshunt.spawn("--check", pgshunt.ini_path)
    assert done.returncode == 0, done.stderr


def test_a_bad_configuration_names_the_place(pgshunt):
    path = os.path.join(pgshunt.folder, "bad.ini")
    pgshunt.write(path, "[databases]\n[pgshunt]\nlisten_port = many\n")
    for words in (["--check", path], [path]):
        done = pgshunt.spawn(*words)
        assert done.returncode != 0
        assert "bad.ini" in done.stderr and "3" in done.stderr and "listen_port" in done.stderr
