"""Reads statements.sql: blocks of --@ lines and a statement, as its head says."""

import os
import re
import shlex
import struct
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from uuid import UUID

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "statements.sql")

OIDS = {"?": 0, "bool": 16, "bytea": 17, "name": 19, "int8": 20, "int2": 21, "int4": 23, "text": 25, "unknown": 705,
        "bpchar": 1042, "varchar": 1043, "date": 1082, "timestamp": 1114, "timestamptz": 1184, "numeric": 1700,
        "uuid": 2950}

# What --@ each goes through: table, type, key as it is, key as a literal.
EACH = [
    ("k_int2", "int2", "42", "42"),
    ("k_int4", "int4", "-7", "-7"),
    ("k_int8", "int8", "5000000000", "5000000000"),
    ("k_text", "text", "it's", "'it''s'"),
    ("k_varchar", "varchar", "acme", "'acme'"),
    ("k_uuid", "uuid", "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13", "'c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13'"),
    ("k_date", "date", "2026-01-15", "'2026-01-15'"),
    ("k_timestamptz", "timestamptz", "2024-02-29 12:00:00+00", "'2024-02-29 12:00:00+00'"),
]


@dataclass
class Expected:
    """One allowed outcome: a node by a key, or the coordinator for a reason (`any`)."""

    table: str = None
    key: tuple = ()
    reason: str = None


@dataclass
class Parameter:
    """A parameter of a Bind: the OID declared in Parse, the bytes (None = NULL), the format code."""

    oid: int
    value: bytes
    binary: bool


@dataclass
class Block:
    """One statement and all that is said of it."""

    number: int  # of the line in the file
    sql: str = ""
    each: str = ""  # the table that an `each` block was made for
    expected: list = field(default_factory=list)
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    admin: list = field(default_factory=list)
    input: list = field(default_factory=list)
    params: list = None  # None: simple protocol
    prepared: bool = False
    off: bool = False
    rows_differ: bool = False
    kind: str = None

    @property
    def name(self):
        """For the test's id and for the mark in the servers' logs."""
        return f"line{self.number}" + (f"-{self.each}" if self.each else "")


def binary_of(kind, text):
    """The binary format of a value."""
    if kind in ("int2", "int4", "int8"):
        return struct.pack({"int2": "!h", "int4": "!i", "int8": "!q"}[kind], int(text))
    if kind == "uuid":
        return UUID(text).bytes
    if kind == "date":
        return struct.pack("!i", (date.fromisoformat(text) - date(2000, 1, 1)).days)
    if kind == "timestamptz":
        since = datetime.fromisoformat(text) - datetime(2000, 1, 1, tzinfo=timezone.utc)
        return struct.pack("!q", (since.days * 86400 + since.seconds) * 1000000 + since.microseconds)
    return text.encode()


def parameter(text):
    """TYPE:VALUE or b/TYPE:VALUE."""
    kind, value = text.split(":", 1)
    binary, kind = kind.startswith("b/"), kind.removeprefix("b/")
    if value == "NULL":
        return Parameter(OIDS[kind], None, binary)
    return Parameter(OIDS[kind], binary_of(kind, value) if binary else value.encode(), binary)


def expected(text):
    """node TABLE KEY... | reason CODE | ..."""
    outcomes = []
    for part in text.split(" | "):
        words = shlex.split(part, posix=True)
        if words[0] == "node":
            outcomes.append(Expected(words[1], tuple(word.replace("\\\\", "\\") for word in words[2:])))
        elif words[0] == "reason":
            outcomes.append(Expected(reason=words[1]))
        else:
            raise ValueError(f"neither node nor reason: {part}")
    return outcomes


def one(number, lines):
    """A block of its lines."""
    block = Block(number)
    statement = []
    for line in lines:
        if not line.startswith("--@"):
            statement.append(line)
            continue
        word, _, rest = line[3:].strip().partition(" ")
        if word in ("node", "reason"):
            block.expected = expected(f"{word} {rest}")
        elif word in ("before", "after", "admin"):
            getattr(block, word).append(rest)
        elif word == "input":
            block.input.append(rest.replace("\\t", "\t"))
        elif word == "params":
            block.params = [parameter(text) for text in shlex.split(rest)]
        elif word == "extended":
            block.params = []
        elif word in ("prepared", "off"):
            setattr(block, word, True)
        elif word == "rows":
            block.rows_differ = True
        elif word == "kind":
            block.kind = rest
        elif word != "each":
            raise ValueError(f"line {number}: {line}")
    block.sql = "\n".join(statement)
    if not block.expected or not block.sql:
        raise ValueError(f"line {number}: no statement, or nothing is expected of it")
    return block


def every(number, lines):
    """The blocks that a block with --@ each stands for."""
    for table, kind, key, literal in EACH:
        words = {"{t}": table, "{type}": kind, "{key}": shlex.quote(key), "{k}": literal,
                 "{param}": shlex.quote(f"{kind}:{key}"), "{unknown}": shlex.quote(f"?:{key}"),
                 "{binary}": shlex.quote(f"b/{kind}:{key}")}
        made = [re.sub("|".join(map(re.escape, words)), lambda m, w=words: w[m[0]], line) for line in lines]
        yield replace(one(number, made), each=table)


def read(path=PATH):
    """All blocks of the file, in order."""
    blocks, lines, start = [], [], 0
    with open(path, encoding="utf-8") as file:
        text = file.read().split("\n")
    for number, line in enumerate(text + [""], 1):
        if line.strip():
            if not lines:
                start = number
            lines.append(line)
            continue
        if any(entry.startswith("--@") for entry in lines):
            while not lines[0].startswith("--@"):
                lines.pop(0)
            blocks += every(start, lines) if "--@ each" in lines else [one(start, lines)]
        lines = []
    return blocks
