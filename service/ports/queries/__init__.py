"""SQL of ports: the rules of places, the catalogue that is shown, draught notices, and the reference data."""

from service.ports.queries.places import Standing, rules_of, versions, versions_of_ports

__all__ = ["Standing", "rules_of", "versions", "versions_of_ports"]
