"""The rota: which job of the worker ran last, when, and what it did."""
