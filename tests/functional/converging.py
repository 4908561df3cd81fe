# SPDX-License-Identifier: MIT
"""One apply does what was told before, and the next does nothing."""


def converges(minion, world, fleet):
    """One apply does what a test run and the plan told before, and a second one does nothing."""
    foretold = minion.apply(world, fleet, test=True)
    planned = minion.call(world, fleet, "tesseraqt.plan")
    done = minion.apply(world, fleet)
    assert done.failed() == {}
    assert foretold.changed() == done.changed()
    commands = {id_: [one["argv"] for one in said["steps"]] for id_, said in planned.items()}
    assert commands == done.argvs()
    again = minion.apply(world, fleet)
    assert (again.writes, again.changed(), again.failed()) == ([], {}, {})
    return done


def commands(run):
    """What was halted, set and started, in order."""
    return [f"{one.argv[0].removeprefix('qvm-')} {one.argv[-1]}" for one in run.ran]
