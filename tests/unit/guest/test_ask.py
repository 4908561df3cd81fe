# SPDX-License-Identifier: MIT
"""What hostile and broken qubes say never gets past the guest door, and costs little."""

import io
import os
import re
import sys
import time
from pathlib import Path

import pytest
from tesseraqt_lib.bounded.process import Bounds
from tesseraqt_lib.guest import ask

REPLY = 'echo number=42; echo "$tesseraqt_nonce" | sed s/^/done=/'
GRAMMAR = {"number": re.compile("[0-9]{1,3}"), "word": re.compile("[a-z]+")}
FORGED = "done=" + "0" * 32

#: A ``qvm-run`` whose qubes are the names after the dash; ``honest`` runs what it is told.
QVM_RUN = """#!/bin/bash
echo "$@" >> "$QVM_RUN_CALLS"
while [ "$1" != -- ]; do shift; done
qube=$2; shift 2
case $qube in
honest) exec "$@" ;;
mute) sleep 1000 ;;
drip) while sleep 0.1; do printf x; done ;;
flood) exec yes nonsense ;;
flood-log) exec yes nonsense >&2 ;;
endless-line) exec tr '\\0' x < /dev/zero >&2 ;;
nothing) exit 0 ;;
forged) printf 'number=1\\n%s\\n' FORGED ;;
dies) printf 'number='; kill -9 $$ ;;
deaf) exec < /dev/null; echo number=1; sleep 1000 ;;
holds) (sleep 1000) & exec "$@" ;;
closes) exec >&- 2>&-; sleep 1000 ;;
refuses) echo 'Request refused' >&2; exit 126 ;;
garbage) printf 'n\\xc3\\xbcmber=1\\n' ;;
colours)
  printf '\\033[31mred\\033[0m \\033]0;title\\007 back\\b\\b\\rover \\x9b1m \\xff\\n\\r\\n' >&2
  exec "$@" ;;
esac
""".replace("FORGED", FORGED)


@pytest.fixture(autouse=True)
def calls(tmp_path, monkeypatch):
    """The file in which the calls of the fake ``qvm-run``, first on PATH, are written down."""
    tool = tmp_path / "bin" / "qvm-run"
    tool.parent.mkdir()
    tool.write_text(QVM_RUN)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("QVM_RUN_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def script(text=REPLY, **bounds):
    return ask.Script(
        "try", text, GRAMMAR, Bounds(**{"total": 20.0, "idle": 10.0, "result": 4096, **bounds})
    )


def refused(qube, text=REPLY, **bounds):
    """Why the answer was refused; all that went with it is printable."""
    heard = []
    with pytest.raises(ask.NoAnswer) as caught:
        ask.ask(qube, script(text, **bounds), tell=heard.append)
    assert all(re.fullmatch(rf"{qube}: [\x20-\x7e]*", line) for line in heard)
    assert re.fullmatch(r"[\x20-\x7e\n]*", str(caught.value))
    return caught.value.why


def group_is_gone(calls):
    """No process of the fake qvm-run is left; who was killed is given a moment to end."""
    marker = f"QVM_RUN_CALLS={calls}".encode()
    end = time.monotonic() + 60
    while any(is_in(marker, process) for process in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_in(marker, process):
    try:
        return int(process.name) != os.getpid() and marker in (process / "environ").read_bytes()
    except OSError:
        return False


def test_an_answer_that_keeps_to_the_grammar_is_taken():
    assert ask.ask("honest", script()).values == {"number": "42"}


def test_the_command_is_one_that_qvm_run_takes_and_holds_no_script(calls):
    ask.ask("honest", script(), ("an-argument",))
    line = calls.read_text()
    assert " -u root -- honest /bin/sh -c PATH=" in line
    assert line.rstrip().endswith("an-argument")
    assert "number" not in line


@pytest.mark.parametrize("argument", ["", "-x", "a b", "$x", "a\n", "a;b", "x" * 300, "a'b"])
def test_what_a_shell_might_act_on_is_no_argument(argument, calls):
    with pytest.raises(ValueError, match="not fit"):
        ask.ask("honest", script(), (argument,))
    assert not calls.exists()


def test_arguments_reach_the_script():
    text = 'echo "word=$1$2"; echo "done=$tesseraqt_nonce"'
    assert ask.ask("honest", script(text), ("ab", "cd")).values == {"word": "abcd"}


def test_megabytes_go_in_while_megabytes_come_out():
    size = 5_000_000
    text = 'tee /dev/stderr | wc -c | sed s/^/number=/; echo "done=$tesseraqt_nonce"'
    wide = ask.Script("try", text, {"number": re.compile("[0-9]+")}, Bounds(60, 30))
    answer = ask.ask("honest", wide, data=io.BytesIO(b"0123456789abcde\n" * (size // 16)))
    assert answer.values == {"number": str(size)}


def test_a_source_can_be_a_file(tmp_path):
    (tmp_path / "tree").write_text("abc")
    with open(tmp_path / "tree", "rb") as source:
        text = 'read -r word; echo "word=$word"; echo "done=$tesseraqt_nonce"'
        assert ask.ask("honest", script(text), data=source).values == {"word": "abc"}


@pytest.mark.parametrize(
    ("qube", "why"),
    [
        ("nothing", "no answer; qvm-run ended with code 0"),
        ("forged", "its answer for done is not what can be answered there"),
        ("dies", "its answer is not made of whole lines of ASCII"),
        ("garbage", "its answer is not made of whole lines of ASCII"),
        ("flood", "its answer is longer than 4096 bytes"),
        ("refuses", "no answer; qvm-run ended with code 126"),
    ],
)
def test_who_does_not_answer_as_agreed_is_refused(qube, why, calls):
    assert refused(qube) == f"{qube}: try: {why}"
    assert group_is_gone(calls)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo number=1; echo number=2", "says number twice"),
        ("echo number=1; echo number=1", "says number twice"),
        ("echo other=1", "has a key that nobody asked for"),
        ("echo number=1x", "for number is not what can be answered there"),
        ("echo number=", "for number is not what can be answered there"),
        ("echo; echo number=1", "has a key that nobody asked for"),
        ("printf 'number=1\\r\\n'", "for number is not what can be answered there"),
        ("echo done=; echo number=1", "for done is not what can be answered there"),
        ("echo done=$tesseraqt_nonce", "says done twice"),
    ],
)
def test_one_wrong_line_spoils_the_whole_answer(text, why):
    assert refused("honest", f'{text}; echo "done=$tesseraqt_nonce"').endswith(f"its answer {why}")


def test_an_answer_without_its_end_is_none_whatever_the_exit_code():
    why = "its answer breaks off; qvm-run ended with code 0"
    assert refused("honest", "echo number=1; exit 0") == f"honest: try: {why}"


def test_an_answer_in_which_something_is_missing_is_none_unless_it_says_that_it_failed():
    wanted = ask.Script(
        "try",
        'echo "$1=yes"; echo "done=$tesseraqt_nonce"',
        {"number": re.compile("[0-9]"), "word": re.compile("yes"), "failed": re.compile("yes")},
        Bounds(20, 10),
        ("number",),
    )
    assert ask.ask("honest", wanted, ("failed",)).values == {"failed": "yes"}
    with pytest.raises(ask.NoAnswer, match="does not say number"):
        ask.ask("honest", wanted, ("word",))


def test_the_word_of_another_call_proves_nothing(tmp_path):
    keep = f'echo "$tesseraqt_nonce" > {tmp_path}/word; echo "done=$tesseraqt_nonce"'
    ask.ask("honest", script(keep))
    assert "for done is not" in refused("honest", f"echo number=1; sed s/^/done=/ {tmp_path}/word")


@pytest.mark.parametrize(
    ("qube", "bounds", "why"),
    [
        ("mute", {"idle": 0.5}, "not a word for 0.5 s"),
        ("drip", {"total": 1.5, "idle": 60.0}, "not done after 1.5 s"),
        ("deaf", {"idle": 0.5}, "not a word for 0.5 s"),
        ("closes", {"idle": 0.5}, "not a word for 0.5 s"),
    ],
)
def test_who_takes_too_long_is_gone_with_all_its_children(qube, bounds, why, calls):
    began = time.monotonic()
    assert refused(qube, **bounds) == f"{qube}: try: {why}"
    assert time.monotonic() - began < 100
    assert group_is_gone(calls)


def test_who_ends_is_not_waited_for_because_of_its_children(calls):
    began = time.monotonic()
    assert ask.ask("holds", script()).values == {"number": "42"}
    assert time.monotonic() - began < 100
    assert group_is_gone(calls)


def peak():
    """The most memory that this process had at once since ``clear_refs``, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*([0-9]+) kB", status)[1])


@pytest.mark.parametrize("qube", ["flood-log", "endless-line"])
def test_a_flood_costs_neither_memory_nor_time(qube, calls):
    ask.ask("honest", script())
    Path("/proc/self/clear_refs").write_text("5")
    before, began = peak(), time.process_time()
    with pytest.raises(ask.NoAnswer, match="its log is longer than 16777216 bytes"):
        ask.ask(qube, script(total=600.0, idle=60.0))
    assert time.process_time() - began < 15
    assert peak() - before < 4 * 1024
    assert group_is_gone(calls)


def test_what_is_told_is_printable_and_says_who_said_it():
    heard = []
    answer = ask.ask("colours", script(), tell=heard.append)
    assert heard == ["colours: red _]0;title_ back___over _1m _", "colours: "]
    assert answer.lines == tuple(heard)


def test_a_long_line_is_cut_and_only_the_last_lines_are_kept():
    text = f"""for i in 1 2 3; do head -c 5000 /dev/zero | tr '\\0' x >&2; done
    echo >&2; seq 50 >&2; {REPLY}"""
    heard = []
    answer = ask.ask("honest", script(text), tell=heard.append)
    assert heard[0] == f"honest: {'x' * 1000} (cut)"
    assert len(heard) == 51
    assert answer.lines == tuple(heard[-20:])


def test_without_qvm_run_nothing_is_said(monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable) + "/nosuch")
    assert refused("honest") == "honest: try: qvm-run: No such file or directory"
