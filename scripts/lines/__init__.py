"""Lines between a host and its engine server, emulated packet by packet, and what a show over them comes to."""
