"""What runs inside the test machine: jobs that start the program as it was installed, and break its cameras."""
