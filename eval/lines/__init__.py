"""Line completion, measured on the lines that a repository's later commits add."""
