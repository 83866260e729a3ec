"""`python -m antiphon`: the `antiphon` command, for where only a module can be named (torchrun)."""

from antiphon.cli.app import main

if __name__ == "__main__":
    main()
