"""Networks that hold the picture to the camera's: what they are shown, how they are loaded, when they run."""
