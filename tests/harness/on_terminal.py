#!/usr/bin/env python3
"""Runs a program on a terminal of its own, as a person would.

on_terminal.py STEPS PROGRAM ARG...: STEPS is JSON, a list of ["expect", TEXT], ["type", TEXT], ["signal", NAME]
(sent to the program) and ["echo", "on" or "off"] (waits until the terminal shows what is typed, or does not).
Prints all that the terminal showed; the exit status is the program's, or 99 when what was expected did not come.
"""
import json
import os
import pty
import select
import signal
import sys
import termios
import time

PATIENCE = 60  # seconds for each step


def main():
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown, seen = b"", 0

    def read(deadline):
        nonlocal shown
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(terminal, 4096)
        except OSError:
            return False
        shown += data
        return data != b""

    def echoes():
        return "on" if termios.tcgetattr(terminal)[3] & termios.ECHO else "off"

    ok = True
    for kind, text in steps:
        if kind == "signal":
            os.kill(pid, signal.Signals[text])
            continue
        if kind == "echo":
            deadline = time.monotonic() + PATIENCE
            while echoes() != text and time.monotonic() < deadline:
                time.sleep(0.02)
            ok = echoes() == text
            if not ok:
                break
            continue
        if kind == "type":
            os.write(terminal, text.encode())
            continue
        deadline = time.monotonic() + PATIENCE
        while shown.find(text.encode(), seen) < 0 and ok:
            ok = read(deadline)
        if not ok:
            break
        seen = shown.find(text.encode(), seen) + len(text.encode())
    deadline = time.monotonic() + (PATIENCE if ok else 0)
    while read(deadline):
        pass
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if not ok:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) if ok else 99)


main()
