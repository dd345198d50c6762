"""What customs says of the goods: declarations, holds, releases; kept as it came, in whatever order, and matched."""
