"""The ledger of claims and floors, the guarded path into it, and the search for free slots."""
