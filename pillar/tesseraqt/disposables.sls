# SPDX-License-Identifier: MIT
# Where disposables come from, and one that has a name.
tesseraqt:
  qubes:
    nixos-dvm:
      label: red
      prefs:
        template_for_dispvms: true
        default_dispvm: nixos-dvm
      features:
        appmenus-dispvm: true

    disp-browser:
      class: DispVM
      template: nixos-dvm
      label: red
      features:
        internal: null
