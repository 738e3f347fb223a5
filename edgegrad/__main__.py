"""Run the `edgegrad` command as ``python -m edgegrad``."""

from edgegrad.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
