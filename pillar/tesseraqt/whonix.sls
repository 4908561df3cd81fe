# SPDX-License-Identifier: MIT
# Whonix stays what it is. sys-whonix and its gateway template are not declared, so nothing of
# them is ever changed; a workstation may be declared like any qube, and never gets NixOS.
tesseraqt:
  templates:
    whonix-workstation-18:
      os: whonix
  qubes:
    anon-reader:
      template: whonix-workstation-18
      label: orange
      prefs:
        netvm: sys-whonix
        default_dispvm: whonix-workstation-18-dvm
      tags: [anon-vm]
