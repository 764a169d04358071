#!/usr/bin/env python3
"""Holds one thread of a process still, as native code that hangs would, while all others run on.

usage: freeze-thread.py PID THREAD_NAME

SIGSTOP would stop the whole process; a tracer can stop one thread. Runs until it is killed or the process is gone.
"""
import ctypes
import os
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000


def main(pid: str, name: str) -> int:
    tasks = f"/proc/{pid}/task"
    found = [int(t) for t in os.listdir(tasks) if open(f"{tasks}/{t}/comm").read().strip() == name]
    if not found:
        print(f"process {pid} has no thread '{name}'", file=sys.stderr)
        return 1
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long] * 4
    libc.ptrace.restype = ctypes.c_long
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, found[0], 0, 0) != 0:
            print(os.strerror(ctypes.get_errno()), file=sys.stderr)
            return 1
    print(f"thread {found[0]} ({name}) of process {pid} stands still", flush=True)
    # Its tracer has to take note of its end, or the process stays a zombie.
    while True:
        try:
            _, status = os.waitpid(found[0], WALL)
        except ChildProcessError:
            return 0
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]) if len(sys.argv) == 3 else 2)
