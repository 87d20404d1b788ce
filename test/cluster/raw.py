"""Protocol v3 by hand: a client that sends what it is told to, byte by byte if need be.

    raw = Raw(port).login("app", "app-secret", "test")
    raw.send(query("SELECT 1"))
    raw.until_ready()          -> [("T", b"..."), ("D", b"..."), ("C", b"SELECT 1\\0"), ("Z", b"I")]

Nothing is checked here: it is for what a well-behaved driver never does.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
V3 = 3 << 16


class Closed(Exception):
    """The peer closed the connection."""


# ---- messages of a client

def message(kind, body=b""):
    """One message with its type and length."""
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def text(value):
    """A string as the protocol has it."""
    return (value if isinstance(value, bytes) else value.encode()) + b"\0"


def packet(code, body=b""):
    """A packet without a type: startup and its like."""
    return struct.pack("!ii", len(body) + 8, code) + body


def startup(protocol=V3, **parameters):
    """StartupMessage."""
    return packet(protocol, b"".join(text(k) + text(v) for k, v in parameters.items()) + b"\0")


def query(sql):
    """Query."""
    return message("Q", text(sql))


def parse(sql, name="", types=()):
    """Parse."""
    return message("P", text(name) + text(sql) + struct.pack(f"!h{len(types)}I", len(types), *types))


def bind(values=(), name="", portal="", binary=False):
    """Bind; values are texts, bytes or None."""
    body = text(portal) + text(name) + struct.pack("!hh", 1, int(binary)) + struct.pack("!H", len(values))
    for value in values:
        value = value.encode() if isinstance(value, str) else value
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return message("B", body + struct.pack("!h", 0))


def describe(kind="P", name=""):
    """Describe of a portal (P) or a statement (S)."""
    return message("D", kind.encode() + text(name))


def execute(portal="", rows=0):
    """Execute."""
    return message("E", text(portal) + struct.pack("!i", rows))


def close(kind, name=""):
    """Close of a portal (P) or a statement (S)."""
    return message("C", kind.encode() + text(name))


def sync():
    """Sync."""
    return message("S")


def flush():
    """Flush."""
    return message("H")


def terminate():
    """Terminate."""
    return message("X")


def copy_data(data):
    """CopyData."""
    return message("d", data)


def copy_done():
    """CopyDone."""
    return message("c")


def copy_fail(why="given up"):
    """CopyFail."""
    return message("f", text(why))


def extended(sql, values=(), name="", **more):
    """Parse, Bind, Describe, Execute, Sync."""
    return parse(sql, name) + bind(values, name, **more) + describe() + execute() + sync()


# ---- messages of a server

def fields(body):
    """The fields of an ErrorResponse or NoticeResponse: {"C": "42601", ...}."""
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}


def row(body):
    """The values of a DataRow."""
    count, at, values = struct.unpack_from("!h", body)[0], 2, []
    for _ in range(count):
        size, = struct.unpack_from("!i", body, at)
        values.append(None if size < 0 else body[at + 4:at + 4 + size])
        at += 4 + max(size, 0)
    return values


def rows(messages):
    """The rows of an answer, as tuples of texts."""
    return [tuple(None if value is None else value.decode() for value in row(body))
            for kind, body in messages if kind == "D"]


def kinds(messages):
    """The types of messages as one text; those that may come at any time left out."""
    return "".join(kind for kind, _ in messages if kind not in "NSA")


def sqlstates(messages):
    """The SQLSTATEs of the errors in an answer."""
    return [fields(body)["C"] for kind, body in messages if kind == "E"]


def brief(messages):
    """An answer in a form that can be compared: errors by severity and SQLSTATE, rows and tags as they are."""
    result = []
    for kind, body in messages:
        if kind == "E":
            found = fields(body)
            result.append(("E", found.get("V"), found.get("C")))
        elif kind not in "NSAK":
            result.append((kind, body))
    return result


class Raw:
    """A connection."""

    def __init__(self, port, host="127.0.0.1", timeout=20):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held, self.parameters, self.key = b"", {}, None
        self.rest = b""  # of a message that did not come whole before the end

    def send(self, data):
        """Sends bytes."""
        self.socket.sendall(data)
        return self

    def send_split(self, data, step=1):
        """Sends bytes in pieces, each in a packet of its own."""
        for at in range(0, len(data), step):
            self.socket.sendall(data[at:at + step])
        return self

    def read(self, count):
        """Exactly so many bytes."""
        parts, here = [self.held], len(self.held)
        while here < count:
            try:
                part = self.socket.recv(max(65536, min(count - here, 1 << 20)))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed(b"".join(parts))
            parts.append(part)
            here += len(part)
        data = b"".join(parts)
        self.held = data[count:]
        return data[:count]

    def one(self):
        """The next message as (type, body)."""
        self.rest = b""
        head = self.read(5)
        self.rest = head
        body = self.read(struct.unpack("!i", head[1:])[0] - 4)
        self.rest = b""
        return chr(head[0]), body

    def until(self, last, count=1):
        """The messages up to the count'th one of a type in `last`; up to the end if the connection is closed."""
        result = []
        while count:
            try:
                result.append(self.one())
            except Closed as end:
                self.rest += end.args[0]
                return result
            if result[-1][0] in last:
                count -= 1
        return result

    def until_ready(self, count=1):
        """The messages up to ReadyForQuery."""
        return self.until("Z", count)

    def until_closed(self):
        """The messages up to the end of the connection."""
        return self.until("")

    def ask(self, data, ready=1):
        """Sends and reads up to ReadyForQuery."""
        return self.send(data).until_ready(ready)

    def simple(self, sql):
        """The rows of a simple query."""
        return rows(self.ask(query(sql)))

    def login(self, user, password=None, database=None, **parameters):
        """Startup, password exchange, up to ReadyForQuery."""
        more = {"database": database} if database else {}
        self.send(startup(user=user, **more, **parameters))
        scram = Scram(password or "")
        while True:
            kind, body = self.one()
            if kind == "R":
                answer = scram.answer(body, user)
                if answer is not None:
                    self.send(message("p", answer))
            elif kind == "S":
                name, value = body[:-1].split(b"\0")
                self.parameters[name.decode()] = value.decode()
            elif kind == "K":
                self.key = body
            elif kind == "E":
                raise ConnectionError(fields(body))
            elif kind == "Z":
                return self

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        """Closes with FIN."""
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Scram:
    """The client's half of SCRAM-SHA-256, md5 and plain passwords; RFC 5802."""

    def __init__(self, password):
        self.password = password
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.first = f"n=,r={self.nonce}"

    def answer(self, body, user):
        """What to say to an Authentication message; None if nothing."""
        code = struct.unpack_from("!i", body)[0]
        if code == 3:
            return text(self.password)
        if code == 5:
            inner = hashlib.md5((self.password + user).encode()).hexdigest()
            return text("md5" + hashlib.md5(inner.encode() + body[4:8]).hexdigest())
        if code == 10:
            first = ("n,," + self.first).encode()
            return text("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first
        if code == 11:
            return self.proof(body[4:].decode())
        return None

    def proof(self, server):
        """The last message, to the server's first one."""
        parts = dict(part.split("=", 1) for part in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        client = hmac.digest(salted, b"Client Key", "sha256")
        bare = f"c=biws,r={parts['r']}"
        signed = ",".join((self.first, server, bare)).encode()
        signature = hmac.digest(hashlib.sha256(client).digest(), signed, "sha256")
        return f"{bare},p={base64.b64encode(bytes(a ^ b for a, b in zip(client, signature))).decode()}".encode()
