"""Ports, terminals, quays, berths, free zones and warehouses, and the dated rules of those places."""
