"""A real systemd of one person, started apart from that of the machine: what the installed service does there."""
