# SPDX-License-Identifier: MIT
# Who carries calls where nobody else is named, as a part of `users`: somebody who owns nothing.
{
  groups.tesseraqt = { };
  users.tesseraqt = {
    description = "Carries calls to APIs";
    group = "tesseraqt";
    isSystemUser = true;
  };
}
