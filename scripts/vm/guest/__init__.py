"""What runs inside the test machine: our host process, the stand-in for the engine, and a foreign reader."""
