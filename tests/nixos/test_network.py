# SPDX-License-Identifier: MIT
"""A container has a loopback of its own and nothing else, unless it is declared to have more."""

import re


def test_a_container_has_no_network_by_default(full):
    assert "PRIVATE_NETWORK=1" in full["confs"]["keys"]
    assert "COPY_RESOLV_CONF=1" not in full["confs"]["keys"]
    assert "DeviceAllow=" not in full["units"]["container@keys.service"]["text"]
    assert not re.search("HOST_ADDRESS=|LOCAL_ADDRESS=|HOST_PORT=", full["confs"]["keys"])


def test_a_container_may_have_the_network_of_the_qube(full):
    assert "PRIVATE_NETWORK=1" not in full["confs"]["postgres"]
