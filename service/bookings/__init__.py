"""A booking's life: held, confirmed, cancelled, expired; any number of legs at one port, all or none."""
