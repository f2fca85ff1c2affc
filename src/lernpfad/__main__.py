"""`python -m lernpfad` is the command `lernpfad`."""

import sys

from lernpfad.run.cli import main

if __name__ == "__main__":
    sys.exit(main())
