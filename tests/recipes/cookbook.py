"""The recipes as cases: what a section prints is saved, run and compared as a reader would do it.

In docs/recipes.md, under each heading of the second level,

- a block ```` ```LANGUAGE NAME ```` is a file of that name,
- the blocks ```` ```sh ```` are one script, run by bash, which stops at the first command that fails,
- a block ```` ```text ```` is what the block before it prints on standard output; a line `…` stands for any lines, and `…` in
  a line for any characters.

Each recipe has a folder, and where the system permits it a network, of its own: so the ports can be those that are printed.
"""

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import kitchen
from cases import case
from processes import ENVIRONMENT, LIMIT, ROOT, Failed

RECIPES = ROOT / "docs" / "recipes.md"

# Between the outputs of a recipe's blocks.
BORDER = "\x1e"


class Recipe:
    """A section: its title, the files that it has the reader save, and its commands with what they print."""

    def __init__(self, title, text):
        self.title = title
        self.files = {}
        self.blocks = []  # (commands, expected output or None)
        for info, body in re.findall(r"^```(.*)\n((?s:.*?))^```$", text, re.MULTILINE):
            language, _, name = info.partition(" ")
            if name:
                self.files[name] = body
            elif language == "sh":
                self.blocks.append((body, None))
            elif language == "text" and self.blocks and self.blocks[-1][1] is None:
                self.blocks[-1] = (self.blocks[-1][0], body)
            else:
                raise ValueError(f"{title}: the block ```{info} is neither a file, nor commands, nor their output")
        if not self.blocks:
            raise ValueError(f"{title}: there is nothing to be tried")

    def script(self):
        return f"printf '{BORDER}'\n".join(commands for commands, _ in self.blocks)

    def attempt(self):
        with tempfile.TemporaryDirectory(prefix="wspipe-recipe-", ignore_cleanup_errors=True) as folder:
            for name, body in self.files.items():
                (Path(folder) / name).write_text(body)
            kitchen.prepare(Path(folder), self.script())
            status, out, err = run(self.script(), folder)
        said = f"\nstdout:\n{out.replace(BORDER, '')}\nstderr:\n{err}"
        if status != 0:
            raise Failed(f"the script ended with status {status}{said}")
        for (commands, expected), printed in zip(self.blocks, out.split(BORDER), strict=True):
            if expected is not None and not matches(expected, printed):
                raise Failed(f"of\n{commands}\nthe output should be\n{expected}\nand is\n{printed}\n{said}")


def register():
    """Makes a case of each recipe."""
    _, *sections = re.split(r"^## (.*)\n", RECIPES.read_text(), flags=re.MULTILINE)
    for title, text in zip(sections[::2], sections[1::2], strict=True):
        case(title)(Recipe(title, text).attempt)


def matches(expected, printed):
    lines = [r"(?:.*\n)*?" if line == "…\n" else re.escape(line).replace("…", ".*") for line in expected.splitlines(True)]
    return re.fullmatch("".join(lines), printed) is not None


def run(script, folder):
    """Runs a script in a session of its own; what it has started ends with it."""
    # Output goes to files: what it leaves running must not be waited for.
    out, err = Path(folder, ".out"), Path(folder, ".err")
    command = [*kitchen.own_network(), "bash", "-e", "-o", "pipefail", "-c", kitchen.SERVERS + script]
    path = f"{kitchen.programs(Path(folder))}:{os.environ['PATH']}"
    environment = {**ENVIRONMENT, "HOME": folder, "PATH": path}
    with out.open("wb") as to_out, err.open("wb") as to_err:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err, start_new_session=True
        )
        try:
            status = child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            status = f"none: it did not end in {LIMIT:.0f} s"
        finally:
            end(child)
    return status, out.read_text(errors="replace"), err.read_text(errors="replace")


def end(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # It left nothing running.
    child.wait()
