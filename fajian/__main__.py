"""`python -m fajian`: the command line, for processes that we start ourselves."""

from fajian.cli.main import run

if __name__ == "__main__":
    run()
