"""The openssl command as a TLS server, as a client, and as the way to a server."""

import base64
import hashlib
import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from cases import case
from certificates import NOW, Authority, self_signed
from processes import HERE_ONLY, NONE, Failed, Listener, Process, wspipe
from servers import EVERY_NAME, authority, certificate, host_of, nginx, once, scratch, tinyproxy
from sessions import BULK, exchanges, exchanges_bulk, fails, trusting

A_DAY = timedelta(days=1)

# That of RFC 6455, section 1.3.
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
VERSION_AND_KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + UPGRADE + VERSION_AND_KEY
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE + b"Sec-WebSocket-Accept: %s\r\n\r\n"
# Frames of RFC 6455, section 5.2; those of a client are masked, here with zeros.
TEXT, CLOSE, MASK = 0x81, 0x88, 0x80
CLOSE_1000 = (1000).to_bytes(2)


# --- openssl s_server: certificates -----------------------------------------------------------------------------------


class Kind(NamedTuple):
    """A certificate that is not accepted, and what is said of it besides its subject."""

    make: Callable
    words: list


def kind(words, issuer=authority, names=EVERY_NAME, **dates):
    days = [day(date) for date in dates.values()]
    return Kind(lambda subject: issuer().issue(subject, *names, **dates), [*words, *days])


def day(date):
    return date.strftime("%Y-%m-%d")


@once
def unknown_authority():
    return Authority(scratch() / "unknown", "an unknown authority")


KINDS = {
    "has expired": kind(["has expired", "-k"], begins=NOW - 60 * A_DAY, ends=NOW - 2 * A_DAY),
    "is not valid yet": kind(["not valid yet", "-k"], begins=NOW + 2 * A_DAY, ends=NOW + 60 * A_DAY),
    "is for another name": kind(["another name", "elsewhere.test", "--sni"], names=["DNS:elsewhere.test"]),
    "is of an unknown authority": kind(["issued by CN=an unknown authority", "--cacert"], issuer=unknown_authority),
    "is self-signed": Kind(lambda subject: self_signed(scratch(), subject, *EVERY_NAME), ["self-signed", "--cacert"]),
}


@case("openssl s_server, whose certificate {kind}", KINDS)
def not_accepted(kind):
    subject = f"a server whose certificate {kind}"
    with Server(KINDS[kind].make(subject)) as server:
        fails(4, [f"CN={subject}", *KINDS[kind].words], server.url, *trusting())


@case("openssl s_server wants a certificate of the client, by {version}", ("TLS 1.3", "TLS 1.2"))
def client_certificate(version):
    option = {"TLS 1.3": "-tls1_3", "TLS 1.2": "-tls1_2"}[version]
    options = ["-Verify", 1, "-verify_return_error", "-CAfile", authority().file, option]
    with Server(certificate(), *options) as server:
        fails(4, ["--cert", "--key"], server.url, *trusting())
        member = authority().issue(f"a member by {version}")
        with wspipe("connect", server.url, *trusting(), *member.options()) as run:
            server.accept()
            server.exchange(run)


@case("openssl s_server shakes hands once more in the middle of an upload, by TLS 1.2")
def renegotiation():
    with Server(certificate(), "-tls1_2", "-legacy_renegotiation") as server:
        with wspipe("connect", server.url, *trusting(), "-b", "--wait", 0) as run:
            server.accept()
            run.feed_open(BULK)
            for part in range(1, 5):
                server.wait_for_bytes(part * len(BULK) // 5)
                # The client hears it while it sends, and then both sides have something to say.
                server.write(b"r\n")
            server.wait_for_bytes(len(BULK))
            run.end_input()
            server.wait_for_frame(CLOSE, CLOSE_1000)
            server.write(frame(CLOSE, CLOSE_1000))
            run.ends_with(0, b"")


# --- openssl s_server: how it ends ------------------------------------------------------------------------------------


@case("openssl s_server ends TCP within TLS, without a close_notify")
def truncated():
    with Server(certificate()) as server, wspipe("connect", server.url, *trusting()) as run:
        server.accept()
        server.exchange(run)
        server.kill()
        run.ends_with(6, b"hello\n", err="without a Close")


@case("openssl s_server ends TLS with a close_notify, and there was no Close")
def ended():
    with Server(certificate()) as server, wspipe("connect", server.url, *trusting()) as run:
        server.accept()
        server.exchange(run)
        server.write(b"Q\n")
        run.ends_with(6, b"hello\n", err="without a Close")


@case("openssl s_server ends with a Close")
def closed():
    with Server(certificate()) as server, wspipe("connect", server.url, *trusting()) as run:
        server.accept()
        server.exchange(run)
        server.write(frame(CLOSE, CLOSE_1000))
        server.wait_for_frame(CLOSE, CLOSE_1000)
        server.write(b"Q\n")
        run.ends_with(0, b"hello\n")


class Server(Process):
    """`openssl s_server`: what comes through TLS is printed, among other things, and what it reads goes back.

    A line that begins with a Q ends it.
    """

    def __init__(self, certificate, *options):
        where = ["-accept", f"{HERE_ONLY}:0"]
        super().__init__("openssl", "s_server", *where, *certificate.options("-cert", "-key"), *options)
        port = self.wait_for(self.out, finding(rb"ACCEPT \S+:(\d+)\n"), "the port")
        self.url = f"wss://{HERE_ONLY}:{port.decode()}/"

    def accept(self):
        """Answers a handshake."""
        head = rb"GET / HTTP/1\.1\r\n(?:.+\r\n)*?Sec-WebSocket-Key: (\S+)\r\n(?:.+\r\n)*\r\n"
        key = self.wait_for(self.out, finding(head), "a request")
        self.write(RESPONSE % accept_for(key))

    def exchange(self, run):
        """A message there and one back."""
        run.write(b"hi\n")
        self.wait_for_frame(TEXT, b"hi")
        self.write(frame(TEXT, b"hello"))
        run.wait_for_output(b"hello\n")

    def wait_for_bytes(self, count):
        self.wait_for(self.out, lambda out: True if len(out) >= count else None, f"{count} bytes")

    def wait_for_frame(self, kind, payload):
        # What looks like one may stand within other data: there may be several, one inside of another.
        head = re.escape(bytes([kind, MASK | len(payload)]))
        pattern = re.compile(head + rb"(?=(.{4})(.{%d}))" % len(payload), re.DOTALL)

        def find(out):
            masked = ((match[1], match[2]) for match in pattern.finditer(out))
            unmasked = (bytes(byte ^ mask[at % 4] for at, byte in enumerate(rest)) for mask, rest in masked)
            return True if payload in unmasked else None

        self.wait_for(self.out, find, f"a frame with {payload}")


# --- openssl s_client -------------------------------------------------------------------------------------------------


@case("listen --cert --key, openssl s_client connects")
def s_client():
    with Listener("--echo", *certificate().options(), input=NONE) as server:
        with Process(*checking_client(), "-connect", host_of(server.url)) as client:
            client.write(REQUEST % KEY)
            client.wait_for(client.out, lambda out: True if out.endswith(b"\r\n\r\n") else None, "the response")
            head = client.out.so_far()
            if b" 101 " not in head or b": %s\r\n" % accept_for(KEY) not in head:
                raise Failed(f"the handshake failed\n{client.describe()}")
            client.write(frame(TEXT, b"hello", masked=True))
            client.wait_for_output(head + frame(TEXT, b"hello"))
            client.write(frame(CLOSE, CLOSE_1000, masked=True))
            # It complains when TLS is not ended as it should.
            client.ends_with(0, head + frame(TEXT, b"hello") + frame(CLOSE, CLOSE_1000))


@case("connect --via-command 'openssl s_client …', and nginx ends TLS")
def via_command():
    url = nginx().url("ws", "tls", host="localhost")
    command = ["--via-command", f"{shlex.join(checking_client())} -connect %h:%p"]
    exchanges(url, *command)
    exchanges_bulk(url, *command)


@case("connect --via-command 'openssl s_client -proxy …', through tinyproxy")
def via_command_and_proxy():
    url = nginx().url("ws", "behind_proxy_tls", host="localhost")
    proxy = f"-proxy {HERE_ONLY}:{tinyproxy().port}"
    exchanges(url, "--via-command", f"{shlex.join(checking_client())} {proxy} -connect %h:%p")


def checking_client():
    """`openssl s_client`, nothing but a pipe, if the certificate is right."""
    checks = ["-CAfile", str(authority().file), "-verify_return_error", "-verify_hostname", "localhost"]
    return ["openssl", "s_client", "-quiet", "-verify_quiet", "-servername", "localhost", *checks]


# --- WebSocket, as little as is wanted --------------------------------------------------------------------------------


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def frame(kind, payload, masked=False):
    """A frame of less than 126 bytes; masked with zeros."""
    mask = bytes([MASK | len(payload)]) + bytes(4) if masked else bytes([len(payload)])
    return bytes([kind]) + mask + payload


def finding(pattern):
    """Finds the group of this pattern in a stream."""

    def find(out):
        match = re.search(pattern, out)
        return match and match[1]

    return find
