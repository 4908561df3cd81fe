# SPDX-License-Identifier: MIT
# What a text of system.json may look like, where it means something to others. dom0 has
# refused everything else already.
{
  word = "[a-z]([a-z0-9-]{0,30}[a-z0-9])?";
  user = "[a-z_][a-z0-9_-]{0,30}";
  path = "(/[A-Za-z0-9._-]+)+";
  mode = "0[0-7]{3}";
  package = "[A-Za-z_][A-Za-z0-9_'+-]*([.][A-Za-z0-9_'+-]+)*";
  icon = "[A-Za-z0-9][A-Za-z0-9_.+-]*";
  module = "modules/[0-9a-f]+-[A-Za-z0-9._-]+[.]nix";
  line = "[ -~]{1,200}";
  url = "https://[A-Za-z0-9._~:/?=&%+@-]+";
  sri = "sha256-[A-Za-z0-9+/]{43}=";
}
