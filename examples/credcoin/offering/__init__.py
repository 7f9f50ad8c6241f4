"""The daily credcoin offering: clears what is due, audits the ledger, closes the day and opens the next."""
