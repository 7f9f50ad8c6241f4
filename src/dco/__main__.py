"""`python -m dco`."""

from dco.cli import main

if __name__ == "__main__":
    main()
