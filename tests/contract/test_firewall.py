# SPDX-License-Identifier: MIT
"""Firewall rules: what is read back, in whose order of words, and what is refused."""

import pytest
import qubesadmin.exc
from qubesadmin.firewall import Rule

EMPTY_ANSWER = "Got empty response from qubesd. See journalctl in dom0 for details."
LATER = 4_000_000_000


@pytest.fixture
def send(work, look):
    """``send("action=drop", …)``: the rules as the Admin API is given them, line by line."""

    def sent(*rules):
        payload = "".join(f"{rule}\n" for rule in rules).encode()
        look(work).qubesd_call(work, "admin.vm.firewall.Set", None, payload)

    return sent


@pytest.fixture
def stored(work, look):
    """``stored()``: the lines the Admin API answers with."""
    return lambda: look(work).qubesd_call(work, "admin.vm.firewall.Get").decode().splitlines()


def test_a_new_qube_has_one_rule_that_accepts_everything(stored):
    assert stored() == ["action=accept"]


def test_what_no_rule_matches_is_dropped(work, look):
    assert str(look(work).firewall.policy) == "drop"


def test_all_rules_are_replaced_in_one_call(app, calls, work, stored):
    qube = app.domains[work]
    calls.clear()
    qube.firewall.rules = [Rule("action=drop proto=icmp"), Rule("action=accept")]
    assert calls == [("admin.vm.firewall.Set", work, None)]
    assert stored() == ["action=drop proto=icmp", "action=accept"]


def test_rules_are_read_once_and_kept_until_they_are_loaded_again(app, calls, send, work):
    firewall = app.domains[work].firewall
    calls.clear()
    assert [rule.rule for rule in firewall.rules] == ["action=accept"]
    send("action=drop")
    assert [rule.rule for rule in firewall.rules] == ["action=accept"]
    firewall.load_rules()
    assert [rule.rule for rule in firewall.rules] == ["action=drop"]
    assert calls == [("admin.vm.firewall.Get", work, None)] * 2


def test_rules_edited_in_place_are_saved_when_told(app, work, stored):
    firewall = app.domains[work].firewall
    firewall.rules.append(Rule("action=drop"))
    assert stored() == ["action=accept"]
    firewall.save_rules()
    assert stored() == ["action=accept", "action=drop"]


# qubesd and the client write the same rule with their words in different orders.
@pytest.mark.parametrize(
    ("given", "by_qubesd", "by_the_client"),
    [
        (
            "action=accept dsthost=1.2.3.4 proto=tcp dstports=443",
            "action=accept dst4=1.2.3.4/32 proto=tcp dstports=443-443",
            "action=accept proto=tcp dst4=1.2.3.4/32 dstports=443-443",
        ),
        (
            "proto=udp action=drop dst6=fd00::1 dstports=1-65535",
            "action=drop dst6=fd00::1/128 proto=udp dstports=1-65535",
            "action=drop proto=udp dst6=fd00::1/128 dstports=1-65535",
        ),
        (
            "action=accept specialtarget=dns proto=udp",
            "action=accept proto=udp specialtarget=dns",
            "action=accept proto=udp specialtarget=dns",
        ),
        (
            "action=accept proto=icmp icmptype=08",
            "action=accept proto=icmp icmptype=8",
            "action=accept proto=icmp icmptype=8",
        ),
        (
            f"action=accept dsthost=example.org expire={LATER} comment=a word or two",
            f"action=accept expire={LATER} dsthost=example.org comment=a word or two",
            f"action=accept dsthost=example.org expire={LATER} comment=a word or two",
        ),
        ("action=accept dst4=10.0.0.0/8", "action=accept dst4=10.0.0.0/8", None),
        ("action=accept dst4=10.1.2.3/8", "action=accept dst4=10.1.2.3/8", None),
        ("action=accept dst4=0.0.0.0/0", "action=accept dst4=0.0.0.0/0", "action=accept"),
        ("action=accept dst4=example.org", "action=accept dsthost=example.org", None),
        ("action=accept comment=", "action=accept", None),
    ],
)
def test_a_rule_has_one_canonical_form_for_each(
    send, stored, work, look, given, by_qubesd, by_the_client
):
    send(given)
    assert stored() == [by_qubesd]
    assert [rule.rule for rule in look(work).firewall.rules] == [by_the_client or by_qubesd]


def test_two_rules_are_equal_if_the_client_would_send_the_same():
    assert Rule("action=accept dsthost=1.2.3.4") == Rule("dst4=1.2.3.4/32 action=accept")
    assert Rule("action=accept dst6=::/0") == Rule("action=accept")
    assert Rule("action=accept") != Rule("action=drop")
    assert Rule("action=accept comment=one") != Rule("action=accept comment=two")


# Comparing with a string is always False, whatever the string.
def test_a_rule_never_equals_a_string():
    assert Rule("action=accept") != "action=accept"


@pytest.mark.parametrize(
    "rule",
    [
        "accept",
        "proto=tcp",
        "action=reject",
        "action=accept foo=bar",
        "action=accept action=drop",
        "action=accept  proto=tcp",
        "action=accept proto=esp",
        "action=accept dstports=53",
        "action=accept proto=icmp dstports=53",
        "action=accept proto=tcp icmptype=8",
        "action=accept proto=tcp dstports=65536",
        "action=accept proto=tcp dstports=5-1",
        "action=accept proto=tcp dstports=80,443",
        "action=accept dst4=1.2.3.4/33",
        "action=accept dsthost=Example.org",
        "action=accept dsthost=1.2.3.4 dst4=1.2.3.5",
        "action=accept specialtarget=other",
        "action=accept expire=tomorrow",
        "action=accept comment=a=b",
        "action=accept comment=what?",
        "comment=first action=accept",
        "",
    ],
)
def test_a_bad_rule_is_refused_without_a_reason_and_nothing_changes(send, stored, rule):
    with pytest.raises(qubesadmin.exc.QubesDaemonAccessError) as raised:
        send("action=drop", rule)
    assert str(raised.value) == EMPTY_ANSWER
    assert stored() == ["action=accept"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("proto=tcp", "missing action="),
        ("action=reject", "reject"),
        ("action=accept foo=bar", "Unknown rule elements: {'foo': 'bar'}"),
        ("action=accept dsthost=Example.org", "Invalid hostname"),
        ("action=accept dst4=1.2.3.4/33", "netmask for IPv4 must be <= 32"),
        ("action=accept dstports=53", "dstports valid only for 'tcp' and 'udp' protocols"),
        ("action=accept proto=tcp icmptype=8", "icmptype valid only for 'icmp' protocol"),
        ("action=accept proto=tcp dstports=5-1", "Invalid port range"),
        ("action=accept proto=tcp dstports=65537", "Ports out of range"),
    ],
)
def test_the_client_says_what_is_wrong_with_a_rule(rule, reason):
    with pytest.raises(ValueError) as raised:
        Rule(rule)
    assert str(raised.value) == reason


# Only qubesd refuses these, and says nothing.
@pytest.mark.parametrize(
    "rule",
    [
        "action=accept proto=tcp dstports=65536",
        "action=accept comment=a=b",
        "action=accept comment=?",
    ],
)
def test_the_client_lets_these_bad_rules_through(rule):
    assert Rule(rule).rule.startswith("action=accept")


# "Nothing is allowed" has to be written as one rule that drops.
@pytest.mark.since_4_4("4.3 accepts it, and drops everything")
def test_there_is_no_empty_list_of_rules(send, work, look):
    with pytest.raises(qubesadmin.exc.ProtocolError, match=r"^expected payload$"):
        send()
    qube = look(work)
    with pytest.raises(qubesadmin.exc.ProtocolError, match=r"^expected payload$"):
        qube.firewall.rules = []


def test_a_rule_that_has_expired_is_not_read_back(send, stored):
    send("action=accept expire=1", "action=drop")
    assert stored() == ["action=drop"]


def test_a_list_of_rules_may_be_long(send, stored):
    rules = [
        f"action=accept dst4=10.0.0.{n % 250}/32 proto=tcp dstports={n}-{n}" for n in range(900)
    ]
    send(*rules)
    assert stored() == rules


@pytest.mark.parametrize("name", ["nixos", "sys-net"])
def test_templates_and_unconnected_qubes_have_rules_too(look, name):
    look(name).qubesd_call(name, "admin.vm.firewall.Set", None, b"action=drop\n")
    assert [rule.rule for rule in look(name).firewall.rules] == ["action=drop"]


def test_the_rules_of_a_running_qube_can_be_changed(busy, look):
    look(busy).qubesd_call(busy, "admin.vm.firewall.Set", None, b"action=drop\n")
    assert [rule.rule for rule in look(busy).firewall.rules] == ["action=drop"]


@pytest.mark.since_4_4("4.3 answers nothing")
def test_dom0_has_no_firewall(look):
    with pytest.raises(qubesadmin.exc.ProtocolError):
        _ = look("dom0").firewall.rules


def test_the_tool_adds_at_the_end_and_resets_to_one_accepting_rule(tool, work, stored):
    added = ("add", "action=drop", "proto=icmp")
    assert tool("qvm_firewall", "--", work, *added) == (0, "", "")
    assert stored() == ["action=accept", "action=drop proto=icmp"]
    assert tool("qvm_firewall", "--", work, "reset") == (0, "", "")
    assert stored() == ["action=accept"]


def test_the_tool_prints_rules_as_the_client_writes_them(send, tool, work):
    send("action=accept dst4=1.2.3.4 proto=tcp dstports=443")
    assert tool("qvm_firewall", "--raw", "--", work, "list") == (
        0,
        "action=accept proto=tcp dst4=1.2.3.4/32 dstports=443-443\n",
        "",
    )


def test_the_tool_raises_for_a_bad_rule(tool, work):
    assert tool("qvm_firewall", "--", work, "add", "action=accept", "dstports=1") == (
        1,
        "",
        "ValueError: dstports valid only for 'tcp' and 'udp' protocols\n",
    )
