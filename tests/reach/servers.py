"""The servers and proxies, each a process of its own with its own files in a temporary folder.

Those that cases share start when the first case wants them, and end after the last (see `shared`).
"""

import subprocess
import tempfile
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from string import Template

from certificates import Authority
from processes import HERE_ONLY, NONE, Daemon, Listener, free_ports, program

HERE = Path(__file__).resolve().parent

# The address from which the proxies call; all of 127.0.0.0/8 is this machine's.
PROXIES = "127.1.2.3"
# A name that nobody can look up but the SOCKS proxy.
ONLY_THERE = "known-to-the-proxy.test"
LOGIN = "wspipe:in-and-out"

_running = ExitStack()


def once(make):
    """Makes it for the first who wants it, and gives the same to all; so with a failure."""
    lock = threading.Lock()
    outcome = Future()

    def get():
        with lock:
            if not outcome.done():
                try:
                    outcome.set_result(make())
                except Exception as why:
                    outcome.set_exception(why)
        return outcome.result()

    return get


def shared(make):
    """The same for what has to be ended; see `end_all`."""
    return once(lambda: _running.enter_context(make()))


def end_all():
    _running.close()


@shared
def scratch():
    return Scratch()


class Scratch(tempfile.TemporaryDirectory):
    """A folder into which a process without our rights can look."""

    def __enter__(self):
        folder = Path(super().__enter__())
        folder.chmod(0o755)
        return folder


# --- Certificates -----------------------------------------------------------------------------------------------------


EVERY_NAME = ("DNS:localhost", "DNS:reach.test", f"DNS:{ONLY_THERE}", "IP:127.0.0.1")


@once
def authority():
    return Authority(scratch() / "authority", "the authority of these tests")


@once
def certificate():
    """For every name under which this machine is asked for here."""
    return authority().issue("a good server", *EVERY_NAME)


# --- Servers ----------------------------------------------------------------------------------------------------------


@shared
def echo():
    return Listener("--echo", input=NONE)


@shared
def echo_over_tls():
    return Listener("--echo", *certificate().options(), input=NONE)


@shared
def behind():
    """A listener that knows that a proxy stands before it."""
    return Listener("--echo", "-v", "--trust-proxy", "--path", "/chat/room", input=NONE)


@shared
def nginx():
    return Nginx()


class Nginx(Daemon):
    """nginx with the servers of nginx.conf; their ports are its `ports`."""

    NAMES = ["plain", "tls", "http2", "roomy", "members", "tls_1_2", "tls_1_3", "behind_proxy", "behind_proxy_tls"]

    def __init__(self):
        self.ports = dict(zip(self.NAMES, free_ports(len(self.NAMES))))
        folder = scratch() / "nginx"
        folder.mkdir()
        users = folder / "users"
        users.write_text("user:{PLAIN}pass\n")
        other = authority().issue("the other", "DNS:other.test")
        text = (HERE / "nginx.conf").read_text()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            AtTemplate(text).substitute(
                self.ports,
                nobody=f"{HERE_ONLY}:{refusing_port()}",
                folder=folder,
                users=users,
                certificate=certificate().file,
                key=certificate().key,
                other_certificate=other.file,
                other_key=other.key,
                authority=authority().file,
                echo=host_of(echo().url),
                behind=host_of(behind().url),
                echo_over_tls=host_of(echo_over_tls().url),
                proxies=PROXIES,
            )
        )
        super().__init__(program("nginx"), "-p", folder, "-c", configuration, port=self.ports["plain"])

    def url(self, scheme, server, path="", host=HERE_ONLY):
        return f"{scheme}://{host}:{self.ports[server]}/{path}"


@once
def refusing_port():
    """A port at which nobody listens."""
    (port,) = free_ports(1)
    return port


class AtTemplate(Template):
    """Leaves alone nginx's own variables."""

    delimiter = "@"


def host_of(url):
    return url.split("/")[2]


# --- Proxies ----------------------------------------------------------------------------------------------------------


def proxy_url(port, scheme="http", login=None):
    return f"{scheme}://{f'{login}@' if login else ''}{HERE_ONLY}:{port}"


@shared
def tinyproxy():
    return Tinyproxy("tinyproxy")


@shared
def tinyproxy_with_login():
    """It lets through to nginx's servers behind the proxies, and to no other port."""
    user, password = LOGIN.split(":")
    allowed = [f"ConnectPort {nginx().ports[name]}" for name in ("behind_proxy", "behind_proxy_tls")]
    return Tinyproxy("tinyproxy-with-login", f"BasicAuth {user} {password}", *allowed)


class Tinyproxy(Daemon):
    def __init__(self, name, *lines):
        (port,) = free_ports(1)
        configuration = scratch() / f"{name}.conf"
        common = [f"Listen {HERE_ONLY}", f"Port {port}", f"Bind {PROXIES}", "Timeout 60", "MaxClients 100"]
        configuration.write_text("".join(f"{line}\n" for line in [*common, *lines]))
        super().__init__(program("tinyproxy"), "-d", "-c", configuration, port=port)


@shared
def stunnel():
    """Puts TLS in front of tinyproxy."""
    return Stunnel(tinyproxy().port)


class Stunnel(Daemon):
    def __init__(self, behind):
        (port,) = free_ports(1)
        configuration = scratch() / "stunnel.conf"
        configuration.write_text(
            f"foreground = yes\npid =\n[proxy]\naccept = {HERE_ONLY}:{port}\nconnect = {HERE_ONLY}:{behind}\n"
            f"cert = {certificate().file}\nkey = {certificate().key}\n"
        )
        super().__init__(program("stunnel"), configuration, port=port)


SQUID = """\
http_port {host}:{port} name=open
http_port {host}:{port_with_login} name=guarded
auth_param basic program /usr/lib/squid/basic_ncsa_auth {users}
acl open myportname open
acl known proxy_auth REQUIRED
acl forbidden port {forbidden}
http_access deny forbidden
http_access allow open
http_access allow known
http_access deny all
tcp_outgoing_address {proxies}
shutdown_lifetime 0 seconds
max_filedescriptors 1024
pid_filename none
access_log none
cache_log /dev/null
cache deny all
cache_mem 1 MB
netdb_filename none
pinger_enable off
coredump_dir none
visible_hostname localhost
"""


@shared
def squid():
    return Squid()


class Squid(Daemon):
    """One for both kinds, since it takes a while to start: at `port_with_login` it wants a login."""

    def __init__(self):
        port, self.port_with_login = free_ports(2)
        user, password = LOGIN.split(":")
        users = scratch() / "squid-users"
        hashed = subprocess.check_output(["openssl", "passwd", "-apr1", password], text=True).strip()
        users.write_text(f"{user}:{hashed}\n")
        configuration = scratch() / "squid.conf"
        configuration.write_text(
            SQUID.format(
                host=HERE_ONLY,
                port=port,
                port_with_login=self.port_with_login,
                users=users,
                forbidden=nginx().ports["plain"],
                proxies=PROXIES,
            )
        )
        super().__init__(program("squid"), "-N", "-d", 1, "-f", configuration, port=port)


@shared
def microsocks():
    return Microsocks()


@shared
def microsocks_with_login():
    user, password = LOGIN.split(":")
    return Microsocks("-u", user, "-P", password)


class Microsocks(Daemon):
    """A SOCKS proxy that can look up `ONLY_THERE`, where `may_have_own_hosts`."""

    def __init__(self, *options):
        (port,) = free_ports(1)
        command = [program("microsocks"), "-i", HERE_ONLY, "-p", port, "-b", PROXIES, *options]
        super().__init__(*with_own_hosts(), *command, port=port)


@once
def with_own_hosts():
    """What goes before a command for it alone to see another /etc/hosts."""
    if not may_have_own_hosts():
        return []
    hosts = scratch() / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {ONLY_THERE}\n")
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return [program("unshare"), "--mount", "sh", "-c", script, hosts]


@once
def may_have_own_hosts():
    mounting = ["unshare", "--mount", "sh", "-c", "mount --bind /etc/hosts /etc/hosts"]
    return subprocess.run(mounting, capture_output=True).returncode == 0
