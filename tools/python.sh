#!/bin/sh
# Prints the Python interpreter to build with: the first one from 3.11 to 3.13 that really starts.
# PYTHON=/path/to/python chooses one. Explains itself and fails where there is none.

good() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ -n "$PYTHON" ]; then
    if good "$PYTHON"; then
        printf '%s\n' "$PYTHON"
        exit 0
    fi
    found=$("$PYTHON" --version 2>&1) || found="it does not start"
    {
        echo "salesops needs Python 3.11, 3.12 or 3.13, but PYTHON=$PYTHON is not one ($found)."
        echo "What to do: unset PYTHON, or set it to a fitting interpreter: make run PYTHON=/usr/bin/python3.11"
    } >&2
    exit 1
fi

for name in python3.11 python3.12 python3.13 python3 python; do
    if good "$name"; then
        printf '%s\n' "$name"
        exit 0
    fi
done

{
    found=$(python3 --version 2>&1) || found="no python3 at all"
    echo "salesops needs Python 3.11, 3.12 or 3.13; found here: $found."
    echo "What to do:"
    echo "  Debian, Ubuntu:  sudo apt install python3 python3-venv   (or python3.11 python3.11-venv)"
    echo "  Fedora:          sudo dnf install python3.11"
    echo "  macOS:           brew install python@3.11"
    echo "  elsewhere:       make run PYTHON=/path/to/python3.11"
} >&2
exit 1
