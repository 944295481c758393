"""Cases: functions that fail by raising, each a line of the report."""

import os
import re
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from processes import WSPIPE, Failed, Skipped

CASES = []


def case(name, variants=()):
    """Registers a function as a case, or as one for each variant, which takes the place of the `{word}` in the name."""

    def register(function):
        if not variants:
            CASES.append((name, function, None))
        for variant in variants:
            CASES.append((re.sub(r"\{\w+\}", variant, name), function, variant))
        return function

    return register


def call(function, variant):
    """Carries out a case."""
    function(variant) if variant else function()


def run_cases(words, attempt=call, at_once=1):
    """Runs the cases whose names hold one of the words, or all, several `at_once`; true if none failed."""
    if not os.access(WSPIPE, os.X_OK):
        sys.exit(f"{WSPIPE} is not there: run `cargo build --release` first")
    chosen = [each for each in CASES if not words or any(word in each[0] for word in words)]
    pool = ThreadPoolExecutor(at_once)
    try:
        counts = Counter(pool.map(lambda each: report(*each, attempt), chosen))
    finally:
        pool.shutdown(cancel_futures=True)
    if counts["skipped"]:
        print(f"{counts['skipped']} skipped")
    print(f"{counts['passed']} passed, {counts['FAILED']} failed")
    return counts["passed"] > 0 and counts["FAILED"] == 0


def report(name, function, variant, attempt):
    """Carries out a case and prints its line; gives the outcome."""
    started = time.monotonic()
    outcome, why = "passed", None
    try:
        attempt(function, variant)
    except Skipped as skipped:
        outcome, why = "skipped", skipped
    except Failed as failed:
        outcome, why = "FAILED", failed
    except Exception:
        outcome, why = "FAILED", traceback.format_exc()
    # In one piece: others print at the same time.
    print(f"{outcome:7}  {name}  ({why or f'{time.monotonic() - started:.1f} s'})\n", end="", flush=True)
    return outcome
