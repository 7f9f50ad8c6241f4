"""The credcoin ledger: what the API and the nightly offering both know about the two databases."""
