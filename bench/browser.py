"""A small load generator: keep-alive sockets in one thread, which take as little of the cores as they can."""

import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True)
class Ask:
    """One request."""

    name: str
    path: str
    form: dict[str, str] | None = None
    swap: bool = False
    record: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back; `seconds` from the first byte sent to the last received."""

    name: str
    status: int
    size: int
    seconds: float
    body: bytes = b""
    head: bytes = b""


class Trouble(RuntimeError):
    """The server did not answer as it should."""


@dataclass
class Session:
    """One browser: a connection that is kept, and its cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    line: socket.socket | None = None

    def message(self, ask: Ask) -> bytes:
        """Return the request as it goes over the wire."""
        lines = [f"{'GET' if ask.form is None else 'POST'} {ask.path} HTTP/1.1", f"Host: localhost:{self.port}"]
        lines += ["Accept-Encoding: gzip", "Accept-Language: zh-TW"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if ask.swap:
            lines.append("HX-Request: true")
        if ask.record:
            lines.append(f"X-Bench-Record: {ask.record}")
        body = b""
        if ask.form is not None:
            body = urlencode(ask.form).encode()
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
            lines += [f"X-CSRFToken: {self.cookies.get('csrftoken', '')}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def connect(self) -> socket.socket:
        """Return the connection; a new one where there is none."""
        if self.line is None:
            self.line = socket.create_connection(("127.0.0.1", self.port), timeout=120)
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.line

    def close(self) -> None:
        """Give the connection back."""
        if self.line is not None:
            self.line.close()
            self.line = None

    def ask(self, ask: Ask) -> Answer:
        """Send one request and wait for its answer; raises Trouble when it is an error of the server."""
        for attempt in range(2):  # the server may have closed a connection that was idle
            reading = Reading(ask, time.perf_counter())
            try:
                self.connect().sendall(self.message(ask))
                while not reading.is_whole:
                    reading.take(self.connect().recv(262_144))
            except (ConnectionError, OSError):
                self.close()
                if attempt:
                    raise
                continue
            return self.keep(reading)
        raise AssertionError

    def keep(self, reading: "Reading") -> Answer:
        """Take the cookies, and the answer."""
        answer = reading.answer()
        for name, value in re.findall(rb"(?im)^set-cookie: ([^=\s]+)=([^;\r]*)", answer.head):
            self.cookies[name.decode()] = value.decode()
        if reading.closes:
            self.close()
        return answer

    def sign_in(self, email: str, password: str) -> None:
        """Sign in as a person does; raises Trouble when it fails."""
        self.ask(Ask("sign-in", "/accounts/login/"))
        answer = self.ask(
            Ask(
                "sign-in",
                "/accounts/login/",
                {"login": email, "password": password, "csrfmiddlewaretoken": self.cookies["csrftoken"]},
            )
        )
        if answer.status != 302 or "sessionid" not in self.cookies:
            raise Trouble(f"{email} could not sign in: {answer.status}")


@dataclass
class Reading:
    """An answer that is coming in."""

    ask: Ask
    began: float
    parts: bytearray = field(default_factory=bytearray)
    head: bytes = b""
    needed: int = -1
    ended: float = 0.0

    def take(self, data: bytes) -> None:
        """Take what has arrived."""
        if not data:
            raise ConnectionError("closed")
        self.parts += data
        if not self.head and (at := self.parts.find(b"\r\n\r\n")) >= 0:
            self.head = bytes(self.parts[: at + 4])
            found = re.search(rb"(?i)content-length: (\d+)", self.head)
            if found is None:
                raise Trouble(f"{self.ask.path} does not say how long it is")
            self.needed = at + 4 + int(found[1])
        if self.is_whole:
            self.ended = time.perf_counter()

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return self.needed >= 0 and len(self.parts) >= self.needed

    @property
    def closes(self) -> bool:
        """Whether the server wants the connection closed."""
        return b"connection: close" in self.head.lower()

    def answer(self) -> Answer:
        """Return the whole answer; an error or a refusal is Trouble: it is not what was to be measured."""
        status = int(self.head[9:12])
        body = bytes(self.parts[len(self.head) :])
        if status >= 500 or status in {403, 404, 409, 413, 422}:
            raise Trouble(f"{self.ask.name}: {self.ask.path} answered {status}")
        return Answer(self.ask.name, status, len(body), self.ended - self.began, body, self.head)


def together(
    sessions: list[Session], asks: Callable[[int], Iterator[Ask]], seconds: float
) -> tuple[list[Answer], float]:
    """Let every session ask one thing after the other for some time.

    :returns: the answers, and how long it took.
    """
    selector, found = selectors.DefaultSelector(), []
    waiting: dict[int, tuple[Iterator[Ask], Reading]] = {}

    def send(at: int, todo: Iterator[Ask]) -> None:
        session, ask = sessions[at], next(todo)
        fresh = session.line is None
        sock = session.connect()
        if fresh:
            selector.register(sock, selectors.EVENT_READ, at)
        waiting[at] = (todo, Reading(ask, time.perf_counter()))
        sock.sendall(session.message(ask))

    began = time.perf_counter()
    for at, session in enumerate(sessions):
        session.close()
        send(at, asks(at))
    while waiting:
        for key, _events in selector.select(120):
            at = key.data
            todo, reading = waiting[at]
            session = sessions[at]
            try:
                reading.take(session.connect().recv(262_144))
            except ConnectionError:  # it was closed while idle: ask again
                selector.unregister(key.fileobj)
                session.close()
                sock = session.connect()
                selector.register(sock, selectors.EVENT_READ, at)
                waiting[at] = (todo, Reading(reading.ask, time.perf_counter()))
                sock.sendall(session.message(reading.ask))
                continue
            if not reading.is_whole:
                continue
            if reading.closes:
                selector.unregister(key.fileobj)
            found.append(session.keep(reading))
            del waiting[at]
            if time.perf_counter() - began < seconds:
                send(at, todo)
    took = time.perf_counter() - began
    for session in sessions:
        session.close()
    selector.close()
    return found, took
