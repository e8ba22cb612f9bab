"""A live run imitated: what viewers see between styled pictures, against a clip of which every frame was styled."""
