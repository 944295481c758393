"""An authority, and the certificates that it issues, by the openssl command."""

import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from processes import Failed

# `openssl ca` is the one command that sets both dates in every version of OpenSSL 3; it wants a configuration.
CONFIGURATION = """\
[ca]
default_ca = authority
[authority]
new_certs_dir = {folder}
database = {folder}/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
NOW = datetime.now(UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1)
IN_60_DAYS = NOW + timedelta(days=60)


class Certificate(NamedTuple):
    file: Path
    key: Path

    def options(self, cert="--cert", key="--key"):
        return [cert, self.file, key, self.key]


class Authority:
    """A certificate authority in a folder of its own; `file` is its certificate."""

    def __init__(self, folder, name):
        folder.mkdir()
        self._folder = folder
        self._lock = threading.Lock()
        self._configuration = folder / "configuration"
        self._configuration.write_text(CONFIGURATION.format(folder=folder))
        (folder / "index").touch()
        self.file, self._key = self_signed(folder, name)

    def issue(self, subject, *names, begins=AN_HOUR_AGO, ends=IN_60_DAYS):
        """A certificate for these names, each as in `DNS:localhost`, and its key."""
        made = files(self._folder, subject)
        request = made.file.with_suffix(".csr")
        openssl("req", "-new", *KEY, "-keyout", made.key, "-out", request, *named(subject, names))
        dates = ["-startdate", begins.strftime("%Y%m%d%H%M%SZ"), "-enddate", ends.strftime("%Y%m%d%H%M%SZ")]
        options = ["-batch", "-notext", "-config", self._configuration, "-cert", self.file, "-keyfile", self._key]
        # Its database is not made for two at once.
        with self._lock:
            openssl("ca", *options, *dates, "-in", request, "-out", made.file)
        return made


def self_signed(folder, subject, *names):
    made = files(folder, subject)
    openssl("req", "-x509", "-days", 60, *KEY, "-keyout", made.key, "-out", made.file, *named(subject, names))
    return made


def files(folder, subject):
    # A blank in a name ends it in nginx.conf.
    stem = subject.replace(" ", "-")
    return Certificate(folder / f"{stem}.pem", folder / f"{stem}.key")


def named(subject, names):
    return ["-subj", f"/CN={subject}", *(["-addext", f"subjectAltName={','.join(names)}"] if names else [])]


def openssl(*words):
    command = ["openssl", *(str(word) for word in words)]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{ran.stderr}")
