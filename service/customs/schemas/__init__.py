"""What customs systems send and ask, and what they are answered."""
