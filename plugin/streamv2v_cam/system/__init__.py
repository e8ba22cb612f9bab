"""What the program needs of the machine: log, text files, access token, OpenCV, V4L2 nodes, the order to stop."""
