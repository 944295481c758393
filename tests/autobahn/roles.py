"""wspipe in both roles, and the suite on the other side."""

import json
import os
import re
import shutil
import socket
import subprocess
import time

from verdicts import Failed, is_about_compression

HERE_ONLY = "127.0.0.1"
IMAGE = "crossbario/autobahn-testsuite"

# The suite itself gives up on a case after at most two minutes: what takes this many seconds is stuck.
CASE_LIMIT = 180
START_LIMIT = 60

# That it went well, that the peer broke the protocol or the connection, that it closed with a code that tells of a
# failure: so the suite treats its clients. Any other status is a failure of our own.
STATUSES = {0, 6, 7}
CANNOT_CONNECT = 3


class Running:
    """A program of ours that is stopped, if it runs still, when its `with` block is left."""

    def __init__(self, command, **kwargs):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, **kwargs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def check_runs(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.command[0]} ended with status {self.process.returncode}")


class Suite:
    """The suite's `wstest`, or the container image that has it."""

    def __init__(self, wstest):
        self._wstest = wstest

    def command(self, mode, folder, spec):
        (folder / "spec.json").write_text(json.dumps({"outdir": str(folder), **spec}))
        words = ["-m", mode, "-s", folder / "spec.json", "-u", "0"]
        if self._wstest:
            return [self._wstest, *words]
        user = f"{os.getuid()}:{os.getgid()}"
        shared = [f"--user={user}", f"--volume={folder}:{folder}", "--network=host"]
        return ["docker", "run", "--rm", "--init", *shared, IMAGE, "wstest", *words]


def find_suite(named, installed):
    """The one that is named, that `setup` has installed, or that is on this machine anyway."""
    if named and not shutil.which(named):
        raise Failed(f"{named} is not a program")
    wstest = named or shutil.which(installed) or shutil.which("wstest")
    if not wstest and not has_docker():
        raise Failed(f"no wstest in {installed.parent}: run `tests/autobahn/setup` first")
    return Suite(wstest)


def has_docker():
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Progress:
    """Names each group of cases as it begins, of the long ones each section, all on one line."""

    def __init__(self, role):
        self._now = None
        print(f"autobahn {role}:", end="", flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        print(flush=True)

    def begins(self, case):
        named = ".".join(case.split(".")[: 2 if is_about_compression(case) else 1])
        if named != self._now:
            self._now = named
            print(f" {named}", end="", flush=True)


def server(suite, wspipe, compress, cases, folder):
    """The suite connects to one `wspipe listen`, once for each case. True if that lived to the end."""
    url_file = folder / "url"
    listen = [wspipe, "listen", f"{HERE_ONLY}:0", "--echo", *compress, "--url-file", url_file]
    with open(folder / "wspipe.log", "wb") as log, Running(listen, stdout=log, stderr=log) as listener:
        wait_until(url_file.exists, listener)
        peer = {"agent": "wspipe", "url": url_file.read_text().strip()}
        fuzz = suite.command("fuzzingclient", folder, {"servers": [peer], "cases": cases})
        with Running(fuzz, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as fuzzer:
            with open(folder / "wstest.log", "w") as said, Progress("server") as progress:
                for line in fuzzer.process.stdout:
                    said.write(line)
                    if begun := re.match(r"Running test case ID ([\d.]+) ", line):
                        progress.begins(begun[1])
            # Its status says nothing; that there is a report on every case will.
            fuzzer.process.wait()
        listener.check_runs()
    return True


def client(suite, wspipe, compress, cases, folder):
    """A `wspipe connect` for each case, and for what else is to be asked of the suite. True if all ended as they may."""
    with socket.create_server((HERE_ONLY, 0)) as free:
        url = f"ws://{HERE_ONLY}:{free.getsockname()[1]}"

    def connect(path, *options):
        with Running([wspipe, "connect", *options, url + path], stdout=subprocess.PIPE, stderr=log) as one:
            output, _ = one.process.communicate(timeout=CASE_LIMIT)
            return one.process.returncode, output

    def number_of_cases():
        status, output = connect("/getCaseCount")
        if status not in {0, CANNOT_CONNECT}:
            raise Failed(f"could not ask for the number of cases: wspipe ended with status {status}")
        return int(output or 0)

    odd = []
    fuzz = suite.command("fuzzingserver", folder, {"url": url, "cases": cases})
    with open(folder / "wspipe.log", "wb", buffering=0) as log, open(folder / "wstest.log", "wb") as said:
        with Running(fuzz, stdout=said, stderr=said) as fuzzer, Progress("client") as progress:
            count = wait_until(number_of_cases, fuzzer)
            if count != len(cases):
                raise Failed(f"the suite has {count} cases, not {len(cases)}")
            for number, case in enumerate(cases, 1):
                progress.begins(case)
                log.write(f"-- {case}\n".encode())
                status, _ = connect(f"/runCase?case={number}&agent=wspipe", "--echo", *compress)
                if status not in STATUSES:
                    odd.append(f"autobahn client: {case}: wspipe ended with status {status}")
            status, _ = connect("/updateReports?agent=wspipe")
            if status != 0:
                raise Failed(f"could not ask for the reports: wspipe ended with status {status}")
    print("".join(f"{line}\n" for line in odd), end="")
    return not odd


def wait_until(ready, process):
    """What `ready` gives, as soon as it gives anything; the process has to live until then."""
    deadline = time.monotonic() + START_LIMIT
    while not (found := ready()):
        process.check_runs()
        if time.monotonic() > deadline:
            raise Failed(f"{process.command[0]} was not ready in {START_LIMIT} s")
        time.sleep(0.05)
    return found
