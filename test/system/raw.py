"""Protocol messages by hand, for what no driver would send.

    raw = Raw(dsn)                      libpq logs in, then gets out of the way
    raw.send(query("SELECT 1"))
    raw.until_marker()                  [("T", ...), ("D", ...), ("C", "SELECT 1"), ("Z", "I")]

An answer is (type, what is compared of it): severity and SQLSTATE of an error, the tag, the status, else the body.
ParameterStatus and notices are left out: they may come at any time.
"""

import select
import socket
import struct
import time

import psycopg

MARKER = b"the end of the sequence"


def message(kind, body=b""):
    """One message."""
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def text(value):
    """A string as messages have it."""
    return value.encode() + b"\0"


def query(sql):
    """Query"""
    return message("Q", text(sql))


def parse(name, sql, types=()):
    """Parse"""
    return message("P", text(name) + text(sql) + struct.pack(f"!h{len(types)}I", len(types), *types))


def bind(portal, name, values=()):
    """Bind with text parameters; None is NULL."""
    body = text(portal) + text(name) + struct.pack("!hh", 0, len(values))
    for value in values:
        raw = None if value is None else str(value).encode()
        body += struct.pack("!i", -1) if raw is None else struct.pack("!i", len(raw)) + raw
    return message("B", body + struct.pack("!h", 0))


def describe(kind, name):
    """Describe; kind is S or P"""
    return message("D", kind.encode() + text(name))


def close(kind, name):
    """Close; kind is S or P"""
    return message("C", kind.encode() + text(name))


def execute(portal="", rows=0):
    """Execute"""
    return message("E", text(portal) + struct.pack("!i", rows))


def function_call(oid, *values):
    """FunctionCall with text arguments"""
    body = struct.pack("!IhhH", oid, 0, 0, len(values))[:6] + struct.pack("!h", len(values))
    for value in values:
        body += struct.pack("!i", len(value)) + value.encode()
    return message("F", body + struct.pack("!h", 0))


def copy_data(data):
    """CopyData"""
    return message("d", data)


SYNC, FLUSH, COPY_DONE, TERMINATE = message("S"), message("H"), message("c"), message("X")


def copy_fail(why="no more"):
    """CopyFail"""
    return message("f", text(why))


class Raw:
    """A connection whose messages are the caller's own."""

    def __init__(self, dsn):
        """Logs in."""
        self.owner = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
        self.sock = socket.socket(fileno=socket.dup(self.owner.pgconn.socket))
        self.sock.setblocking(False)
        self.received, self.closed = b"", False

    def close(self):
        """Closes the connection without a word."""
        self.sock.close()
        self.owner.close()

    def send(self, data, seconds=20):
        """Sends, and reads on meanwhile."""
        deadline = time.monotonic() + seconds
        while data and not self.closed:
            readable, writable, _ = select.select([self.sock], [self.sock], [], max(0, deadline - time.monotonic()))
            if readable:
                self.receive()
            if writable:
                try:
                    data = data[self.sock.send(data):]
                except (BrokenPipeError, ConnectionResetError):
                    self.closed = True
            if not readable and not writable:
                raise TimeoutError("cannot send")

    def receive(self):
        """Takes what is there."""
        try:
            got = self.sock.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            got = b""
        self.received += got
        self.closed |= not got

    def quiet(self, seconds):
        """Reads until nothing has come for that long."""
        while not self.closed and select.select([self.sock], [], [], seconds)[0]:
            self.receive()

    def answers(self):
        """Takes the messages received so far, as (type, what is compared)."""
        found = []
        while len(self.received) >= 5:
            length = struct.unpack("!i", self.received[1:5])[0] + 1
            if len(self.received) < length:
                break
            kind, body = chr(self.received[0]), self.received[5:length]
            self.received = self.received[length:]
            if kind not in "SN":
                found.append((kind, essence(kind, body)))
        return found

    def until_marker(self, seconds=5):
        """Ends the sequence whatever state it is in, and reads to the end of that. ("closed",) or ("silent",) stands
        at the end if the connection ended or nothing came."""
        self.send(copy_fail() + SYNC + query("ROLLBACK") + query(f"SELECT '{MARKER.decode()}'"))
        deadline = time.monotonic() + seconds
        while not self.closed and not (MARKER in self.received and self.received.endswith(b"Z\0\0\0\5I")):
            if not select.select([self.sock], [], [], max(0, deadline - time.monotonic()))[0]:
                return self.answers() + [("silent",)]
            self.receive()
        return self.answers() + ([("closed",)] if self.closed else [])


def essence(kind, body):
    """What is compared of an answer."""
    if kind == "E":
        fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
        # A FATAL that follows an ERROR says no more than that the connection ends.
        return fields[b"V"], fields[b"C"] if fields[b"V"] != "FATAL" else ""
    if kind in "CZ":
        return body.rstrip(b"\0").decode()
    if kind == "T":
        return struct.unpack("!h", body[:2])[0]
    return body
