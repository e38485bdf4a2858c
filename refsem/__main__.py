"""`python -m refsem` is the command `refsem`."""

from refsem.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
