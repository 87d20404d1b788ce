"""Ends what is left in a folder when whoever started it is killed before it can clean up.

A guard is a small shell that waits for the end of its standard input: a pipe that nobody but its maker holds. When
the maker has ended, however it ended, the guard ends the servers whose process ids are in the folder and removes it.
"""

import subprocess

# Process ids: the first line of */postmaster.pid (PostgreSQL) and of pid (pgshunt), if the process still has the
# folder in its command line.
SCRIPT = """
cat >/dev/null
pids=
for file in "$0"/*/postmaster.pid "$0"/pid; do
	[ -r "$file" ] || continue
	read -r pid <"$file"
	tr '\\0' '\\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$0/" && pids="$pids $pid"
done
for signal in CONT INT QUIT KILL; do
	for pid in $pids; do kill -$signal "$pid" 2>/dev/null; done
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		left=
		for pid in $pids; do [ -e "/proc/$pid/exe" ] && left=1; done
		[ -n "$left" ] && [ $signal != CONT ] || break
		sleep 0.3
	done
done
case $0 in /tmp/pgs.*) rm -rf "$0" ;; esac
"""


class Guard:
    """Watches over a folder until dismiss()."""

    def __init__(self, folder):
        self.process = subprocess.Popen(["/bin/sh", "-c", SCRIPT, folder], stdin=subprocess.PIPE, cwd="/",
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def dismiss(self):
        """Ends the guard; it does nothing more."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
