"""What is done with ports: their rules kept in memory, notices published, reference data loaded."""

from service.ports.operations.notices import QuayNotFound, Wording, publish
from service.ports.operations.rulebook import Rulebook
from service.ports.operations.seeding import seed

__all__ = ["QuayNotFound", "Rulebook", "Wording", "publish", "seed"]
