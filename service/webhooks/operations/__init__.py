"""Keeping webhook endpoints, and having delivered again what was delivered before."""
