# SPDX-License-Identifier: MIT
# The root's own configuration, as it is, and ours on top of it.
{
  imports = [
    /etc/nixos/configuration.nix
    ./nixos
  ];
}
