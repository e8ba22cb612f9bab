"""How many sessions a device carries, and what a fleet of so many costs."""
