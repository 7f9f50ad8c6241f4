"""`python -m dco_sandbox` is `dco-sandbox`."""

from dco_sandbox.cli import main

if __name__ == "__main__":
    main()
