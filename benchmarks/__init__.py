"""What the service costs, as ratios to something that everybody has: pgbench, and a bare route of the same framework."""
