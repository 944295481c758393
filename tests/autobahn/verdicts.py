"""What the suite is to say of each case, what it said, and where the two differ."""

import json
import re
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """The suite could not be run to its end."""


def expected_verdicts():
    """The verdict of every case, by its id, from the file beside this one."""
    counts, members, verdicts = {}, {}, {}
    for line in (HERE / "expected").read_text().replace("\n ", " ").splitlines():
        match line.partition("#")[0].split():
            case ["total", count]:
                counts["total"] = int(count)
            case [group, count, *ranges] if group.isdigit():
                counts[group] = int(count)
                members[group] = spelled_out(ranges)
            case [verdict, *ranges]:
                verdicts.update(dict.fromkeys(spelled_out(ranges), verdict))
    every = [case for group in members.values() for case in group]
    found = {**{group: len(cases) for group, cases in members.items()}, "total": len(set(every))}
    assert found == counts, f"the file says {counts}, and has {found}"
    assert verdicts.keys() <= set(every), "the file has a verdict on a case that it does not have"
    return {case: verdicts.get(case, "OK") for case in every}


def spelled_out(ranges):
    """`7.1.6 7.13.1-2` is 7.1.6, 7.13.1 and 7.13.2."""
    cases = []
    for text in ranges:
        section, first, last = re.fullmatch(r"([\d.]+\.)(\d+)(?:-(\d+))?", text).groups()
        cases += [f"{section}{number}" for number in range(int(first), int(last or first) + 1)]
    return cases


def numbers(case):
    return [int(number) for number in case.split(".")]


def is_about_compression(case):
    return numbers(case)[0] in {12, 13}


def is_quick(case):
    """What is left out sends the same in longer messages, and takes most of the time."""
    return not is_about_compression(case) or numbers(case)[-1] in {1, 2, 3, 4, 5, 6, 7, 11, 12}


class Found:
    """What the suite has written of one case."""

    def __init__(self, folder, entry):
        self._report = folder / entry["reportfile"]
        self._on_messages = entry["behavior"]
        self._on_close = entry["behaviorClose"]
        # WRONG CODE, UNCLEAN and FAILED BY CLIENT are ways for a closing handshake to fail.
        closed_well = self._on_close in {"OK", "INFORMATIONAL", self._on_messages}
        self.verdict = self._on_messages if closed_well else "FAILED"

    def __str__(self):
        report = json.loads(self._report.read_text(errors="replace"))
        return (
            f"{self.verdict}\n"
            f"    messages: {self._on_messages}: {report['result']}\n"
            f"    closing handshake: {self._on_close}: {report['resultClose']}\n"
            f"    {self._report.with_suffix('.html')}"
        )


def compare(role, folder, expected):
    """Prints what is not as expected, then a summary; true if all is."""
    try:
        index = json.loads((folder / "index.json").read_text())
    except FileNotFoundError:
        raise Failed("the suite has written no reports") from None
    found = {case: Found(folder, entry) for case, entry in index.get("wspipe", {}).items()}
    differing = 0
    for case in sorted(expected.keys() | found.keys(), key=numbers):
        wanted = expected.get(case, "no such case")
        if case not in found or found[case].verdict != wanted:
            differing += 1
            print(f"autobahn {role}: {case}: expected {wanted}, came {found.get(case, 'nothing: it was not run')}")
    tally = Counter(one.verdict for one in found.values())
    summary = [f"{len(found)} cases", *(f"{count} {verdict}" for verdict, count in tally.most_common())]
    print(f"autobahn {role}: {', '.join(summary)}")
    if differing:
        print(f"autobahn {role}: {differing} not as expected")
    return differing == 0
