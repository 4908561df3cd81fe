# SPDX-License-Identifier: MIT
"""The example fleet is checked, planned, made and made again, in a simulated dom0.

Everything happens in a temporary directory that is gone afterwards. Exits with 0 only if
what should work did, what should be refused was, and the second apply wrote nothing.
"""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import simulated_dom0

APPLY = ("state.apply", "tesseraqt", "--state-output=terse")
#: What a hurried person might write.
MISTAKES = "{tesseraqt: {qubes: {work: {lable: red, prefs: {memory: lots}}, vault: {netvm: none}}}}"
#: Of a long plan this much is shown.
LINES = 24


class Demo:
    """A simulated dom0, and somebody who types commands in it."""

    def __init__(self, directory):
        self.world = simulated_dom0.create(directory / "dom0")
        simulated_dom0.share_policy(directory / "minion", directory / "dom0")
        self.config_dir = simulated_dom0.write_config(directory / "minion")

    def qubesctl(self, *arguments, code=0, lines=None):
        """What ``qubesctl`` prints is shown, and it ended as it should."""
        typed = shlex.join(("qubesctl", *arguments))
        print(f"\n$ {typed}", flush=True)
        ended = simulated_dom0.salt_call(
            self.config_dir,
            *arguments,
            env=self.world.environ(),
            stdout=subprocess.PIPE,
            text=True,
        )
        show(ended.stdout, lines)
        if ended.returncode != code:
            sys.exit(f"This ended with exit code {ended.returncode}; {code} was expected.")

    def tool(self, *argv):
        """One of Qubes' tools is run, and what it prints is shown."""
        print(f"\n$ {shlex.join(argv)}", flush=True)
        subprocess.run(argv, env=self.world.environ(), check=True)

    def counted(self, *arguments, **options):
        """How many Admin API calls ``qubesctl`` made, and how many of them wrote; shown too."""
        self.world.forget_calls()
        self.qubesctl(*arguments, **options)
        calls, writes = len(self.world.calls()), len(self.world.writes())
        print(f"-> {calls} Admin API calls, {writes} of them writing")
        return calls, writes


def show(text, lines):
    """The text, or its first ``lines`` and how many there are besides."""
    found = text.rstrip().splitlines()
    for line in found[:lines]:
        print(line)
    if lines is not None and len(found) > lines:
        print(f"  ... and {len(found) - lines} lines more")


def say(sentence):
    """A sentence stands between the commands."""
    print(f"\n# {sentence}", flush=True)


def first_apply(demo):
    """The fleet of pillar/ is checked, planned and made."""
    say("Salt loads the modules that were copied to dom0.")
    demo.qubesctl("saltutil.sync_all", lines=4)
    say("Is the fleet in pillar/ valid?")
    demo.qubesctl("tesseraqt.check")
    say("What would be done? Every step, with the command that does it:")
    demo.qubesctl("tesseraqt.plan", lines=LINES)
    say("Do it.")
    demo.counted(*APPLY)


def second_apply(demo):
    """What was made is looked at, and making it again changes nothing."""
    say("What is there now?")
    demo.tool("qvm-ls")
    demo.qubesctl("tesseraqt.status")
    demo.qubesctl("tesseraqt.wires")
    say("Do it again: nothing is left to do.")
    _, writes = demo.counted(*APPLY, "--state-verbose=False")
    if writes:
        sys.exit("The second apply should not have written anything.")


def mistakes(demo):
    """A wrong declaration is refused as a whole, before anything is asked or done."""
    say("With three mistakes in pillar, all are told at once, and nothing is done.")
    arguments = ("state.apply", "tesseraqt", f"pillar={MISTAKES}", "--log-level=quiet")
    calls, _ = demo.counted(*arguments, code=2)
    if calls:
        sys.exit("Nobody should have been asked anything about a wrong declaration.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tesseraqt-demo-") as temporary:
        here = Demo(Path(temporary))
        first_apply(here)
        second_apply(here)
        mistakes(here)
