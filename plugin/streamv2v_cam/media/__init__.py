"""Moving pictures from files and addresses as a person sees them: names, opening, times, turning, colours."""
