"""``python3 -m tools COMMAND``; the Makefile and tools/dev call it."""

from __future__ import annotations

import sys


def main(words: list[str]) -> int:
    """Do one command; the exit code is what it should be for the shell."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.stderr.write("salesops needs Python 3.11, 3.12 or 3.13; this is " + sys.version.split()[0] + ".\n")
        sys.stderr.write("What to do: make run PYTHON=/path/to/python3.11\n")
        return 1
    from tools import commands
    from tools.trouble import Trouble

    try:
        return commands.do(words)
    except Trouble as trouble:
        sys.stderr.write(f"\n{trouble}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno == 28:
            sys.stderr.write(f"\nThe disk is full: {error}\nWhat to do: free some space, then start again.\n")
            return 1
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
