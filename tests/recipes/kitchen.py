"""What a recipe finds where it is tried: a network of its own, and the servers that it takes for granted."""

import functools
import shutil
import subprocess
from pathlib import Path

from processes import NONE, WSPIPE, program


@functools.cache
def own_network():
    """The command before a command that gives it a loopback of its own; nothing where that is not permitted."""
    up = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    for unshare in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        if subprocess.run([*unshare, *up, "true"], stdout=NONE, stderr=NONE).returncode == 0:
            return [*unshare, *up]
    return []


# What runs before a recipe's own commands, where there is a file that says so.
SERVERS = """
for start in .start-*; do
    if [ -e "$start" ]; then . "./$start"; fi
done
"""


def prepare(folder, script):
    """Puts into the folder what starts the servers that this recipe takes for granted."""
    if "ssh " in script:
        prepare_ssh(folder)
    if "redis-cli " in script:
        (folder / ".start-redis").write_text("redis-server --save '' --daemonize no >/dev/null &\n" + until("redis-cli ping"))


def prepare_ssh(folder):
    """A server of this folder's own at the usual port, and a client that it lets in."""
    for name in ("host-key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "key.pub", folder / "authorized")
    Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "sshd.conf").write_text(
        f"HostKey {folder}/host-key\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\nPidFile none\n"
        "ListenAddress 127.0.0.1:22\nPermitRootLogin yes\nUsePAM no\n"
    )
    (folder / "ssh.conf").write_text(
        f"IdentityFile {folder}/key\nStrictHostKeyChecking no\nUserKnownHostsFile {folder}/known\nLogLevel ERROR\n"
    )
    (folder / ".start-ssh").write_text(
        f"{program('sshd')} -D -f {folder}/sshd.conf &\n" + until("bash -c ': </dev/tcp/127.0.0.1/22'")
    )


def until(command):
    """Waits until a command succeeds: such a server does not tell when it is ready."""
    return f"until {command} >/dev/null 2>&1; do sleep 0.02; done\n"


def programs(folder):
    """A folder of programs for this kitchen: the wspipe to be tried, ssh with its configuration, a browser for root, too."""
    bin = folder / ".bin"
    bin.mkdir(exist_ok=True)
    (bin / "wspipe").symlink_to(WSPIPE)
    wrap(bin / "ssh", f"{program('ssh')} -F {folder}/ssh.conf")
    wrap(bin / "chromium", f"{program('chromium', 'CHROMIUM')} --no-sandbox --disable-gpu --disable-dev-shm-usage")
    return bin


def wrap(path, command):
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
