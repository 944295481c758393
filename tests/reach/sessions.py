"""What most cases want: a session that carries everything both ways, or a failure that says why."""

import random

from processes import wspipe
from servers import authority

BULK = random.Random(4).randbytes(5_000_000)


def trusting():
    """The options with which the tests' certificates are trusted."""
    return ["--cacert", authority().file]


def exchanges(url, *options, env=None):
    """Two lines go there and come back."""
    with wspipe("connect", url, *options, "-c", 2, input=b"a\nb\n", env=env) as run:
        run.ends_with(0, b"a\nb\n")


def exchanges_bulk(url, *options):
    """5 MB at random go there and come back."""
    with wspipe("connect", url, *options, "-b", "--wait", 0) as run:
        # The driver says when the input ends, not the clock: when all has come back.
        run.feed_open(BULK)
        run.wait_for_output(BULK)
        run.end_input()
        run.ends_with(0, BULK)


def fails(status, words, url, *options, env=None):
    """Nothing comes, and standard error has these words."""
    with wspipe("connect", url, *options, input=b"a\nb\n", env=env) as run:
        run.ends_with(status, b"", err=words)
        return run.err.whole().decode()
