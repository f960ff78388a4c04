"""Become another program that ends when its parent does. Run as a script, with the standard library only.

    python -I -S launch.py SIGNAL PARENT USER PROGRAM [ARGUMENT...]

The kernel sends SIGNAL to the program when the process PARENT is gone, however it went; so nothing of
ours is left running after a kill -9. A fork hook (`preexec_fn`) would do the same, but is unsafe in a
process with threads. On systems other than Linux the program simply starts.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    death_signal, parent, user, *command = sys.argv[1:]
    if user:
        _become(user)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(
            PR_SET_PDEATHSIG, int(death_signal)
        )  # after the change of user,
        if os.getppid() != int(parent):  # which clears it; and the parent may be gone already
            sys.exit(1)
    os.execv(command[0], command)


def _become(user: str) -> None:
    import pwd

    account = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ["HOME"] = account.pw_dir
    os.chdir("/")  # ours may be closed to that account


if __name__ == "__main__":
    main()
