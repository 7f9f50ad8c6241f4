"""The credcoin API: an HTTP ledger over the ledger and the search database."""

VERSION = "1.0.0"
