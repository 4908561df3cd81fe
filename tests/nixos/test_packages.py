# SPDX-License-Identifier: MIT
"""A package that is not there is told with whoever names it."""

import re

from nix_evaluation import refusal


def test_a_package_that_is_not_there_is_told_with_the_nearest_names(nix, nixpkgs, plant):
    said = refusal(nix, nixpkgs, plant, {"packages": ["helo"]}, "guests.web.toplevel")
    assert "tesseraqt.containers.web.packages: helo: nixpkgs" in said
    assert re.search("has no helo; did you mean .*hello", said)
    said = refusal(
        nix, nixpkgs, plant, {"packages": ["python3Packages.requets"]}, "guests.web.toplevel"
    )
    assert "python3Packages has no requets; did you mean requests" in said
    said = refusal(nix, nixpkgs, plant, {"packages": ["python3Packages"]}, "guests.web.toplevel")
    assert "web.packages: python3Packages: is no package, but a set of them" in said
    said = refusal(nix, nixpkgs, plant, {"packages": ["hello.requests"]}, "guests.web.toplevel")
    assert "web.packages: hello.requests: hello is no set of packages" in said
